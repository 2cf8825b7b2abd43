#include "bpe.hpp"

#include <array>
#include <cstdio>
#include <queue>

#include <hones/base/utf8.hpp>

#include "pipeline.hpp"

namespace hones::text {

namespace {

// A symbol of the word being merged: a linked list in an array. id < 0: merged into its left neighbour.
struct Symbol {
  std::int32_t id;
  std::int32_t previous;
  std::int32_t next;
};

struct Candidate {
  std::int32_t rank;
  std::int32_t position;
  std::int32_t result;
  // For a priority queue whose top is the lowest rank, leftmost first.
  bool operator<(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : position > other.position;
  }
};

// Characters as symbols; those that the vocabulary lacks as bytes or as the unknown token.
std::vector<Symbol> symbols_of(const Bpe& bpe, std::string_view word) {
  std::vector<Symbol> symbols;
  const auto add = [&](std::int32_t id) { symbols.push_back({id, 0, 0}); };
  bool pending_unknown = false;
  const auto end_unknown = [&] {
    if (pending_unknown) add(*bpe.unknown);
    pending_unknown = false;
  };
  for (std::size_t at = 0, length = 0; at < word.size(); at += length) {
    length = character_at(word, at);
    const std::string_view character = word.substr(at, length);
    if (const auto found = bpe.vocabulary.find(character); found != bpe.vocabulary.end()) {
      end_unknown();
      add(found->second);
      continue;
    }
    if (bpe.byte_fallback) {
      std::vector<std::int32_t> bytes;
      for (const char byte : character) {
        std::array<char, 8> name{};
        std::snprintf(name.data(), name.size(), "<0x%02X>",
                      static_cast<unsigned>(static_cast<unsigned char>(byte)));
        if (const auto found = bpe.vocabulary.find(name.data()); found != bpe.vocabulary.end())
          bytes.push_back(found->second);
      }
      // As in the library, an unknown token that is still pending comes out after these bytes.
      if (bytes.size() == length) {
        for (const std::int32_t id : bytes) add(id);
        continue;
      }
    }
    if (bpe.unknown) {
      if (!bpe.fuse_unknown) end_unknown();
      pending_unknown = true;
    }
  }
  end_unknown();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    symbols[i].previous = static_cast<std::int32_t>(i) - 1;
    symbols[i].next = i + 1 < symbols.size() ? static_cast<std::int32_t>(i) + 1 : -1;
  }
  return symbols;
}

}  // namespace

void Bpe::encode(std::string_view word, std::vector<std::int64_t>& ids) const {
  if (ignore_merges) {
    if (const auto found = vocabulary.find(word); found != vocabulary.end()) {
      ids.push_back(found->second);
      return;
    }
  }
  std::vector<Symbol> symbols = symbols_of(*this, word);
  const auto at = [&](std::int32_t position) -> Symbol& {
    return symbols[static_cast<std::size_t>(position)];
  };
  std::priority_queue<Candidate> queue;
  const auto propose = [&](std::int32_t position) {
    if (position < 0 || at(position).next < 0) return;
    const auto merge = merges.find(pair(at(position).id, at(at(position).next).id));
    if (merge != merges.end()) queue.push({merge->second.rank, position, merge->second.result});
  };
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(symbols.size()); ++i) propose(i);
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Symbol& left = at(top.position);
    if (left.id < 0 || left.next < 0) continue;
    Symbol& right = at(left.next);
    // Stale entries are told by their result, not by their pair: another pair with the same result is merged
    // here and now, as in the library.
    const auto merge = merges.find(pair(left.id, right.id));
    if (merge == merges.end() || merge->second.result != top.result) continue;
    left.id = top.result;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) at(left.next).previous = top.position;
    propose(left.previous);
    propose(top.position);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.id >= 0) ids.push_back(symbol.id);
  }
}

}  // namespace hones::text
