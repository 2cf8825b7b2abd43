// What the engine relies on: rows do not see each other, `none` changes no bit, layers below an edit stay as
// they were, answers are a fixed point that does not depend on the draft.
#include <cmath>

#include <c10/core/InferenceMode.h>

#include <hones/base/error.hpp>

#include "model/support.hpp"

namespace hones {
namespace {

using test::Llava;

class Rows : public testing::Test {
 protected:
  const c10::InferenceMode no_gradients_;
  const Llava model_{test::data("tiny-llava"), at::kFloat};
  const model::EncodedPrompt prompt_ = test::fixture_prompt(model_, "tiny-llava-expected");

  at::Tensor hidden(std::vector<model::RowEdit> rows) {
    return model::forward(model_.decoder(), test::whole(model_, prompt_, std::move(rows))).hidden;
  }
};

TEST_F(Rows, TheNumberOfRowsChangesNoBit) {
  const at::Tensor alone = hidden({{}});
  for (const std::size_t count : {2, 3, 5, 6, 16}) {
    const at::Tensor many = hidden(std::vector<model::RowEdit>(count));
    for (std::int64_t r = 0; r < many.size(0); ++r)
      EXPECT_TRUE(test::same_bits(many.select(0, r), alone.select(0, 0))) << count << " rows, row " << r;
  }
}

TEST(HalfRows, TheirNumberChangesNoBitEither) {
  const c10::InferenceMode no_gradients;
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf}) {
    const Llava model(test::data("tiny-llava"), dtype);
    const model::EncodedPrompt prompt = test::fixture_prompt(model, "tiny-llava-expected");
    const auto hidden = [&](std::size_t rows) {
      return model::forward(model.decoder(), test::whole(model, prompt, std::vector<model::RowEdit>(rows)))
          .hidden;
    };
    const at::Tensor alone = hidden(1);
    for (const std::size_t count : {2, 3, 7, 16}) {
      const at::Tensor many = hidden(count);
      for (std::int64_t r = 0; r < many.size(0); ++r)
        EXPECT_TRUE(test::same_bits(many.select(0, r), alone.select(0, 0)))
            << model::dtype_name(dtype) << ", " << count << " rows, row " << r;
    }
  }
}

TEST_F(Rows, NorDoesItChangeTheLogits) {
  // One position a row, as a readout takes it, and many, as a check does.
  for (const std::int64_t positions : {1, 2, 24}) {
    const at::Tensor states = at::randn({48, positions, model_.config().text.hidden_size});
    for (const bool upcast : {false, true}) {
      for (const std::int64_t count : {1, 2, 3, 7, 16, 40, 48}) {
        const at::Tensor many = model_.decoder().logits(states.narrow(0, 0, count), upcast);
        for (std::int64_t r = 0; r < count; ++r) {
          const at::Tensor alone = model_.decoder().logits(states.narrow(0, r, 1), upcast);
          ASSERT_TRUE(test::same_bits(many.select(0, r), alone.select(0, 0)))
              << count << " rows of " << positions << ", row " << r;
        }
      }
    }
  }
}

// One of two shards that hold three heads each: what it does not hold comes through the sum.
class Half : public model::Shard {
 public:
  Half(int rank, std::vector<at::Tensor> others) : rank_(rank), others_(std::move(others)) {}
  int rank() const override { return rank_; }
  int size() const override { return 2; }
  at::Tensor sum(const at::Tensor& partial) const override { return partial + others_.at(asked_++); }

 private:
  int rank_;
  std::vector<at::Tensor> others_;  // the other half's partial sums, in the order asked for
  mutable std::size_t asked_ = 0;
};

TEST(Shards, TwoHalvesOfALayerReplaceAsTheWholeDoes) {
  const at::Tensor z = at::randn({4, 5, 6, 8});
  const at::Tensor noise = at::randn({2, 5, 8});
  std::vector<model::RowEdit> rows{test::replace(1, {1, 4}), {}, test::replace(1, {0, 1, 2, 3, 4, 5}), {}};
  rows[3].heads.push_back({1, {2, 3}, model::Operator::gaussian, noise});
  std::int64_t fired = 0;
  const at::Tensor whole = model::apply_head_edits(z, rows, 1, {{0, 6}, 6, model::WholeModel()}, fired);
  EXPECT_EQ(fired, 10);
  std::vector<at::Tensor> halves;
  std::int64_t fired_in_halves = 0;
  for (const std::int64_t first : {0, 3}) {
    const std::int64_t other = 3 - first;
    const at::Tensor theirs = z.narrow(2, other, 3);
    at::Tensor chosen = at::zeros({4, 5, 8});  // what the other half holds of the replaced heads
    chosen[0] = z[0].select(1, other == 0 ? 1 : 4);
    chosen[2] = theirs[2].sum(1);
    chosen[3] = z[3].select(1, other == 0 ? 2 : 3);
    const Half shard(first == 0 ? 0 : 1, {theirs.sum(2), chosen});
    const model::HeldHeads held{{first, first + 3}, 6, shard};
    halves.push_back(model::apply_head_edits(z.narrow(2, first, 3), rows, 1, held, fired_in_halves));
    EXPECT_EQ(model::expected_firings(rows, held), 5);
  }
  EXPECT_EQ(fired_in_halves, 10);
  const at::Tensor together = at::cat(halves, 2);
  for (std::int64_t row = 0; row < 4; ++row)
    EXPECT_LE((together[row] - whole[row]).abs().max().item<float>(), 1e-5F) << "row " << row;
  EXPECT_TRUE(test::same_bits(whole.select(0, 1), z.select(0, 1)));
  EXPECT_EQ(whole[2].abs().max().item<float>(), 0);
}

