// Readers of the transfer sets (docs/benchmark.md 1.4-1.6). Records come without a split, sorted by image and
// question; width and height are 0 where the file does not tell them. All throw DataError naming file, record
// and field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <hones/benchmark/records.hpp>

namespace hones::benchmark {

struct TransferFile {
  std::vector<std::filesystem::path> inputs;     // what was read
  std::vector<Record> records;                   // one a question; of Flickr30k one an image
  std::map<std::string, std::int64_t> rejected;  // reason -> questions or images
};

// A file of balanced questions, or a folder of such chunks. `question_type` is the structural type,
// `answer_type` "open" or "binary" as the official evaluator counts them. Rejected: not_balanced.
TransferFile read_gqa(const std::filesystem::path& path);

// TextVQA 0.5.1. The target is the most frequent answer, of equally frequent ones the first.
TransferFile read_textvqa(const std::filesystem::path& file);

// By the file's name: .json is Karpathy's, .csv the CSV form, anything else the token file, which has no
// splits and whose caption ids are line numbers from 0. Rejected: other_split, captions (fewer than five that
// are not empty).
TransferFile read_flickr30k(const std::filesystem::path& file, const std::string& split);

}  // namespace hones::benchmark
