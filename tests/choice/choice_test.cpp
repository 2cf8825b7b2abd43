// Words and values of every enumeration are each other's.
#include <set>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/choice/choices.hpp>

namespace hones::choice {
namespace {

template <typename Choice>
class Choices : public testing::Test {};
using All = testing::Types<Operator, Form, NumberFormat, Device, Prompts, CaptionBleu, TargetJoin, NeuronMode,
                           HeadWeights>;
TYPED_TEST_SUITE(Choices, All);

TYPED_TEST(Choices, EveryValueHasOneWordOfItsOwn) {
  std::set<std::string> words;
  std::size_t value = 0;
  for (const auto& known : Words<TypeParam>::list) {
    EXPECT_EQ(static_cast<std::size_t>(known.choice), value++);  // none is left out, in order
    EXPECT_EQ(word(known.choice), known.word);
    EXPECT_EQ(find<TypeParam>(known.word), known.choice);
    EXPECT_EQ(from<TypeParam>(known.word, "here"), known.choice);
    words.insert(std::string(known.word));
  }
  EXPECT_EQ(words.size(), all_words<TypeParam>().size());
}

TEST(ChoiceWords, AnUnknownWordIsRefusedNamingTheKnownOnes) {
  EXPECT_FALSE(find<Operator>("median").has_value());
  EXPECT_FALSE(find<Operator>("").has_value());
  try {
    from<Operator>("median", "run.json: operator");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(),
                 "run.json: operator: 'median' is not known: expected one of mean, zero, gaussian, none");
  }
}

}  // namespace
}  // namespace hones::choice