TEST_F(Rows, NeighboursDoNotMatter) {
  const at::Tensor alone = hidden({test::replace(2, {4})});
  const at::Tensor among = hidden(
      {test::replace(2, {0}), test::replace(2, {4}), {}, test::replace(0, {4}, model::Operator::zero)});
  EXPECT_TRUE(test::same_bits(among.select(0, 1), alone.select(0, 0)));
}

TEST_F(Rows, NoneChangesNoBitThroughTheSamePath) {
  const at::Tensor plain = hidden({{}});
  for (std::int64_t layer = 0; layer < 4; ++layer) {
    EXPECT_TRUE(test::same_bits(hidden({test::replace(layer, {layer}, model::Operator::none)}), plain))
        << layer;
  }
}

TEST_F(Rows, LayersBelowAnEditKeepTheirBits) {
  const auto activations = [&](std::vector<model::RowEdit> rows) {
    model::ForwardInput input = test::whole(model_, prompt_, std::move(rows));
    input.readouts.a_at = {input.sequence.length() - 1};
    return model::forward(model_.decoder(), input).a;
  };
  const auto plain = activations({{}});
  const auto edited = activations({test::replace(2, {1})});
  for (std::size_t layer = 0; layer < 4; ++layer) {
    EXPECT_EQ(test::same_bits(plain[layer], edited[layer]), layer < 2)
        << layer;  // layer 2's own FFN is downstream
  }
}

TEST_F(Rows, TheSumOverHeadsIsTheAttentionOutput) {
  model::ForwardInput input = test::whole(model_, prompt_, {{}});
  std::map<std::string, at::Tensor> seen;
  const model::Observer collect = [&](std::string_view name, std::int64_t layer, const at::Tensor& value) {
    if (layer == 1) seen[std::string(name)] = value;
  };
  input.observer = &collect;
  model::forward(model_.decoder(), input);
  const at::Tensor& o_proj = model_.decoder().layer(1).o_proj.weight;
  at::Tensor sum = at::zeros_like(seen["attention"]);
  for (std::int64_t head = 0; head < 6; ++head)
    sum = sum + at::linear(seen["z"].select(2, head), o_proj.narrow(1, head * 8, 8));
  EXPECT_LE(test::relative_error(sum, seen["attention"]), 2e-6);
}

TEST_F(Rows, AnEditThatCannotFireIsAnError) {
  model::ForwardInput input = test::whole(model_, prompt_, {test::replace(9, {0})});
  EXPECT_THROW(model::forward(model_.decoder(), input), InternalError);
  input.rows = {test::replace(1, {6})};
  EXPECT_THROW(model::forward(model_.decoder(), input), InternalError);
}

TEST_F(Rows, SegmentsKeepBranchesApart) {
  // A trunk with two branches in one packed sequence equals each branch alone after the trunk.
  const std::int64_t T = prompt_.prompt.length(), trunk = T - 6;
  const at::Tensor all = model_.embed(prompt_);
  const at::Tensor branch = all.narrow(1, trunk, 6);
  model::ForwardInput packed;
  packed.residual = at::cat({all, branch.flip(1)}, 1);
  packed.sequence.positions =
      at::cat({at::arange(T, at::kLong), at::arange(trunk, T, at::kLong)}).unsqueeze(0);
  packed.sequence.segments = {{-1, 0, trunk}, {0, trunk, 6}, {0, T, 6}};
  packed.rows.resize(1);
  packed.readouts.hidden_at = {T - 1, T + 5};
  const at::Tensor both = model::forward(model_.decoder(), packed).hidden.select(0, 0);
  const at::Tensor first = hidden({{}}).select(0, 0)[T - 1];
  model::ForwardInput second;
  second.residual = at::cat({all.narrow(1, 0, trunk), branch.flip(1)}, 1);
  second.sequence = test::linear_sequence(T);
  second.rows.resize(1);
  second.readouts.hidden_at = {T - 1};
  EXPECT_LE(test::relative_error(both[0], first), 2e-5);
  EXPECT_LE(test::relative_error(both[1], model::forward(model_.decoder(), second).hidden.flatten()), 2e-5);
}

