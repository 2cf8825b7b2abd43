#define PCRE2_CODE_UNIT_WIDTH 8
#include "ptb_scanner.hpp"

#include <array>
#include <memory>
#include <vector>

#include <pcre2.h>

#include <hones/base/error.hpp>

namespace hones::metric {

namespace {

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;

Code compile(const std::string& pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                          PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &error, &offset, nullptr));
  HONES_ASSERT(code != nullptr,
               "PCRE2 error " + std::to_string(error) + " at " + std::to_string(offset) + " of " + pattern);
  return code;
}

// The unit that PCRE2 gives for a caseless pattern is of either case.
std::size_t lower_ascii(std::size_t byte) {
  return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

// A rule with its patterns compiled: alone, and with what must follow.
struct Compiled {
  const PtbRule* rule = nullptr;
  Code alone, with_after, after;
  std::array<bool, 256> begins{};  // with which byte a match can begin

  explicit Compiled(const PtbRule& of) : rule(&of), alone(compile("(?:" + of.pattern + ")")) {
    if (!of.after.empty()) {
      with_after = compile("(?:" + of.pattern + ")(?:" + of.after + ")");
      after = compile("(?:" + of.after + ")\\z");
    }
    const std::uint8_t* bits = nullptr;
    pcre2_pattern_info(alone.get(), PCRE2_INFO_FIRSTBITMAP, &bits);
    std::uint32_t kind = 0, unit = 0;
    pcre2_pattern_info(alone.get(), PCRE2_INFO_FIRSTCODETYPE, &kind);
    pcre2_pattern_info(alone.get(), PCRE2_INFO_FIRSTCODEUNIT, &unit);
    for (std::size_t byte = 0; byte < begins.size(); ++byte) {
      begins[byte] = bits != nullptr ? (bits[byte / 8] >> (byte % 8) & 1) != 0
                                     : kind != 1 || lower_ascii(byte) == lower_ascii(unit);
    }
  }
};

class Scanner {
 public:
  Scanner() : data_(pcre2_match_data_create(kEnds, nullptr)), work_(kWork) {
    for (const PtbRule& rule : ptb_rules()) rules_.emplace_back(rule);
  }

  PtbMatch match(std::string_view text, std::size_t at) {
    PtbMatch best;
    std::size_t longest = 0;
    for (const Compiled& compiled : rules_) {
      if (!compiled.begins[static_cast<unsigned char>(text[at])]) continue;
      const bool follows = compiled.after != nullptr;
      const std::size_t total = end(follows ? compiled.with_after : compiled.alone, text, at);
      if (total <= longest || (compiled.rule->last && !at_most_one_after(text, at + total))) continue;
      longest = total;
      best = {compiled.rule, follows ? without_after(compiled, text, at, total) : total};
    }
    HONES_ASSERT(best.rule != nullptr, "no rule matches at " + std::to_string(at));
    return best;
  }

 private:
  static constexpr std::uint32_t kEnds = 512;
  static constexpr std::size_t kWork = 100'000;

  // Length of the longest match at `at`; 0 without any. All lengths are in the match data, longest first.
  std::size_t end(const Code& code, std::string_view text, std::size_t at) {
    ends_ = pcre2_dfa_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                            PCRE2_NO_UTF_CHECK, data_.get(), nullptr, work_.data(), work_.size());
    if (ends_ == PCRE2_ERROR_NOMATCH) return 0;
    HONES_ASSERT(ends_ >= 0, "PCRE2 error " + std::to_string(ends_));
    return pcre2_get_ovector_pointer(data_.get())[1] - at;
  }

  // Of a match of `total` bytes, the longest part after which the rest is what must follow.
  std::size_t without_after(const Compiled& compiled, std::string_view text, std::size_t at,
                            std::size_t total) {
    end(compiled.alone, text, at);
    std::vector<std::size_t> lengths;
    const std::size_t found = ends_ == 0 ? kEnds : static_cast<std::size_t>(ends_);
    for (std::size_t i = 0; i < found; ++i)
      lengths.push_back(pcre2_get_ovector_pointer(data_.get())[2 * i + 1] - at);
    for (const std::size_t length : lengths) {
      if (length < total && end(compiled.after, text.substr(0, at + total), at + length) == total - length)
        return length;
    }
    throw InternalError("a match of " + compiled.rule->pattern + " cannot be cut");
  }

  static bool at_most_one_after(std::string_view text, std::size_t at) {
    for (std::size_t i = at + 1; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return false;
    }
    return true;
  }

  std::vector<Compiled> rules_;
  std::unique_ptr<pcre2_match_data, FreeData> data_;
  std::vector<int> work_;
  int ends_ = 0;
};

}  // namespace

PtbMatch ptb_match(std::string_view text, std::size_t at) {
  static thread_local Scanner scanner;
  return scanner.match(text, at);
}

}  // namespace hones::metric
