// docs/benchmark.md 3.4.
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/metric/metric.hpp>

#include "support/vectors.hpp"

namespace hones::metric {
namespace {

using Strings = std::vector<std::string>;

constexpr std::pair<AnlsVariant, const char*> kVariants[] = {
    {AnlsVariant::rrc, "rrc"},
    {AnlsVariant::stvqa_m4c, "stvqa_m4c"},
    {AnlsVariant::mp_docvqa, "mp_docvqa"},
    {AnlsVariant::alnum_only, "alnum_only"},
};

TEST(Anls, Vectors) {
  const auto file = test::vectors("anls");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    const Strings references = c["references"];
    for (const auto& [variant, name] : kVariants) {
      const double value = anls(c["prediction"].get<std::string>(), references, variant);
      const auto& expected = c["expected"][name];
      if (expected.is_null()) {
        EXPECT_TRUE(std::isnan(value)) << c["id"] << " " << name;
      } else {
        EXPECT_NEAR(value, expected.get<double>(), tolerance) << c["id"] << " " << name;
      }
    }
  }
  ASSERT_FALSE(file["aggregates"].empty());
  for (const auto& c : file["aggregates"]) {
    double sum = 0;
    for (const auto& item : c["items"]) {
      const Strings references = item["references"];
      sum += anls(item["prediction"].get<std::string>(), references);
    }
    EXPECT_NEAR(sum / static_cast<double>(c["items"].size()), c["expected"]["rrc_mean"].get<double>(),
                tolerance)
        << c["id"];
  }
}

TEST(Anls, WorkedExamples) {
  EXPECT_NEAR(anls("MERELL", Strings{"MERRELL"}), 6.0 / 7, 1e-12);
  EXPECT_EQ(anls("SP", Strings{"STOP"}), 0.5);  // the threshold itself is kept
  EXPECT_EQ(anls("STOPSTOPS", Strings{"STOP"}), 0);
  EXPECT_NEAR(anls("x         ", Strings{"xyz"}), 0.8, 1e-12);  // raw lengths
  EXPECT_EQ(anls("", Strings{""}), 1);
  EXPECT_EQ(anls("", Strings{"a"}), 0);
  EXPECT_NEAR(anls("\xC3\x9F", Strings{"s"}), 0.5, 1e-12);         // upper-case ß counts 2
  EXPECT_NEAR(anls("caf\xC3\xA9", Strings{"cafe"}), 0.75, 1e-12);  // code points, not bytes
}

TEST(Anls, VariantsDifferWhereTheySay) {
  const Strings text = {"a b"};
  EXPECT_EQ(anls("a  b", text, AnlsVariant::rrc), 1);
  EXPECT_EQ(anls("a  b", text, AnlsVariant::stvqa_m4c), 0.75);  // inner blanks count
  EXPECT_EQ(anls("a-b!", text, AnlsVariant::alnum_only), 1);
  EXPECT_EQ(anls("a_b", text, AnlsVariant::alnum_only), 1 - 1.0 / 3);  // an underscore is a word character
  EXPECT_EQ(anls(" None ", Strings{"none"}, AnlsVariant::mp_docvqa), 0);
  EXPECT_EQ(anls("none", Strings{"none"}, AnlsVariant::stvqa_m4c), 1);
  EXPECT_EQ(anls("", Strings{""}, AnlsVariant::mp_docvqa), 0);
  EXPECT_TRUE(std::isnan(anls(" ", Strings{"a", ""}, AnlsVariant::stvqa_m4c)));
  EXPECT_EQ(anls("\u00C9t\u00E9 \u00B2", Strings{"\u00E9T\u00C9\u00B2"}, AnlsVariant::alnum_only), 1);
}

TEST(Anls, IsBoundedSymmetricInItsReferencesAndBestOverThem) {
  const auto file = test::vectors("anls");
  SplitMix64 rng(3);
  for (const auto& c : file["cases"]) {
    const std::string prediction = c["prediction"];
    Strings references = c["references"];
    const double value = anls(prediction, references);
    EXPECT_TRUE(value == 0 || (value >= 0.5 && value <= 1)) << value;
    shuffle(std::span(references), rng);
    EXPECT_EQ(anls(prediction, references), value);
    double best = 0;
    for (const std::string& reference : references)
      best = std::max(best, anls(prediction, Strings{reference}));
    EXPECT_EQ(best, value);
    references.push_back(prediction);
    EXPECT_EQ(anls(prediction, references), 1);
  }
}

TEST(Anls, NeedsAReference) {
  EXPECT_THROW(anls("x", Strings{}), std::invalid_argument);
}

}  // namespace
}  // namespace hones::metric
