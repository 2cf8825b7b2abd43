#include <cmath>
#include <numbers>

#include <hones/base/error.hpp>
#include <hones/base/rng.hpp>
#include <hones/model/edits.hpp>

namespace hones::model {

Operator operator_from(const std::string& word) {
  if (word == "mean") return Operator::mean;
  if (word == "zero") return Operator::zero;
  if (word == "gaussian") return Operator::gaussian;
  if (word == "none") return Operator::none;
  throw UsageError("operator '" + word + "' is not known: expected mean, zero, gaussian or none");
}

namespace {

// The replacement of one edit's heads in one row: [T, n, Dh] in z's dtype. `row` is [T, H, Dh], `sum` float32
// [T, Dh].
at::Tensor replacement(const at::Tensor& row, const at::Tensor& chosen, const HeadEdit& edit,
                       const at::Tensor& sum, std::int64_t total_heads) {
  const auto n = static_cast<std::int64_t>(edit.heads.size());
  switch (edit.op) {
    case Operator::none:
      return chosen;
    case Operator::zero:
      return at::zeros_like(chosen);
    case Operator::gaussian:
      HONES_ASSERT(edit.noise.defined() && edit.noise.size(1) == row.size(0),
                   "gaussian edit without noise for its positions");
      return (chosen.to(at::kFloat) + edit.noise.permute({1, 0, 2})).to(row.scalar_type());
    case Operator::mean:
      break;
  }
  if (n == total_heads) return at::zeros_like(chosen);
  const at::Tensor others = (sum - chosen.to(at::kFloat).sum(1)) / static_cast<double>(total_heads - n);
  return others.unsqueeze(1).expand_as(chosen).to(row.scalar_type());
}

}  // namespace

at::Tensor apply_head_edits(const at::Tensor& z, const std::vector<RowEdit>& rows, std::int64_t layer,
                            const HeadGroup& group, std::int64_t& fired) {
  bool any = false, mean = false;
  for (const RowEdit& row : rows) {
    for (const HeadEdit& edit : row.heads) {
      any = any || edit.layer == layer;
      mean = mean || (edit.layer == layer && edit.op == Operator::mean);
    }
  }
  if (!any) return z;
  HONES_ASSERT(z.size(0) == static_cast<std::int64_t>(rows.size()), "one edit value per row");
  const std::int64_t own = z.size(2);
  const std::int64_t total = group.total_heads(own);
  // Over heads, for all rows: every rank of a shard must join, whichever of its rows need it.
  const at::Tensor sum = mean ? group.sum(z.to(at::kFloat).sum(2)) : at::Tensor();
  std::vector<at::Tensor> edited;
  edited.reserve(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    at::Tensor row = z.select(0, static_cast<std::int64_t>(r));
    for (const HeadEdit& edit : rows[r].heads) {
      if (edit.layer != layer) continue;
      std::vector<std::int64_t> local;
      for (const std::int64_t head : edit.heads) {
        HONES_ASSERT(head >= 0 && head < total,
                     "head " + std::to_string(head) + " of " + std::to_string(total));
        local.push_back(head - group.first_head());
      }
      const at::Tensor index = at::tensor(local, at::kLong).to(z.device());
      const at::Tensor chosen = row.index_select(1, index);
      row = row.index_copy(
          1, index,
          replacement(row, chosen, edit, mean ? sum.select(0, static_cast<std::int64_t>(r)) : sum, total));
      fired += static_cast<std::int64_t>(edit.heads.size());
    }
    edited.push_back(row);
  }
  return at::stack(edited);
}

at::Tensor apply_gains(const at::Tensor& a, const std::vector<RowEdit>& rows, std::int64_t layer,
                       std::int64_t& fired) {
  bool any = false;
  for (const RowEdit& row : rows) any = any || row.gains.contains(layer);
  if (!any) return a;
  std::vector<at::Tensor> edited;
  edited.reserve(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    at::Tensor row = a.select(0, static_cast<std::int64_t>(r));
    if (const auto gain = rows[r].gains.find(layer); gain != rows[r].gains.end()) {
      row = row * gain->second.to(row.options());
      ++fired;
    }
    edited.push_back(row);
  }
  return at::stack(edited);
}

std::int64_t expected_firings(const std::vector<RowEdit>& rows) {
  std::int64_t firings = 0;
  for (const RowEdit& row : rows) {
    for (const HeadEdit& edit : row.heads) firings += static_cast<std::int64_t>(edit.heads.size());
    firings += static_cast<std::int64_t>(row.gains.size());
  }
  return firings;
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
