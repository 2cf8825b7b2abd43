#include <algorithm>
#include <cmath>
#include <numbers>

#include <hones/base/error.hpp>
#include <hones/base/rng.hpp>
#include <hones/model/decoder.hpp>
#include <hones/model/edits.hpp>

namespace hones::model {

namespace {

// Those of an edit's heads that this shard holds: places in `edit.heads`, and indices into its own heads.
struct Held {
  std::vector<std::int64_t> places, local;
};

Held held_of(const HeadEdit& edit, const HeldHeads& heads) {
  Held held;
  for (std::size_t i = 0; i < edit.heads.size(); ++i) {
    const std::int64_t head = edit.heads[i];
    HONES_ASSERT(head >= 0 && head < heads.total,
                 "head " + std::to_string(head) + " of " + std::to_string(heads.total));
    if (!heads.range.holds(head)) continue;
    held.places.push_back(static_cast<std::int64_t>(i));
    held.local.push_back(head - heads.range.begin);
  }
  return held;
}

const HeadEdit* edit_of(const RowEdit& row, std::int64_t layer) {
  const auto found =
      std::find_if(row.heads.begin(), row.heads.end(), [&](const HeadEdit& e) { return e.layer == layer; });
  return found == row.heads.end() ? nullptr : &*found;
}

// The held heads' replacement in one row: [T, held, Dh] in z's dtype. `chosen` are their z, `others` float32
// [T, Dh] the sum over the layer's heads that are not replaced.
at::Tensor replacement(const at::Tensor& chosen, const HeadEdit& edit, const Held& held,
                       const at::Tensor& others, std::int64_t total_heads) {
  const auto n = static_cast<std::int64_t>(edit.heads.size());
  switch (edit.op) {
    case Operator::none:
      return chosen;
    case Operator::zero:
      return at::zeros_like(chosen);
    case Operator::gaussian:
      HONES_ASSERT(edit.noise.defined() && edit.noise.size(1) == chosen.size(0),
                   "gaussian edit without noise for its positions");
      return (chosen.to(at::kFloat) +
              edit.noise.index_select(0, index_tensor(held.places, edit.noise.device())).permute({1, 0, 2}))
          .to(chosen.scalar_type());
    case Operator::mean:
      break;
  }
  if (n == total_heads) return at::zeros_like(chosen);
  return (others / static_cast<double>(total_heads - n))
      .unsqueeze(1)
      .expand_as(chosen)
      .to(chosen.scalar_type());
}

// Over ALL heads of the layer, float32 [R, T, Dh], those replaced in a row (`chosen`; undefined: none) left
// out. Every shard must join, whichever heads of which rows it holds.
at::Tensor sum_of_others(const at::Tensor& z, const std::vector<at::Tensor>& chosen, const Shard& shard) {
  std::vector<at::Tensor> replaced;
  for (const at::Tensor& heads : chosen) {
    replaced.push_back(heads.defined() ? heads.to(at::kFloat).sum(1)
                                       : at::zeros({z.size(1), z.size(3)}, z.options().dtype(at::kFloat)));
  }
  const at::Tensor all = shard.sum(z.to(at::kFloat).sum(2));  // in this order on every shard
  return all - shard.sum(at::stack(replaced));
}

}  // namespace

at::Tensor apply_head_edits(const at::Tensor& z, const std::vector<RowEdit>& rows, std::int64_t layer,
                            const HeldHeads& heads, std::int64_t& fired) {
  HONES_ASSERT(z.size(2) == heads.range.size(), "z of other heads than the shard's");
  std::vector<const HeadEdit*> edits;
  bool any = false, mean = false;
  for (const RowEdit& row : rows) {
    edits.push_back(edit_of(row, layer));
    any = any || edits.back();
    mean = mean || (edits.back() && edits.back()->op == Operator::mean);
  }
  if (!any) return z;
  HONES_ASSERT(z.size(0) == static_cast<std::int64_t>(rows.size()), "one edit value per row");
  const auto row_of = [&](std::size_t r) { return z.select(0, static_cast<std::int64_t>(r)); };

  std::vector<Held> held(rows.size());
  std::vector<at::Tensor> index(rows.size()), chosen(rows.size());  // [held]; [T, held, Dh]
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (!edits[r]) continue;
    held[r] = held_of(*edits[r], heads);
    index[r] = index_tensor(held[r].local, z.device());
    chosen[r] = row_of(r).index_select(1, index[r]);
  }
  at::Tensor others;  // [R, T, Dh]
  if (mean) others = sum_of_others(z, chosen, heads.shard);
  std::vector<at::Tensor> edited;
  edited.reserve(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    edited.push_back(row_of(r));
    if (!edits[r] || held[r].local.empty()) continue;
    const at::Tensor value =
        replacement(chosen[r], *edits[r], held[r],
                    mean ? others.select(0, static_cast<std::int64_t>(r)) : at::Tensor(), heads.total);
    edited.back() = edited.back().index_copy(1, index[r], value);
    fired += static_cast<std::int64_t>(held[r].local.size());
  }
  return at::stack(edited);
}

