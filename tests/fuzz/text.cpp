// A text, NUL, a tokenizer.json: the text through that tokenizer, or where there is none through two that are
// known to be good; and through the normalisers of answers and captions.
#include <hones/base/file.hpp>
#include <hones/metric/metric.hpp>
#include <hones/text/tokenizer.hpp>

#include "support.hpp"

namespace {

using hones::text::Tokenizer;

void through(const Tokenizer& tokenizer, const std::string& text) {
  hones::fuzz::accepted([&] {
    const std::vector<std::int64_t> ids = tokenizer.encode(text);
    for (const std::int64_t id : ids) {
      if (id < 0 || id >= static_cast<std::int64_t>(tokenizer.vocabulary_size()))
        hones::fuzz::defect("an id beyond the vocabulary");
    }
    tokenizer.decode(ids);
    tokenizer.decode(ids, false);
    hones::fuzz::read_whole(true);
  });
}

// An edit distance grows with the square of the length: longer ones would be most of the time.
constexpr std::size_t kLongestDistance = 256;

Tokenizer known(const char* name) {
  return Tokenizer::from_file(std::filesystem::path(HONES_TEST_DATA) / "tokenizer" / name);
}

void normalise(const std::string& text) {
  hones::fuzz::accepted([&] {
    const double itself = hones::metric::vqa_accuracy(text, std::vector<std::string>(10, text));
    if (itself != 0 && itself != 1) hones::fuzz::defect("an answer is partly its own");
    if (text.size() <= kLongestDistance)
      hones::metric::anls(text, std::vector<std::string>{text, "some other"});
    hones::metric::ptb_tokenize(text);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const hones::fuzz::Folder folder;
  static const Tokenizer llama = known("llama.json"), odd = known("odd.json");
  const auto parts = hones::fuzz::parts_of(data, size, 2);
  normalise(parts[0]);
  if (parts[1].empty()) {
    through(llama, parts[0]);
    through(odd, parts[0]);
    return 0;
  }
  const auto file = folder.write("tokenizer.json", parts[1]);
  hones::fuzz::accepted([&] { through(Tokenizer::from_file(file), parts[0]); });
  return 0;
}
