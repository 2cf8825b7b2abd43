#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>
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

// A text as a variant compares it, and the length it counts.
struct Cleaned {
  std::u32string text;
  std::size_t length = 0;
};

std::u32string word_characters(std::string_view text) {
  std::u32string kept;
  for (const char32_t c : code_points(lower(text))) {
    if (is_word(c)) kept += c;
  }
  return kept;
}

Cleaned clean(std::string_view text, AnlsVariant variant) {
  if (variant == AnlsVariant::rrc)
    return {code_points(collapse(lower(text))), code_points(upper(text)).size()};
  std::u32string cleaned =
      variant == AnlsVariant::alnum_only ? word_characters(text) : code_points(lower(trim(text)));
  const std::size_t length = cleaned.size();
  return {std::move(cleaned), length};
}

// Of two texts without any length.
double both_empty(AnlsVariant variant) {
  switch (variant) {
    case AnlsVariant::rrc:
      return 1;
    case AnlsVariant::alnum_only:
    case AnlsVariant::mp_docvqa:
      return 0;
    case AnlsVariant::stvqa_m4c:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

double similarity(const Cleaned& said, const Cleaned& reference, AnlsVariant variant) {
  const std::size_t length = std::max(said.length, reference.length);
  if (length == 0) return both_empty(variant);
  return 1 - static_cast<double>(levenshtein(said.text, reference.text)) / static_cast<double>(length);
}

}  // namespace

double anls(std::string_view prediction, std::span<const std::string> references, AnlsVariant variant) {
  if (references.empty()) throw std::invalid_argument("anls: no references");
  const Cleaned said = clean(prediction, variant);
  if (variant == AnlsVariant::mp_docvqa && (said.text.empty() || said.text == U"none")) return 0;
  double best = 0;
  for (const std::string& reference : references) {
    const double value = similarity(said, clean(reference, variant), variant);
    if (std::isnan(value)) return value;
    best = std::max(best, value);
  }
  return best < kThreshold ? 0 : best;
}

}  // namespace hones::metric
