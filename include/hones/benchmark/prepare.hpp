// Builds the unified benchmark from the official COCO captions, COCO-Text v2 and VQAv2 files
// (docs/benchmark.md section 2).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <hones/benchmark/candidates.hpp>

namespace hones::benchmark {

// What makes a caption a hard negative of a query (docs/benchmark.md 2.5).
struct NegativeOptions {
  std::filesystem::path embeddings;  // read_embeddings(); empty: TF-IDF of words
  // The query's vector is that of its picture, not of its positive caption; needs embeddings with images.
  bool by_image = false;
};

struct PrepareOptions {
  std::filesystem::path captions;     // captions_train2014.json
  std::filesystem::path scene_text;   // cocotext.v2.json
  std::filesystem::path questions;    // v2_OpenEnded_mscoco_train2014_questions.json
  std::filesystem::path annotations;  // v2_mscoco_train2014_annotations.json
  std::filesystem::path
      images;  // folder of pictures; recorded in the manifest relative to `out` where it can be
  std::filesystem::path out;
  std::int64_t discovery = 7000;  // the three are 0 or more, one of them is more
  std::int64_t dev = 2000;
  std::int64_t test = 3000;
  std::int64_t queries = -1;  // of discovery, at most its images; -1: floor(2 * discovery / 7)
  std::uint64_t seed = 3407;  // below 2^63
  Policy vqa_policy = Policy::first;
  Policy ocr_policy = Policy::seeded;
  Filters filters;
  NegativeOptions negatives;
  // Dev and test are cut as discovery is: two sevenths ask, the captions of the others are the pool. Without
  // it every image of theirs asks, with the captions of all other images.
  bool disjoint_pools = false;
  bool overwrite = false;
  std::function<void(const std::string&)> progress;
};

struct PrepareReport {
  std::int64_t candidates = 0;
  std::map<std::string, std::int64_t> rejected;  // reason -> images
  std::int64_t chosen = 0;
  std::int64_t missing_pictures = 0;  // of the chosen images; a run excludes their instances
};

// Fills the four paths from a folder that holds the official file names (COCO-Text v1 where there is no v2)
// (and `images/`, unless `images` is set). Throws DataError naming what is missing.
void find_sources(const std::filesystem::path& source, PrepareOptions& options);

// Writes {discovery,dev,test}.jsonl, retrieval/{...}.jsonl, manifest.json. Throws, before the files are read
// through, DataError for a file or folder that cannot be read and UsageError when `out` cannot be written or
// holds a benchmark and `overwrite` is not set; then DataError (too few images, malformed record: file,
// record, field; no vector of a caption; none of the pictures there).
PrepareReport prepare(const PrepareOptions& options);

}  // namespace hones::benchmark
