// The metrics by name, NAME:VARIANT of docs/outputs.md: one list for what `score` computes and what a task
// may name.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <hones/metric/ndcg.hpp>

namespace hones::metric {

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

  // A task needs a value of every instance by itself.
  bool of_one_instance() const { return !corpus && !lines; }
};

std::span<const Named> named_metrics();
// Null when there is none of that name.
const Named* find_named(std::string_view name);

}  // namespace hones::metric
