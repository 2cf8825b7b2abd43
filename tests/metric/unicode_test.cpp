#include <gtest/gtest.h>

#include <hones/metric/unicode.hpp>

namespace hones::metric {
namespace {

using Words = std::vector<std::string>;

TEST(Unicode, CodePointsGoThereAndBack) {
  const std::string text = "a\xC3\x9F\xE2\x80\xA8\xF0\x9F\x98\x80";
  EXPECT_EQ(code_points(text), U"a\u00DF\u2028\U0001F600");
  EXPECT_EQ(utf8(code_points(text)), text);
}

TEST(Unicode, IllFormedBytesAreReplaced) {
  EXPECT_EQ(code_points("a\xFF"
                        "b"),
            U"a\uFFFDb");
  EXPECT_EQ(code_points("\xE2\x80"), U"\uFFFD");
  EXPECT_EQ(utf8(std::u32string(1, static_cast<char32_t>(0xD800))), "\xEF\xBF\xBD");
  EXPECT_EQ(utf8(std::u32string(1, static_cast<char32_t>(0x110000))), "\xEF\xBF\xBD");
}

TEST(Unicode, CaseIsFull) {
  EXPECT_EQ(lower("AZ[\xC3\x89"), "az[\xC3\xA9");
  EXPECT_EQ(lower("AZ[@z"), "az[@z");
  EXPECT_EQ(lower("\xCE\xA3\xCE\xA3"), "\xCF\x83\xCF\x82");  // the final sigma
  EXPECT_EQ(upper("stra\xC3\x9F"
                  "e"),
            "STRASSE");
}

TEST(Unicode, WhiteSpaceIsUnicodes) {
  EXPECT_EQ(split("\xC2\xA0"
                  "a\xE3\x80\x80"
                  "b\x1F"
                  "c\n"),
            (Words{"a", "b", "c"}));
  EXPECT_EQ(split("a\xE2\x80\x8B"
                  "b"),
            (Words{"a\xE2\x80\x8B"
                   "b"}));  // a zero-width space is none
  EXPECT_EQ(split(" \t"), Words{});
  EXPECT_EQ(trim("\xC2\xA0 a  b \xE2\x80\xA9"), "a  b");
  EXPECT_EQ(trim(" "), "");
  EXPECT_EQ(collapse("  a \n b\tc "), "a b c");
}

TEST(Unicode, LettersAndDigits) {
  for (const char32_t c : {U'a', U'7', U'\u00E9', U'\u4E2D', U'\u0664'}) EXPECT_TRUE(is_letter_or_digit(c));
  for (const char32_t c : {U' ', U'-', U'_', U'\u20AC'}) EXPECT_FALSE(is_letter_or_digit(c));
}

}  // namespace
}  // namespace hones::metric
