// The metrics by name, NAME:VARIANT of docs/outputs.md: one list for what `score` computes and what a task
// may name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hones/metric/ndcg.hpp>

namespace hones::metric {

// Integers that a metric keeps of every prediction beside its value: the value of predictions taken together
// follows from their sums, and from nothing less. Who carries, adds and stores them need not know what they
// count.
struct Counts {
  std::string_view dataset;  // what files call them
  std::size_t size = 0;      // so many of a prediction, each below 65535
  // The value of predictions together: the metric's name, its key in files (behind "plain_"), its name for
  // people.
  std::string_view metric, key, title;
  std::vector<std::int64_t> (*of)(std::string_view prediction,
                                  std::span<const std::string> references) = nullptr;
  double (*value)(std::span<const std::int64_t> sums) = nullptr;
};

struct Named {
  // What a prediction is held against: annotators' answers, texts, captions (BLEU-4), or relevance of scored
  // candidates (NDCG@5).
  enum class Compares { answers, texts, captions, ranking };

  std::string_view name;
  Compares compares = Compares::answers;
  // Value of one prediction, in 0..1; null for captions and rankings. NaN: see anls().
  double (*value)(std::string_view prediction, std::span<const std::string> references) = nullptr;
  std::size_t references = 0;           // exactly so many; 0: any number from 1 on
  bool empty_references = true;         // may be empty texts
  TieRule ties = TieRule::tie_average;  // rankings
  // Captions: of the whole set instead of the mean over instances; tokenised as lines of one text, where each
  // depends on its neighbours.
  bool corpus = false, lines = false;
  // Captions: what the value of one prediction and of many follows from; null elsewhere.
  const Counts* counts = nullptr;

  // A task needs a value of every instance by itself.
  bool of_one_instance() const { return !corpus && !lines; }
};

std::span<const Named> named_metrics();
// Null when there is none of that name.
const Named* find_named(std::string_view name);
// What the metric of that name counts; null where it counts nothing, or there is none of that name.
const Counts* counts_of(std::string_view name);

}  // namespace hones::metric