TEST_F(Rows, SharedAndOwnedKeysAgree) {
  model::ForwardInput prefill = test::whole(model_, prompt_, std::vector<model::RowEdit>(1));
  prefill.readouts.keys_values = true;
  const auto one = model::forward(model_.decoder(), prefill);
  prefill.rows.resize(3);
  const auto three = model::forward(model_.decoder(), prefill);
  const std::int64_t id = 7;
  const auto step = [&](const model::KeyValues& past, std::size_t rows) {
    model::ForwardInput input;
    input.residual = model_->embed_text(std::span(&id, 1));
    input.sequence = test::linear_sequence(1, past.length());
    input.rows.resize(rows);
    input.past = &past;
    input.readouts.hidden_at = {0};
    return model::forward(model_.decoder(), input).hidden;
  };
  EXPECT_TRUE(test::same_bits(step(one.keys_values, 3), step(three.keys_values, 3)));
}

TEST_F(Rows, TheAnswerDoesNotDependOnTheDraft) {
  const model::Generator generator(model_, 12);
  const auto edits = [](std::int64_t, std::int64_t) {
    return std::vector<model::RowEdit>{{}, test::replace(1, {3})};
  };
  const model::Answers free = generator.run(prompt_, 2, edits, {});
  ASSERT_NE(free.rows[0].ids, free.rows[1].ids) << "the edit must change the answer, or this proves little";
  for (const std::vector<std::int64_t>& draft :
       {free.rows[0].ids, free.rows[1].ids, std::vector<std::int64_t>{5},
        std::vector<std::int64_t>{free.rows[1].ids[0], 9, 9, 9}}) {
    const model::Answers drafted = generator.run(prompt_, 2, edits, draft);
    for (std::size_t r = 0; r < 2; ++r) {
      EXPECT_EQ(drafted.rows[r].ids, free.rows[r].ids);
      EXPECT_EQ(drafted.rows[r].log_prob, free.rows[r].log_prob);
      EXPECT_EQ(drafted.rows[r].log_probs.size(), drafted.rows[r].ids.size());
    }
  }
  // The drafted plain answer's log-probability is the answer's own, to the bit.
  EXPECT_EQ(generator
                .run(
                    prompt_, 1, [](auto, auto) { return std::vector<model::RowEdit>(1); }, free.rows[0].ids)
                .draft_logprob[0],
            free.rows[0].log_prob);
}

TEST_F(Rows, ALimitOfOneIsOneToken) {
  const model::Answers answers = model::Generator(model_, 1).run(
      prompt_, 1, [](auto, auto) { return std::vector<model::RowEdit>(1); }, {});
  EXPECT_EQ(answers.rows[0].ids.size(), 1U);
  EXPECT_THROW(model::Generator(model_, 0), UsageError);
}

TEST(Mask, FollowsFromSegments) {
  EXPECT_FALSE(model::attention_mask(test::linear_sequence(5), 0).defined());
  const at::Tensor after = model::attention_mask(test::linear_sequence(2, 3), 3);  // [2, 5]
  EXPECT_TRUE(
      at::equal(after, at::tensor({1, 1, 1, 1, 0, 1, 1, 1, 1, 1}, at::kInt).view({2, 5}).to(at::kBool)));
}

TEST(Noise, DependsOnNothingButItsKeys) {
  const at::Tensor sd = at::tensor({1.0, 2.0, 0.5}, at::kDouble);
  const auto noise = [&](std::int64_t first, std::int64_t length, const std::string& segment = "vqa|7",
                         std::uint64_t seed = 1) {
    return model::gaussian_noise(seed, "42", 1, 2, segment, first, length, 9, sd, 3);
  };
  const at::Tensor whole = noise(0, 20);
  EXPECT_TRUE(test::same_bits(whole.narrow(0, 13, 4), noise(13, 4)));
  EXPECT_TRUE(test::same_bits(whole.narrow(0, 0, 10),
                              noise(0, 20, "ocr|8").narrow(0, 0, 10)));  // the trunk is the picture's
  EXPECT_FALSE(test::same_bits(whole.narrow(0, 10, 10), noise(0, 20, "ocr|8").narrow(0, 10, 10)));
  EXPECT_FALSE(test::same_bits(whole, noise(0, 20, "vqa|7", 2)));
  const at::Tensor many = noise(0, 20000);
  const at::Tensor measured = many.std(0);
  for (std::int64_t c = 0; c < 3; ++c)
    EXPECT_NEAR(measured[c].item<double>() / (3 * sd[c].item<double>()), 1.0, 0.03);
  EXPECT_NEAR(many.mean().item<double>(), 0.0, 0.1);
}

TEST(Dtypes, AutomaticFollowsDeviceAndCheckpoint) {
  using choice::NumberFormat;
  EXPECT_EQ(model::dtype_from(NumberFormat::automatic, "float16", false), at::kFloat);
  EXPECT_EQ(model::dtype_from(NumberFormat::automatic, "float16", true), at::kHalf);
  EXPECT_EQ(model::dtype_from(NumberFormat::automatic, "bfloat16", true), at::kBFloat16);
  EXPECT_EQ(model::dtype_from(NumberFormat::bf16, "float32", false), at::kBFloat16);
  EXPECT_EQ(model::dtype_name(model::dtype_from(NumberFormat::fp16, "", false)), "fp16");
}

}  // namespace
}  // namespace hones
