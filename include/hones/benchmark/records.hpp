// The unified benchmark as stored (docs/benchmark.md 2.4, 2.5): one JSON line an image, one JSON line a
// retrieval query.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <hones/image/image.hpp>

namespace hones::benchmark {

struct VqaItem {
  std::string question_id;  // decimal string
  std::string question;
  std::vector<std::string> answers;  // 10
  std::string target;                // multiple_choice_answer
  std::string question_type;
  std::string answer_type;
};

struct OcrItem {
  std::string ann_id;
  image::Box box{};
  std::string text;
};

struct Caption {
  std::int64_t id = 0;
  std::string text;
};

// One image of a split with everything the tasks need.
struct Record {
  std::string image_id;
  std::string file_name;
  // Of the picture's file when the benchmark was prepared, lower-case hex; empty: it was not there.
  std::string sha256;
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::string split;
  std::optional<VqaItem> vqa;
  std::optional<OcrItem> ocr;
  std::vector<Caption> captions;       // the five references
  std::vector<image::Box> text_boxes;  // all scene text, legible or not
  std::vector<image::Polygon>
      text_polygons;  // one a box, empty where none is known; none at all: no polygons
  std::string where;  // "FILE:LINE", for error messages
};

struct Candidate {
  std::int64_t caption_id = 0;
  std::string image_id;
  std::string text;
};

struct Query {
  std::string image_id;
  std::string file_name;              // filled from the split's records on load, like
  std::string sha256;                 // that of the picture
  std::int64_t positive = 0;          // caption id
  std::vector<Candidate> candidates;  // 50, in the order shown; exactly one has caption_id == positive
  std::string where;
};

struct Benchmark {
  std::filesystem::path folder;
  std::filesystem::path images;  // where pictures lie (manifest's `images`, resolved)
  // SHA-256 over the split's files and the manifest's seed; the lines hold the digests of their pictures, so
  // that it stands for the bytes of the pictures too.
  std::string digest;
  std::vector<Record> records;  // the split, in file order
  // retrieval/<split>.jsonl, in file order; empty where the manifest tells of no retrieval and there is no
  // file
  std::vector<Query> queries;
};

// Loads and validates a split ("discovery", "dev", "test"), and checks that all splits have their sizes and
// share no image. Pictures are not read: whoever reads one checks its digest. Throws DataError naming the
// missing file or folder, or file, line and field.
Benchmark load(const std::filesystem::path& folder, const std::string& split);

// Throws DataError naming both when `benchmark` is not the one of this digest, which `result` was made with.
void require_digest(const Benchmark& benchmark, const std::string& digest, const std::string& result);

std::string to_json_line(const Record& record);
std::string to_json_line(const Query& query);

}  // namespace hones::benchmark
