// Transfer sets in the record format of the unified benchmark: GQA, TextVQA and Flickr30k as the split `test`
// (docs/benchmark.md 1.4-1.6, 2.4).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include <hones/benchmark/prepare.hpp>

namespace hones::benchmark {

struct TransferOptions {
  std::string dataset;           // gqa, textvqa or flickr30k
  std::filesystem::path file;    // GQA: or a folder of chunks
  std::filesystem::path images;  // folder of pictures
  std::filesystem::path out;
  std::string split = "test";     // of a Flickr30k file that tells splits
  std::int64_t most_images = -1;  // the first by key `image`, with all their questions; -1: all
  std::uint64_t seed = 3407;      // below 2^63
  NegativeOptions negatives;      // Flickr30k
  bool overwrite = false;
  std::function<void(const std::string&)> progress;
};

// Writes test.jsonl, of Flickr30k also retrieval/test.jsonl, and manifest.json. Images stand in the order of
// key `split`, an image's questions by id. The report counts questions (Flickr30k: images); those whose
// picture cannot be read are rejected as `no_picture`. Throws like prepare().
PrepareReport prepare_transfer(const TransferOptions& options);

}  // namespace hones::benchmark
