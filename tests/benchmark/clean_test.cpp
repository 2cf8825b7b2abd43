#include <gtest/gtest.h>

#include <hones/benchmark/clean.hpp>

namespace hones::benchmark {
namespace {

TEST(Entities, AreDecoded) {
  EXPECT_EQ(decode_entities("C&amp;C &lt;b&gt; &quot;x&quot; &apos;"), "C&C <b> \"x\" '");
  EXPECT_EQ(decode_entities("&eacute;&Eacute;&euro;&thetasym;"), "\xC3\xA9\xC3\x89\xE2\x82\xAC\xCF\x91");
  EXPECT_EQ(decode_entities("&#39;&#x27;&#X27;&#128512;"), "'''\xF0\x9F\x98\x80");
  EXPECT_EQ(decode_entities("&amp;lt;"), "&lt;");                        // once, not until nothing is left
  EXPECT_EQ(decode_entities("&aacute;&zwnj;"), "\xC3\xA1\xE2\x80\x8C");  // first and last of the table
}

TEST(Entities, WhatIsNoneStays) {
  for (const char* text :
       {"AT&T", "&", "&;", "&amp", "&nosuch;", "&#;", "&#x;", "&#0;", "&#xD800;", "&#x110000;", "&#12a;",
        "&#99999999999;", "& amp;", "x &looooooooooooong; y", "&Amp;"}) {
    EXPECT_EQ(decode_entities(text), text);
  }
}

TEST(CleanText, DecodesCollapsesAndTrims) {
  EXPECT_EQ(clean_text("  C&amp;C \n  two\twords&nbsp; "), "C&C two words");
  EXPECT_EQ(clean_text(" \n "), "");
  EXPECT_EQ(clean_text("&nbsp;"), "");
  EXPECT_EQ(clean_text("Case Kept"), "Case Kept");
}

TEST(FoldCaption, KeepsLettersDigitsAndBlanks) {
  EXPECT_EQ(fold_caption("A dog, by a T-shirt (No. 5)!"), "a dog by a tshirt no 5");
  EXPECT_EQ(fold_caption("a bus by a tree "), fold_caption("A  bus by a tree."));
  EXPECT_EQ(fold_caption("\xC3\x89t\xC3\xA9 \xE2\x80\x94 7"), "\xC3\xA9t\xC3\xA9 7");
  EXPECT_EQ(fold_caption(" ... "), "");
}

}  // namespace
}  // namespace hones::benchmark
