#include <algorithm>
#include <cmath>

#include <hones/attribution/neurons.hpp>
#include <hones/base/error.hpp>
#include <hones/base/fixed_point.hpp>
#include <hones/base/rng.hpp>
#include <hones/stats/stats.hpp>

namespace hones::attribution {

namespace {

// S_h of docs/method.md 5 in both modes, added with weight w.
void add_weighted(const table::NeuronSums& sums, std::size_t s, double weight,
                  std::vector<double>& per_instance, std::vector<double>& after_mean) {
  const std::size_t n = per_instance.size();
  const double count = static_cast<double>(sums.valid[s]);
  for (std::size_t i = 0; i < n; ++i) {
    const double drop = fixed::value(sums.head_drop_sum[s * n + i], sums.scale) / count;
    const double difference = fixed::value(sums.head_signed_sum[s * n + i], sums.scale) / count;
    per_instance[i] += weight * drop;
    after_mean[i] += weight * std::max(difference, 0.0);
  }
}

}  // namespace

table::NeuronTables neuron_tables(const table::NeuronSums& sums, const table::Shape& shape,
                                  std::span<const double> importance, const NeuronOptions& options,
                                  bool& fell_back) {
  const auto n = static_cast<std::size_t>(shape.layers * shape.d_ff);
  table::NeuronTables tables;
  tables.mode = options.mode;
  tables.plain.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    tables.plain[i] = sums.plain_instances > 0 ? fixed::value(sums.plain_sum[i], sums.scale) /
                                                     static_cast<double>(sums.plain_instances)
                                               : 0;
  }
  tables.per_instance.assign(n, 0.0);
  tables.after_mean.assign(n, 0.0);
  double total = 0;
  const auto k = std::min<std::size_t>(static_cast<std::size_t>(options.top_k), sums.heads.size());
  for (std::size_t s = 0; s < k; ++s) {
    const table::Head head = sums.heads[s];
    const double value = importance[static_cast<std::size_t>(head.layer * shape.heads + head.head)];
    const double weight = options.weights == choice::HeadWeights::uniform ? 1.0 : std::max(value, 0.0);
    if (!(weight > 0) || sums.valid[s] == 0) continue;
    add_weighted(sums, s, weight, tables.per_instance, tables.after_mean);
    total += weight;
  }
  fell_back = !(total > 0);
  if (!fell_back) {
    for (std::size_t i = 0; i < n; ++i) {
      tables.per_instance[i] /= total;
      tables.after_mean[i] /= total;
    }
  }
  const std::vector<double>& scores = fell_back                                        ? tables.plain
                                      : options.mode == choice::NeuronMode::after_mean ? tables.after_mean
                                                                                       : tables.per_instance;
  const std::vector<std::int64_t> order = stats::ranking(scores);
  const std::int64_t count = stats::share_count(options.share, static_cast<std::int64_t>(n));
  for (std::int64_t i = 0; i < count; ++i) {
    tables.top.push_back(static_cast<std::int32_t>(order[static_cast<std::size_t>(i)] / shape.d_ff));
    tables.top.push_back(static_cast<std::int32_t>(order[static_cast<std::size_t>(i)] % shape.d_ff));
  }
  return tables;
}

std::vector<table::Head> drawn_heads(std::uint64_t run_seed, std::int64_t seed, std::int64_t k,
                                     const table::Shape& shape) {
  std::vector<table::Head> heads;
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    for (std::int32_t head = 0; head < shape.heads; ++head) heads.push_back({layer, head});
  }
  SplitMix64 rng(key(run_seed, "rand_head", std::to_string(seed)));
  shuffle(std::span(heads), rng);
  heads.resize(std::min<std::size_t>(heads.size(), static_cast<std::size_t>(k)));
  return heads;
}

bool add_head(table::NeuronSums& sums, std::int64_t s, std::span<const float> c, std::span<const float> c_h) {
  const std::size_t n = sums.plain_sum.size();
  HONES_ASSERT(c.size() == n && c_h.size() == n, "contributions of another shape");
  for (std::size_t i = 0; i < n; ++i) {
    if (!fixed::representable(static_cast<double>(c[i]) - static_cast<double>(c_h[i]))) return false;
  }
  std::int64_t* drop = sums.head_drop_sum.data() + static_cast<std::size_t>(s) * n;
  std::int64_t* difference = sums.head_signed_sum.data() + static_cast<std::size_t>(s) * n;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t addend =
        fixed::quantise(static_cast<double>(c[i]) - static_cast<double>(c_h[i]), sums.scale);
    drop[i] += std::max<std::int64_t>(addend, 0);
    difference[i] += addend;
  }
  ++sums.valid[static_cast<std::size_t>(s)];
  return true;
}

bool add_plain(table::NeuronSums& sums, std::span<const float> c) {
  HONES_ASSERT(c.size() == sums.plain_sum.size(), "contributions of another shape");
  for (const float value : c) {
    if (!fixed::representable(value)) return false;
  }
  for (std::size_t i = 0; i < c.size(); ++i) sums.plain_sum[i] += fixed::quantise(c[i], sums.scale);
  ++sums.plain_instances;
  return true;
}

}  // namespace hones::attribution
