// Which images enter the benchmark, with which instance of every task, and in which split
// (docs/benchmark.md 2.2-2.4).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <hones/benchmark/official.hpp>
#include <hones/benchmark/records.hpp>

namespace hones::benchmark {

// Which of several instances stands for an image: the smallest id, or the smallest key.
enum class Policy { first, seeded };
const char* name(Policy policy);

// Further tests of a legible word (docs/benchmark.md 2.2); the defaults let everything pass.
struct Filters {
  double min_box_side = 0;           // px, of the box clipped to the picture
  std::int64_t min_text_length = 0;  // code points of the clean text
  bool english_only = false;         // `language` is "english"
};

struct Sources {
  std::map<std::int64_t, CaptionedImage> images;
  std::map<std::int64_t, std::vector<TextInstance>> scene_text;
  std::map<std::int64_t, std::vector<AnnotatedQuestion>> questions;
};

struct Candidates {
  std::map<std::int64_t, Record> records;        // by image id; `split` still empty
  std::map<std::int64_t, std::string> rejected;  // image id -> the first test that failed
};
// Every image of the captions file is in one of the two.
Candidates choose_candidates(const Sources& sources, std::uint64_t seed, Policy vqa = Policy::first,
                             Policy ocr = Policy::seeded, const Filters& filters = {});

// Takes the first `total` images by key `image`, then cuts them by key `split`. Lines are in split order.
// Throws DataError when there are too few. The sum of the sizes must fit.
std::map<std::string, std::vector<Record>> cut_splits(const Candidates& candidates, std::int64_t discovery,
                                                      std::int64_t dev, std::int64_t test,
                                                      std::uint64_t seed);

}  // namespace hones::benchmark
