#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <hones/metric/anls.hpp>
#include <hones/metric/unicode.hpp>

namespace hones::metric {

namespace {

constexpr double kThreshold = 0.5;  // exactly this value is kept: no evaluator drops it

// Unit costs, over code points; one row of the table at a time.
std::size_t levenshtein(const std::u32string& a, const std::u32string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::u32string clean(std::string_view text) {
  return code_points(collapse(lower(text)));
}

std::size_t raw_length(std::string_view text) {
  return code_points(upper(text)).size();
}

}  // namespace

double anls(std::string_view prediction, std::span<const std::string> references) {
  if (references.empty()) throw std::invalid_argument("anls: no references");
  const std::u32string said = clean(prediction);
  const std::size_t said_length = raw_length(prediction);
  double nearest = 1;
  for (const std::string& reference : references) {
    const std::size_t length = std::max(said_length, raw_length(reference));
    const auto distance = static_cast<double>(levenshtein(said, clean(reference)));
    nearest = std::min(nearest, length == 0 ? 0.0 : distance / static_cast<double>(length));
  }
  const double similarity = 1 - nearest;
  return similarity < kThreshold ? 0 : similarity;
}

}  // namespace hones::metric