at::Tensor apply_gains(const at::Tensor& a, const std::vector<RowEdit>& rows, std::int64_t layer, Range held,
                       std::int64_t& fired) {
  bool any = false;
  for (const RowEdit& row : rows) any = any || row.gains.contains(layer);
  if (!any) return a;
  std::vector<at::Tensor> edited;
  edited.reserve(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    at::Tensor row = a.select(0, static_cast<std::int64_t>(r));
    if (const auto gain = rows[r].gains.find(layer); gain != rows[r].gains.end()) {
      row = row * gain->second.narrow(0, held.begin, held.size()).to(row.options());
      ++fired;
    }
    edited.push_back(row);
  }
  return at::stack(edited);
}

std::int64_t expected_firings(const std::vector<RowEdit>& rows, const HeldHeads& held) {
  std::int64_t firings = 0;
  for (const RowEdit& row : rows) {
    for (const HeadEdit& edit : row.heads)
      firings += static_cast<std::int64_t>(held_of(edit, held).local.size());
    firings += static_cast<std::int64_t>(row.gains.size());
  }
  return firings;
}

at::Tensor trunk_deviation(const std::vector<at::Tensor>& z, std::int64_t last) {
  std::vector<at::Tensor> layers;
  for (const at::Tensor& layer : z)
    layers.push_back(layer.select(0, 0).narrow(0, 0, last + 1).to(at::kDouble).std(0, /*correction=*/0));
  return at::stack(layers);
}

at::Tensor gaussian_noise(std::uint64_t seed, const std::string& image_id, std::int64_t layer,
                          std::int64_t head, const std::string& segment, std::int64_t first,
                          std::int64_t length, std::int64_t last_image_position, const at::Tensor& channel_sd,
                          double sigma) {
  const std::int64_t width = channel_sd.size(0);
  at::Tensor noise = at::empty({length, width}, at::kFloat);
  const at::Tensor sd = channel_sd.to(at::kDouble).contiguous();
  const double* scale = sd.data_ptr<double>();
  float* out = noise.data_ptr<float>();
  const std::string head_id = image_id + "|" + std::to_string(layer) + "|" + std::to_string(head) + "|";
  for (std::int64_t t = 0; t < length; ++t) {
    const std::int64_t position = first + t;
    const bool trunk = position <= last_image_position;
    const std::string id = head_id + (trunk ? "trunk" : segment) + "|" +
                           std::to_string(trunk ? position : position - last_image_position - 1);
    SplitMix64 rng(key(seed, "gaussian", id));
    for (std::int64_t channel = 0; channel < width; channel += 2) {
      const double radius = std::sqrt(-2 * std::log(1 - rng.uniform()));  // 1 - u is in (0, 1]
      const double angle = 2 * std::numbers::pi * rng.uniform();
      out[t * width + channel] = static_cast<float>(sigma * scale[channel] * radius * std::cos(angle));
      if (channel + 1 < width) {
        out[t * width + channel + 1] =
            static_cast<float>(sigma * scale[channel + 1] * radius * std::sin(angle));
      }
    }
  }
  return noise;
}

}  // namespace hones::model
