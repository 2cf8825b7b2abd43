// The two files of `score`, joined by id.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hones::benchmark {

// Which fields the two files must have.
struct ScoreFields {
  const char* said = "prediction";    // a text, or "scores": numbers
  const char* wanted = "references";  // texts, or "relevance": integers of at least 0
};

struct ScoredPair {
  std::string id;
  std::string where;  // of the reference, FILE:LINE
  std::string prediction;
  std::vector<double> scores;
  std::vector<std::string> references;
  std::vector<int> relevance;
  std::string question_type, answer_type;  // may be empty
  std::string structural;
  bool balanced = true;
};

// In the order of the references. Throws DataError.
std::vector<ScoredPair> read_scored(const std::filesystem::path& predictions,
                                    const std::filesystem::path& references, const ScoreFields& fields);

}  // namespace hones::benchmark
