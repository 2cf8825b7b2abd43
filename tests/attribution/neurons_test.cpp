// docs/method.md 5.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include <hones/attribution/neurons.hpp>
#include <hones/base/error.hpp>
#include <hones/base/fixed_point.hpp>
#include <hones/base/rng.hpp>

namespace hones::attribution {
namespace {

using table::NeuronSums;
using table::NeuronTables;
using table::Shape;

using Values = std::vector<double>;
using Floats = std::vector<float>;
using Top = std::vector<std::int32_t>;

const float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

// 2 layers of 2 heads and 2 neurons.
const Shape kShape{2, 2, 2};

// Three stored heads over two instances. Per neuron, c - c_h of the instances:
//   1:0   (2, -1) (0, 0) (1, 1) (-1, -1)
//   0:1   (4, 4)  (-2, 2) (0, 0) (0, 1)
//   0:0   (1, 1)  (1, 1)  (8, 8) (0, 0)
NeuronSums three_heads() {
  NeuronSums sums = table::make_sums(kShape, {{1, 0}, {0, 1}, {0, 0}}, 2);
  const std::array<Floats, 2> plain{Floats{4, 0, 2, 1}, Floats{2, 0.5F, 2, 0}};
  const std::array<std::array<Floats, 2>, 3> differences{{{Floats{2, 0, 1, -1}, Floats{-1, 0, 1, -1}},
                                                          {Floats{4, -2, 0, 0}, Floats{4, 2, 0, 1}},
                                                          {Floats{1, 1, 8, 0}, Floats{1, 1, 8, 0}}}};
  for (std::size_t x = 0; x < 2; ++x) {
    EXPECT_TRUE(add_plain(sums, plain[x]));
    for (std::size_t s = 0; s < 3; ++s) {
      Floats intervened = plain[x];
      for (std::size_t i = 0; i < 4; ++i) intervened[i] -= differences[s][x][i];
      EXPECT_TRUE(add_head(sums, static_cast<std::int64_t>(s), plain[x], intervened));
    }
  }
  return sums;
}

// Importance of heads 0:0, 0:1, 1:0, 1:1.
const Values kImportance{0.25, 0.5, 1.0, -1.0};

NeuronOptions options_of(std::int64_t top_k, choice::HeadWeights weights = choice::HeadWeights::importance,
                         choice::NeuronMode mode = choice::NeuronMode::per_instance, double share = 0.5) {
  return {top_k, weights, mode, share};
}

NeuronTables tables_of(const NeuronSums& sums, const NeuronOptions& options,
                       const Values& importance = kImportance, bool expect_fall_back = false) {
  bool fell_back = !expect_fall_back;
  NeuronTables tables = neuron_tables(sums, kShape, importance, options, fell_back);
  EXPECT_EQ(fell_back, expect_fall_back);
  return tables;
}

TEST(NeuronTables, BothModesByHand) {
  const NeuronSums sums = three_heads();
  const NeuronTables tables = tables_of(sums, options_of(2));
  // S of 1:0 is (1, 0, 1, 0) and (0.5, 0, 1, 0), S of 0:1 is (4, 1, 0, 0.5) and (4, 0, 0, 0.5); weights 1,
  // 0.5.
  const Values per_instance{3.0 / 1.5, 0.5 / 1.5, 1.0 / 1.5, 0.25 / 1.5};
  const Values after_mean{2.5 / 1.5, 0.0, 1.0 / 1.5, 0.25 / 1.5};
  EXPECT_EQ(tables.per_instance, per_instance);
  EXPECT_EQ(tables.after_mean, after_mean);
  EXPECT_EQ(tables.plain, (Values{3, 0.25, 2, 0.5}));
  EXPECT_EQ(tables.mode, choice::NeuronMode::per_instance);
  EXPECT_EQ(tables.top, (Top{0, 0, 1, 0}));
}

TEST(NeuronTables, TopKTakesTheFirstStoredHeads) {
  const NeuronSums sums = three_heads();
  EXPECT_EQ(tables_of(sums, options_of(1)).per_instance, (Values{1, 0, 1, 0}));
  EXPECT_EQ(tables_of(sums, options_of(1)).after_mean, (Values{0.5, 0, 1, 0}));
  const Values three{3.25 / 1.75, 0.75 / 1.75, 3.0 / 1.75, 0.25 / 1.75};
  EXPECT_EQ(tables_of(sums, options_of(3)).per_instance, three);
  EXPECT_EQ(tables_of(sums, options_of(4)).per_instance, three);
  EXPECT_EQ(tables_of(sums, options_of(30)).per_instance, three);
}

TEST(NeuronTables, UniformWeightsAreOneEach) {
  const NeuronTables tables = tables_of(three_heads(), options_of(3, choice::HeadWeights::uniform));
  EXPECT_EQ(tables.per_instance, (Values{6.0 / 3, 2.0 / 3, 9.0 / 3, 0.5 / 3}));
  EXPECT_EQ(tables.after_mean, (Values{5.5 / 3, 1.0 / 3, 9.0 / 3, 0.5 / 3}));
  // Even where no head is positive.
  EXPECT_EQ(
      tables_of(three_heads(), options_of(3, choice::HeadWeights::uniform), Values(4, -1.0)).per_instance,
      tables.per_instance);
}

TEST(NeuronTables, AHeadThatIsNotPositiveContributesNothing) {
  const NeuronSums sums = three_heads();
  EXPECT_EQ(tables_of(sums, options_of(2), {0.25, -0.5, 1.0, 0}).per_instance, (Values{1, 0, 1, 0}));
  EXPECT_EQ(tables_of(sums, options_of(2), {0.25, 0, 1.0, 0}).per_instance, (Values{1, 0, 1, 0}));
  const double nan = std::nan("");
  EXPECT_EQ(tables_of(sums, options_of(2), {0.25, nan, 1.0, nan}).per_instance, (Values{1, 0, 1, 0}));
}

TEST(NeuronTables, WeightsAreNotRestrictedToOne) {
  EXPECT_EQ(tables_of(three_heads(), options_of(2), {0, 0.25, 0.5, 0}).per_instance,
            tables_of(three_heads(), options_of(2)).per_instance);
}

TEST(NeuronTables, AHeadWithoutAnInstanceIsLeftOut) {
  NeuronSums sums = three_heads();
  sums.valid[0] = 0;
  EXPECT_EQ(tables_of(sums, options_of(2)).per_instance, (Values{4, 1, 0, 0.5}));
  EXPECT_EQ(tables_of(sums, options_of(2, choice::HeadWeights::uniform)).per_instance,
            (Values{4, 1, 0, 0.5}));
  sums.valid[1] = 0;
  const NeuronTables none = tables_of(sums, options_of(2), kImportance, /*expect_fall_back=*/true);
  EXPECT_EQ(none.per_instance, Values(4, 0.0));
}

TEST(NeuronTables, EveryHeadIsDividedByItsOwnInstances) {
  NeuronSums sums = three_heads();
  const Floats plain{1, 1, 1, 1}, intervened{0, 1, 1, 1};
  EXPECT_TRUE(add_head(sums, 0, plain, intervened));
  EXPECT_EQ(sums.valid, (std::vector<std::int64_t>{3, 2, 2}));
  EXPECT_EQ(tables_of(sums, options_of(1)).per_instance, (Values{1, 0, 2.0 / 3, 0}));
  EXPECT_EQ(tables_of(sums, options_of(1)).after_mean, (Values{2.0 / 3, 0, 2.0 / 3, 0}));
  EXPECT_EQ(tables_of(sums, options_of(1)).plain, (Values{3, 0.25, 2, 0.5}));
}

TEST(NeuronTables, WithoutAPositiveHeadThePlainContributionRanks) {
  NeuronSums sums = three_heads();
  for (const choice::NeuronMode mode : {choice::NeuronMode::per_instance, choice::NeuronMode::after_mean}) {
    const NeuronTables tables =
        tables_of(sums, options_of(3, choice::HeadWeights::importance, mode, 0.75), {-0.25, 0, -1, 2},
                  /*expect_fall_back=*/true);
    EXPECT_EQ(tables.per_instance, Values(4, 0.0));
    EXPECT_EQ(tables.after_mean, Values(4, 0.0));
    EXPECT_EQ(tables.top, (Top{0, 0, 1, 0, 1, 1}));
    EXPECT_EQ(tables.mode, mode);
  }
  // Signed: the least is last, even if it is the largest by magnitude.
  EXPECT_TRUE(add_plain(sums, Floats{-90, 0, 0, 0}));
  EXPECT_EQ(
      tables_of(sums, options_of(3, choice::HeadWeights::importance, choice::NeuronMode::per_instance, 1),
                Values(4, 0.0), true)
          .top,
      (Top{1, 0, 1, 1, 0, 1, 0, 0}));
}

TEST(NeuronTables, TheModeDecidesTheSelection) {
  // Neuron 0 varies and has no mean effect; neuron 3 has a small steady one.
  NeuronSums sums = table::make_sums(kShape, {{0, 0}}, 2);
  EXPECT_TRUE(add_head(sums, 0, Floats{5, 0, 0, 1}, Floats{0, 0, 0, 0}));
  EXPECT_TRUE(add_head(sums, 0, Floats{0, 0, 0, 1}, Floats{5, 0, 0, 0}));
  const Values positive(4, 1.0);
  EXPECT_EQ(
      tables_of(sums, options_of(1, choice::HeadWeights::importance, choice::NeuronMode::per_instance, 0.25),
                positive)
          .top,
      (Top{0, 0}));
  EXPECT_EQ(
      tables_of(sums, options_of(1, choice::HeadWeights::importance, choice::NeuronMode::after_mean, 0.25),
                positive)
          .top,
      (Top{1, 1}));
}

TEST(NeuronTables, TheShareIsRoundedHalfUpAndTiesGoByIndex) {
  const Shape shape{2, 1, 5};
  NeuronSums sums = table::make_sums(shape, {{0, 0}}, 1);
  EXPECT_TRUE(add_head(sums, 0, Floats{1, 3, 2, 1, 3, 2, 3, 1, 2, 1}, Floats(10, 0)));
  const auto top = [&](double share) {
    bool fell_back = true;
    return neuron_tables(
               sums, shape, Values{1, 1},
               options_of(1, choice::HeadWeights::importance, choice::NeuronMode::per_instance, share),
               fell_back)
        .top;
  };
  EXPECT_EQ(top(0.3), (Top{0, 1, 0, 4, 1, 1}));
  EXPECT_EQ(top(0.35), (Top{0, 1, 0, 4, 1, 1, 0, 2}));
  EXPECT_EQ(top(0.34), (Top{0, 1, 0, 4, 1, 1}));
  EXPECT_EQ(top(0.5), (Top{0, 1, 0, 4, 1, 1, 0, 2, 1, 0}));
  EXPECT_EQ(top(0.01), Top{});
  EXPECT_EQ(top(1).size(), 20U);
}

TEST(NeuronTables, NoPlainRunIsZero) {
  const NeuronSums sums = table::make_sums(kShape, {{0, 0}}, 2);
  EXPECT_EQ(tables_of(sums, options_of(1), kImportance, true).plain, Values(4, 0.0));
}

TEST(NeuronTables, TheStoredScaleIsUsed) {
  NeuronSums sums = table::make_sums(kShape, {{1, 0}}, fixed::kMaxInstances + 1);
  ASSERT_EQ(sums.scale, fixed::kCoarseScale);
  EXPECT_TRUE(add_plain(sums, Floats{2, 0, 0, 1}));
  EXPECT_TRUE(add_head(sums, 0, Floats{2, 0, 0, 1}, Floats{1.5F, 1, 0, 0}));
  EXPECT_EQ(sums.plain_sum[0], std::int64_t{1} << 31);
  EXPECT_EQ(sums.head_drop_sum[0], std::int64_t{1} << 29);
  EXPECT_EQ(sums.head_signed_sum[1], -(std::int64_t{1} << 30));
  const NeuronTables tables = tables_of(sums, options_of(1));
  EXPECT_EQ(tables.per_instance, (Values{0.5, 0, 0, 1}));
  EXPECT_EQ(tables.plain, (Values{2, 0, 0, 1}));
}

// ---- The definitions once more, slowly, over random contributions. ----

struct Drawn {
  Shape shape{3, 2, 7};
  std::vector<table::Head> heads{{2, 1}, {0, 0}, {1, 1}, {0, 1}};
  std::vector<Floats> plain;                    // [N][L*F]
  std::vector<std::vector<Floats>> intervened;  // [S][N][L*F]
  NeuronSums sums;

