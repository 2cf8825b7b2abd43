// docs/benchmark.md 3.5, tokenizer.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/metric/metric.hpp>
#include <hones/metric/unicode.hpp>

#include "support/vectors.hpp"

namespace hones::metric {
namespace {

using Strings = std::vector<std::string>;

Strings raw_tokens(const std::string& caption) {
  return ptb_raw_tokens(std::span(&caption, 1)).front();
}

// The tokens of a line that the tokenizer printed, which puts blanks between them.
Strings printed_tokens(const std::string& line) {
  Strings tokens;
  std::istringstream in(line);
  for (std::string token; in >> token;) tokens.push_back(token);
  return tokens;
}

// What the tokenizer takes for a line's end and the evaluation's wrapper leaves in captions: it makes more
// lines of them than there are captions.
Strings lines_of(const Strings& captions) {
  Strings lines;
  for (const std::string& caption : captions) {
    std::u32string line;
    for (const char32_t c : code_points(caption)) {
      if (c == U'\r' || c == U'\v' || c == U'\f' || c == 0x85 || c == 0x2028 || c == 0x2029) {
        lines.push_back(utf8(line));
        line.clear();
      } else {
        line += c;
      }
    }
    lines.push_back(utf8(line));
  }
  return lines;
}

TEST(PtbTokenize, Vectors) {
  const auto file = test::vectors("ptb_tokenize");
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    const std::string caption = c["caption"];
    EXPECT_EQ(raw_tokens(caption), c["raw_tokens"].get<Strings>()) << c["id"] << " " << caption;
    EXPECT_EQ(ptb_tokenize(caption), join(c["tokens"].get<Strings>())) << c["id"];
  }
  ASSERT_FALSE(file["contexts"].empty());
  for (const auto& c : file["contexts"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const Strings captions = c["captions_one_per_line"];
    EXPECT_EQ(ptb_tokenize_lines(captions).size(), captions.size());
    const Strings as_read = lines_of(captions);
    const auto raw = ptb_raw_tokens(as_read);
    const Strings lines = ptb_tokenize_lines(as_read);
    ASSERT_EQ(lines.size(), c["tokens_per_line"].size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i], join(c["tokens_per_line"][i].get<Strings>()));
      EXPECT_EQ(raw[i], printed_tokens(c["output_lines"][i]));
    }
  }
}

TEST(BleuRaw, Vectors) {
  const auto file = test::vectors("bleu_raw");
  const double tolerance = file["tolerance_relative"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    Strings hypotheses, references;
    for (const auto& item : c["items"]) {
      hypotheses.push_back(item["hypothesis"]);
      for (const auto& reference : item["references"]) references.push_back(reference);
    }
    hypotheses = ptb_tokenize_lines(hypotheses);
    references = ptb_tokenize_lines(references);
    BleuCounts sum;
    auto next = references.begin();
    for (std::size_t i = 0; i < hypotheses.size(); ++i) {
      const Strings expected = c["tokenized"][i]["references"];
      const Strings own(next, next + static_cast<std::ptrdiff_t>(expected.size()));
      next += static_cast<std::ptrdiff_t>(expected.size());
      EXPECT_EQ(hypotheses[i], c["tokenized"][i]["hypothesis"].get<std::string>());
      EXPECT_EQ(own, expected);
      const BleuCounts counts = bleu_counts(hypotheses[i], own);
      const double sentence = c["expected"]["sentence_bleu4"][i];
      EXPECT_NEAR(bleu(counts)[3], sentence, tolerance * sentence);
      sum += counts;
    }
    EXPECT_EQ(sum.hypothesis_length, c["expected"]["hyp_len"].get<std::int64_t>());
    EXPECT_EQ(sum.reference_length, c["expected"]["ref_len"].get<std::int64_t>());
    for (std::size_t n = 0; n < 4; ++n) {
      const double corpus = c["expected"]["corpus_bleu"][n];
      EXPECT_NEAR(bleu(sum)[n], corpus, tolerance * corpus);
    }
  }
}

// Captions made of awkward pieces, with what the real tokenizer printed: as lines of one text, and alone.
TEST(PtbTokenize, EqualsTheTokenizerOnAwkwardCaptions) {
  std::ifstream in(HONES_TEST_DATA "/ptb/expected.json");
  const auto file = nlohmann::json::parse(in);
  Strings captions;
  for (const auto& pair : file["lines"]) captions.push_back(pair[0]);
  ASSERT_GT(captions.size(), 1000U);
  const auto tokens = ptb_raw_tokens(captions);
  for (std::size_t i = 0; i < captions.size(); ++i)
    EXPECT_EQ(tokens[i], printed_tokens(file["lines"][i][1])) << captions[i];
  ASSERT_FALSE(file["single"].empty());
  for (const auto& pair : file["single"]) EXPECT_EQ(raw_tokens(pair[0]), printed_tokens(pair[1])) << pair[0];
}

TEST(PtbTokenize, WorkedExamples) {
  EXPECT_EQ(ptb_tokenize("A man, parked.double -- can't (really) eat a sandwich/pizza."),
            "a man parked.double ca n't -lrb- really -rrb- eat a sandwich/pizza");
  EXPECT_EQ(ptb_tokenize("T-shirt at 5:30 p.m."), "t-shirt at 5:30 p.m.");
  EXPECT_EQ(ptb_tokenize(""), "");
  EXPECT_EQ(ptb_tokenize(" .,;"), "");
  EXPECT_EQ(ptb_tokenize("what?! no !!"), "what ?! no !!");  // only the lone marks are dropped
}

TEST(PtbTokenize, ALineEndInACaptionIsABlank) {
  for (const char* end : {"\n", "\r", "\r\n", "\v", "\f", "\u0085", "\u2028", "\u2029"}) {
    const Strings captions = {std::string("a dog") + end + "runs", "a cat"};
    EXPECT_EQ(ptb_tokenize_lines(captions), (Strings{"a dog runs", "a cat"}));
  }
}

TEST(PtbTokenize, LinesSeeTheNextCaption) {
  const Strings captions = {"It is vitamin A.", "The dog eats"};
  EXPECT_EQ(ptb_tokenize_lines(captions), (Strings{"it is vitamin a", "the dog eats"}));
  EXPECT_EQ(ptb_tokenize_lines(Strings{captions[0], "a dog"}).front(), "it is vitamin a.");
  EXPECT_EQ(ptb_tokenize(captions[0]), "it is vitamin a.");
}

TEST(PtbTokenize, DropsWhatNoRuleKnows) {
  EXPECT_EQ(ptb_tokenize("a \U0001F600 dog\U0001F600s"), "a dog s");
  EXPECT_EQ(ptb_tokenize("a\xFF"
                         "b"),
            "a b");  // ill-formed UTF-8
}

// Not of everything: US$ 5 stays, but us$ is cut.
TEST(PtbTokenize, IsIdempotentOnPlainCaptions) {
  const Strings words = {"a",   "man",  "riding", "t-shirt", "two", "double-decker",
                         "bus", "5:30", "and",    "red"};
  SplitMix64 rng(12);
  for (int round = 0; round < 300; ++round) {
    std::string caption = "dog";
    for (int i = 0; i < 6; ++i) caption += " " + words[rng.below(words.size())];
    caption += " park";
    EXPECT_EQ(ptb_tokenize(caption), caption);
    EXPECT_EQ(ptb_tokenize("The " + caption + ", sitting."), "the " + caption + " sitting");
  }
}

TEST(PtbTokenize, NoCaptionsNoLines) {
  EXPECT_TRUE(ptb_tokenize_lines({}).empty());
}

}  // namespace
}  // namespace hones::metric
