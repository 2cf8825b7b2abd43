// What computing came to, in numbers that add up: of a unit, a stage, a run.
#pragma once

#include <cstdint>

namespace hones::table {

// A counter is a member and its line in each(): messages, sums and the ledger take it from there.
struct Figures {
  std::int64_t cells = 0;
  double layer_positions = 0;         // computed, decoding included
  double decode_layer_positions = 0;  // of them, for rows whose answer changed: decoding and its checks
  double full_layer_positions = 0;    // of one full prefill per cell
  // Matrix products of the decoder (checkpoint::DecoderFlops, logits included), each needed one once: what is
  // padded, packed again or checked again does not count.
  double useful_flops = 0;
  std::int64_t decoded = 0;  // cells that left the plain answer and ran on by themselves (fast engine)

  // visit(name, member of each of `figures`...): those that the ledger keeps over all starts of a run, by the
  // names of its attributes.
  template <typename Visit, typename... F>
  static void each_kept(Visit visit, F&... figures) {
    visit("cells", figures.cells...);
    visit("layer_positions", figures.layer_positions...);
    visit("decode_layer_positions", figures.decode_layer_positions...);
    visit("full_layer_positions", figures.full_layer_positions...);
  }
  // All of them.
  template <typename Visit, typename... F>
  static void each(Visit visit, F&... figures) {
    each_kept(visit, figures...);
    visit("useful_flops", figures.useful_flops...);
    visit("decoded", figures.decoded...);
  }

  Figures& operator+=(const Figures& other) {
    each([](const char*, auto& sum, const auto& more) { sum += more; }, *this, other);
    return *this;
  }
  bool operator==(const Figures&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    each([&](const char*, auto& value) { archive& value; }, *this);
  }
};

}  // namespace hones::table