  explicit Drawn(std::uint64_t seed, std::int64_t instances = 9) {
    SplitMix64 rng(seed);
    const auto draw = [&] { return static_cast<float>(rng.uniform() * 4 - 2); };
    const auto n = static_cast<std::size_t>(shape.layers * shape.d_ff);
    sums = table::make_sums(shape, heads, instances);
    intervened.resize(heads.size());
    for (std::int64_t x = 0; x < instances; ++x) {
      plain.emplace_back(n);
      for (float& value : plain.back()) value = draw();
      EXPECT_TRUE(add_plain(sums, plain.back()));
      for (std::size_t s = 0; s < heads.size(); ++s) {
        Floats row = plain.back();
        for (auto i = static_cast<std::size_t>(heads[s].layer * shape.d_ff); i < n; ++i) row[i] = draw();
        intervened[s].push_back(row);
        EXPECT_TRUE(add_head(sums, static_cast<std::int64_t>(s), plain.back(), row));
      }
    }
  }
};

TEST(NeuronsSlowly, BothModes) {
  const Drawn drawn(1);
  const Values importance{0.3, 0.0, 0.7, 0.2, -0.4, 0.9};
  const Values weights{0.9, 0.3, 0.2, 0.0};  // of 2:1, 0:0, 1:1, 0:1
  bool fell_back = true;
  const NeuronTables tables = neuron_tables(
      drawn.sums, drawn.shape, importance,
      options_of(4, choice::HeadWeights::importance, choice::NeuronMode::after_mean, 0.2), fell_back);
  EXPECT_FALSE(fell_back);
  const auto n = static_cast<double>(drawn.plain.size());
  Values after_mean;
  for (std::size_t i = 0; i < drawn.plain.front().size(); ++i) {
    double per_instance = 0, plain = 0;
    after_mean.push_back(0);
    for (std::size_t s = 0; s < weights.size(); ++s) {
      double positive = 0, difference = 0;
      for (std::size_t x = 0; x < drawn.plain.size(); ++x) {
        const double d =
            static_cast<double>(drawn.plain[x][i]) - static_cast<double>(drawn.intervened[s][x][i]);
        positive += std::max(d, 0.0);
        difference += d;
      }
      per_instance += weights[s] * positive / n / 1.4;
      after_mean.back() += weights[s] * std::max(difference / n, 0.0) / 1.4;
    }
    for (const Floats& row : drawn.plain) plain += static_cast<double>(row[i]) / n;
    EXPECT_NEAR(tables.per_instance[i], per_instance, 1e-10) << i;
    EXPECT_NEAR(tables.after_mean[i], after_mean.back(), 1e-10) << i;
    EXPECT_NEAR(tables.plain[i], plain, 1e-10) << i;
    EXPECT_GE(tables.per_instance[i], tables.after_mean[i]) << i;
    EXPECT_GE(tables.after_mean[i], 0) << i;
  }
  std::vector<std::int32_t> order(after_mean.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return after_mean[static_cast<std::size_t>(a)] > after_mean[static_cast<std::size_t>(b)];
  });
  Top top;
  for (std::size_t r = 0; r < 4; ++r) top.insert(top.end(), {order[r] / 7, order[r] % 7});
  EXPECT_EQ(tables.top, top);
}

TEST(NeuronsSlowly, LayersBelowTheHeadGetExactlyZero) {
  const Drawn drawn(2);
  const NeuronTables tables = [&] {
    bool fell_back = true;
    return neuron_tables(drawn.sums, drawn.shape, Values(6, 1.0), options_of(1), fell_back);
  }();
  for (std::size_t i = 0; i < 14; ++i) {
    EXPECT_EQ(tables.per_instance[i], 0) << i;
    EXPECT_EQ(tables.after_mean[i], 0) << i;
  }
  EXPECT_GT(*std::max_element(tables.per_instance.begin() + 14, tables.per_instance.end()), 0);
}

// ---- Adding. ----

TEST(Adding, IsFixedPointRoundedToNearest) {
  NeuronSums sums = table::make_sums(kShape, {{0, 0}, {0, 1}}, 2);
  const float quantum = std::ldexp(1.0F, -36);
  EXPECT_TRUE(add_head(sums, 1, Floats{1, 0.75F * quantum, 0, 0.1F}, Floats{0, 0, 3 * quantum, 0.3F}));
  const double difference = static_cast<double>(0.1F) - static_cast<double>(0.3F);  // not float's difference
  const std::vector<std::int64_t> drop{0, 0, 0, 0, std::int64_t{1} << 36, 1, 0, 0};
  const std::vector<std::int64_t> change{
      0, 0, 0, 0, std::int64_t{1} << 36, 1, -3, std::llrint(difference * fixed::kScale)};
  EXPECT_EQ(sums.head_drop_sum, drop);
  EXPECT_EQ(sums.head_signed_sum, change);
  EXPECT_EQ(sums.valid, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(sums.plain_instances, 0);

  EXPECT_TRUE(add_plain(sums, Floats{-1, 0.25F * quantum, 2 * quantum, 0.1F}));
  EXPECT_TRUE(add_plain(sums, Floats{-1, 0.75F * quantum, 0, 0}));
  EXPECT_EQ(sums.plain_sum,
            (std::vector<std::int64_t>{-(std::int64_t{1} << 37), 1, 2,
                                       std::llrint(static_cast<double>(0.1F) * fixed::kScale)}));
  EXPECT_EQ(sums.plain_instances, 2);
  EXPECT_EQ(sums.valid, (std::vector<std::int64_t>{0, 1}));
}

void expect_untouched(const NeuronSums& found, const NeuronSums& before) {
  EXPECT_EQ(found.valid, before.valid);
  EXPECT_EQ(found.head_drop_sum, before.head_drop_sum);
  EXPECT_EQ(found.head_signed_sum, before.head_signed_sum);
  EXPECT_EQ(found.plain_sum, before.plain_sum);
  EXPECT_EQ(found.plain_instances, before.plain_instances);
}

TEST(Adding, IsAllOrNothing) {
  const NeuronSums before = three_heads();
  NeuronSums sums = three_heads();
  const Floats fine{1, 1, 1, 1}, zero(4, 0);
  for (const float bad : {kNan, kInf, -kInf, 4096.0F, -4096.0F, 5000.0F}) {
    for (std::size_t at = 0; at < 4; ++at) {
      Floats broken = fine;
      broken[at] = bad;
      EXPECT_FALSE(add_head(sums, 1, broken, zero)) << bad << " at " << at;
      EXPECT_FALSE(add_head(sums, 1, zero, broken)) << bad << " at " << at;
      EXPECT_FALSE(add_plain(sums, broken)) << bad << " at " << at;
    }
  }
  EXPECT_FALSE(add_head(sums, 1, Floats(4, kInf), Floats(4, kInf)));
  expect_untouched(sums, before);
  // The last representable magnitudes.
  const float most = std::nextafter(4096.0F, 0.0F);
  EXPECT_TRUE(add_head(sums, 1, Floats{most, -most, 0, 0}, zero));
  EXPECT_TRUE(add_plain(sums, Floats{most, -most, 0, 0}));
  // The difference counts: both far out, but close to each other.
  EXPECT_TRUE(add_head(sums, 1, Floats(4, 5000), Floats(4, 4999)));
  EXPECT_FALSE(add_head(sums, 1, Floats{3000, 0, 0, 0}, Floats{-3000, 0, 0, 0}));
  EXPECT_EQ(sums.valid, (std::vector<std::int64_t>{2, 4, 2}));
  EXPECT_EQ(sums.plain_instances, 3);
}

TEST(Adding, DoesNotDependOnTheOrder) {
  const Drawn drawn(3);
  std::vector<std::size_t> order(drawn.plain.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  SplitMix64 rng(4);
  for (int round = 0; round < 5; ++round) {
    shuffle(std::span(order), rng);
    NeuronSums sums = table::make_sums(drawn.shape, drawn.heads, 9);
    for (const std::size_t x : order) {
      for (std::size_t s = drawn.heads.size(); s-- > 0;)
        EXPECT_TRUE(add_head(sums, static_cast<std::int64_t>(s), drawn.plain[x], drawn.intervened[s][x]));
      EXPECT_TRUE(add_plain(sums, drawn.plain[x]));
    }
    expect_untouched(sums, drawn.sums);
  }
}

TEST(Adding, EqualInputsAddExactlyZero) {
  NeuronSums sums = table::make_sums(kShape, {{0, 0}}, 3);
  const Floats c{0.1F, -1.0F / 3, 4095, 1e-30F};
  for (int x = 0; x < 3; ++x) EXPECT_TRUE(add_head(sums, 0, c, c));
  EXPECT_EQ(sums.head_drop_sum, std::vector<std::int64_t>(4, 0));
  EXPECT_EQ(sums.head_signed_sum, std::vector<std::int64_t>(4, 0));
  EXPECT_EQ(sums.valid, std::vector<std::int64_t>{3});
  EXPECT_EQ(tables_of(sums, options_of(1), Values(4, 1.0)).per_instance, Values(4, 0.0));
}

TEST(Adding, RefusesAnotherShape) {
  NeuronSums sums = table::make_sums(kShape, {{0, 0}}, 1);
  const Floats right(4, 0), less(3, 0), more(5, 0);
  EXPECT_THROW(add_head(sums, 0, less, right), InternalError);
  EXPECT_THROW(add_head(sums, 0, right, more), InternalError);
  EXPECT_THROW(add_plain(sums, less), InternalError);
}

}  // namespace
}  // namespace hones::attribution
