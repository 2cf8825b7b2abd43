// The fast pass against Decoder::forward, which sees a tree through one explicit mask and starts at layer 0.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <c10/core/InferenceMode.h>

#include <hones/base/error.hpp>
#include <hones/checkpoint/flops.hpp>
#include <hones/model/prompt_tree.hpp>
#include <hones/model/runs/continuation.hpp>
#include <hones/model/runs/tree_pass.hpp>

#include "model/support.hpp"

namespace hones {
namespace {

using model::PromptTree;
using model::RowEdit;
using model::TreePass;
using test::Llava;

// Prompts about the fixtures' picture: common beginning, tails of different lengths, drafts behind two of
// them.
class Trees : public testing::TestWithParam<const char*> {
 protected:
  const c10::InferenceMode no_gradients_;
  const std::string folder_ = GetParam();
  const Llava model_{test::data(folder_), at::kFloat};
  const model::EncodedPrompt prompt_ = test::fixture_prompt(model_, folder_ + "-expected");
  model::Workspace workspace_;
  const PromptTree tree_ = packed();
  const at::Tensor embeddings_ = model_->embed(tree_.ids, tree_.images, prompt_.features).select(0, 0);

  PromptTree packed() const {
    const text::Prompt first = test::longer(prompt_.prompt, {5, 6, 7, 8, 9}),
                       second = test::longer(prompt_.prompt, {11, 12}),
                       third = test::longer(prompt_.prompt, {13, 14, 15});
    return model::make_tree({&first, &second, &third}, {{21, 22, 23}, {}, {24, 25}});
  }
  std::vector<std::int64_t> read() const {
    std::vector<std::int64_t> read;
    for (const auto& prompt : tree_.prompts) read.insert(read.end(), prompt.read.begin(), prompt.read.end());
    return read;
  }
  TreePass pass() { return TreePass(model_.decoder(), workspace_, tree_.sequence, read()); }

  // What the judge says of the same rows, at the same positions.
  model::ForwardOutput judge(std::vector<RowEdit> rows) const {
    model::ForwardInput input;
    input.residual = embeddings_.unsqueeze(0);
    input.sequence = tree_.sequence;
    input.rows = std::move(rows);
    input.readouts.hidden_at = read();
    input.readouts.a_at = read();
    return model::forward(model_.decoder(), input);
  }
};

constexpr double kTolerance = 2e-5;

TEST_P(Trees, OnePackedSequenceIsEveryPromptOnItsOwn) {
  TreePass fast = pass();
  const at::Tensor hidden = fast.plain(embeddings_, {}).hidden;
  for (const auto& prompt : tree_.prompts) {
    std::vector<std::int64_t> ids(tree_.ids.begin(), tree_.ids.begin() + tree_.trunk);
    const auto begin = tree_.ids.begin() + prompt.begin;
    ids.insert(ids.end(), begin, begin + (prompt.length - tree_.trunk) + prompt.drafted());
    model::ForwardInput alone =
        test::whole(model_, {test::linear_prompt(ids, prompt_.prompt.images), prompt_.features}, {{}});
    const at::Tensor expected = model::forward(model_.decoder(), alone).hidden.select(0, 0);
    for (std::size_t j = 0; j < prompt.read.size(); ++j) {
      EXPECT_LE(test::relative_error(hidden[0][fast.place(prompt.read[j])],
                                     expected[prompt.length - 1 + static_cast<std::int64_t>(j)]),
                kTolerance)
          << "prompt of " << prompt.length << ", read " << j;
    }
  }
}

TEST_P(Trees, RowsThatStartAtTheirEditSayWhatWholeOnesSay) {
  TreePass fast = pass();
  fast.plain(embeddings_, {});
  const std::int64_t layers = model_.config().text.layers;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const std::vector<RowEdit> rows{test::replace(layer, {0}),
                                    test::replace(layer, {1}, model::Operator::zero),
                                    test::replace(layer, {0, 2})};
    const model::ForwardOutput expected = judge(rows);
    const model::TreeRows resumed = fast.resume(layer, rows, {true, true, false});
    const model::TreeRows whole = fast.whole(embeddings_, rows, {true, true, false});
    EXPECT_LE(test::relative_error(resumed.hidden, expected.hidden), kTolerance) << "layer " << layer;
    EXPECT_LE(test::relative_error(whole.hidden, expected.hidden), kTolerance) << "layer " << layer;
    ASSERT_EQ(static_cast<std::int64_t>(resumed.a.size()), layers - layer);
    for (std::int64_t l = layer; l < layers; ++l) {
      EXPECT_LE(test::relative_error(resumed.a[static_cast<std::size_t>(l - layer)],
                                     expected.a[static_cast<std::size_t>(l)]),
                kTolerance)
          << "edit in " << layer << ", activations of " << l;
    }
  }
}

TEST_P(Trees, MaskedNeuronsToo) {
  TreePass fast = pass();
  fast.plain(embeddings_, {});
  const std::int64_t F = model_.config().text.intermediate_size;
  RowEdit masked;
  masked.gains[1] = at::ones({F});
  masked.gains[1].narrow(0, 0, F / 2).zero_();
  masked.gains[2] = at::full({F}, 1.5);
  EXPECT_LE(test::relative_error(fast.resume(1, {masked}, {}).hidden, judge({masked}).hidden), kTolerance);
}

TEST_P(Trees, NoneChangesNoBitAndNeitherDoNeighbours) {
  TreePass fast = pass();
  const at::Tensor plain = fast.plain(embeddings_, {}).hidden;
  for (std::int64_t layer = 0; layer < model_.config().text.layers; ++layer) {
    const RowEdit none = test::replace(layer, {1}, model::Operator::none), mean = test::replace(layer, {1});
    const at::Tensor alone = fast.resume(layer, {mean}, {}).hidden;
    for (const std::size_t others : {1, 2, 6}) {
      std::vector<RowEdit> rows(others, test::replace(layer, {0}));
      rows.push_back(none);
      rows.push_back(mean);
      const at::Tensor hidden = fast.resume(layer, rows, {}).hidden;
      const auto last = static_cast<std::int64_t>(others) + 1;
      EXPECT_TRUE(test::same_bits(hidden[last - 1], plain[0])) << layer << ", " << others << " others";
      EXPECT_TRUE(test::same_bits(hidden[last], alone[0])) << layer << ", " << others << " others";
    }
  }
}

TEST_P(Trees, NoiseFallsWhereTheJudgePutsIt) {
  TreePass fast = pass();
  fast.plain(embeddings_, {});
  const std::int64_t last = model_.config().text.layers - 1;
  for (const std::int64_t layer : {std::int64_t{0}, last}) {
    RowEdit noisy = test::replace(layer, {1}, model::Operator::gaussian);
    noisy.heads[0].noise = at::randn({1, tree_.length(), model_.config().text.head_dim});
    EXPECT_LE(test::relative_error(fast.resume(layer, {noisy}, {}).hidden, judge({noisy}).hidden), kTolerance)
        << "layer " << layer;
  }
}

TEST_P(Trees, ALayerCountsByWhatItComputes) {
  TreePass fast = pass();
  const auto& config = model_.config().text;
  const double plain = fast.plain(embeddings_, {}).layer_positions;
  const auto T = static_cast<double>(tree_.length());
  EXPECT_LT(plain, T * static_cast<double>(config.layers));
  EXPECT_GT(plain, T * static_cast<double>(config.layers - 1));  // the last one at the positions read
  const double first = fast.resume(0, {test::replace(0, {0})}, {}).layer_positions;
  EXPECT_LT(first, plain);  // queries, keys and values of layer 0 are the plain run's
  const double second = fast.resume(1, {test::replace(1, {0})}, {}).layer_positions;
  EXPECT_NEAR(first - second, T, 1e-6 * T);  // one layer less
  EXPECT_DOUBLE_EQ(fast.resume(1, {test::replace(1, {0}), test::replace(1, {1})}, {}).layer_positions,
                   2 * second);
}

TEST_P(Trees, UsefulFlopsAreTheProductsOfWhatIsSeen) {
  const checkpoint::DecoderFlops cost(model_.config().text);
  std::vector<std::int64_t> all(static_cast<std::size_t>(tree_.length()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  TreePass everywhere(model_.decoder(), workspace_, tree_.sequence, all);
  double expected = cost.through(0, tree_.trunk);
  for (std::size_t s = 1; s < tree_.sequence.segments.size(); ++s)
    expected += cost.through(tree_.trunk, tree_.trunk + tree_.sequence.segments[s].length);
  EXPECT_DOUBLE_EQ(everywhere.plain(embeddings_, {}).useful_flops, expected);

  // Resumed: a layer's queries, keys, values and attention less, and all layers below.
  const auto T = static_cast<double>(tree_.length());
  const double one = everywhere.resume(1, {test::replace(1, {0})}, {}).useful_flops;
  const double none = everywhere.resume(0, {test::replace(0, {0})}, {}).useful_flops;
  EXPECT_DOUBLE_EQ(none - one, expected / static_cast<double>(cost.layers));
  EXPECT_NEAR(everywhere.resume(cost.layers - 1, {test::replace(cost.layers - 1, {0})}, {}).useful_flops,
              T * (cost.o + cost.ffn), 1);
}

// The answers of the plain engine's Generator, found from a row's kept keys and values.
TEST_P(Trees, ContinuedRowsEndWhereTheGeneratorDoes) {
  constexpr std::int64_t kLimit = 8;
  const model::Generator generator(model_, kLimit);
  const model::Continuation continuation(model_, kLimit);
  const PromptTree alone = model::make_tree({&prompt_.prompt}, {{}});
  TreePass fast(model_.decoder(), workspace_, alone.sequence, alone.prompts[0].read);
  const at::Tensor embeddings = model_->embed(alone.ids, alone.images, prompt_.features).select(0, 0);
  fast.plain(embeddings, {});
  std::vector<model::OpenRow> open;
  std::vector<model::Answer> expected;
  for (std::int64_t layer = 0; layer < model_.config().text.layers; ++layer) {
    const RowEdit edit = test::replace(layer, {0}, model::Operator::zero);
    expected.push_back(
        generator.run(prompt_, 1, [&](std::int64_t, std::int64_t) { return std::vector<RowEdit>{edit}; }, {})
            .rows[0]);
    const model::TreeRows rows = fast.resume(layer, {edit}, {true, false, true});
    model::OpenRow row;
    row.edit = [edit](std::int64_t, std::int64_t) { return edit; };
    row.keys_values.first = rows.keys_values.first;
    for (std::size_t l = 0; l < rows.keys_values.keys.size(); ++l)
      row.keys_values.push_back(rows.keys_values.keys[l].clone(), rows.keys_values.values[l].clone());
    row.ids = {model_.decoder().logits(rows.hidden[0]).argmax(-1).item<std::int64_t>()};
    open.push_back(std::move(row));
  }
  const model::Behind behind{alone.prompts[0], fast.state(), alone.path(0, alone.length())};
  const model::Continuations together = continuation.run(behind, open);
  double useful = 0;
  for (std::size_t i = 0; i < open.size(); ++i) {
    EXPECT_EQ(together.rows[i].ids, expected[i].ids) << "row " << i;
    const auto n = std::ssize(expected[i].ids);  // its first id was known
    const checkpoint::DecoderFlops cost(model_.config().text);
    useful += cost.generation(alone.length(), n) - cost.generation(alone.length(), 1);
    const model::Continuations single = continuation.run(behind, {open[i]});
    EXPECT_EQ(single.rows[0].ids, together.rows[i].ids) << "row " << i << " alone";
    double positions = 0;
    EXPECT_NEAR(
        continuation.draft_logprob(behind, open[i], expected[i].ids, expected[i].log_probs[0], positions),
        expected[i].log_prob, 1e-4);
    EXPECT_EQ(positions, n < 2 ? 0 : static_cast<double>(model_.config().text.layers * (kLimit - 1)));
  }
  EXPECT_DOUBLE_EQ(together.useful_flops, useful);
}

INSTANTIATE_TEST_SUITE_P(, Trees, testing::Values("tiny-llava", "tiny-llava-gqa"));

TEST(HalfTrees, NoneChangesNoBitInHalfPrecisionEither) {
  const c10::InferenceMode no_gradients;
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf}) {
    const Llava model(test::data("tiny-llava"), dtype);
    const model::EncodedPrompt prompt = test::fixture_prompt(model, "tiny-llava-expected");
    const text::Prompt first = test::longer(prompt.prompt, {5}), second = test::longer(prompt.prompt, {6});
    const PromptTree tree = model::make_tree({&first, &second}, {{}, {}});
    model::Workspace workspace;
    TreePass fast(model.decoder(), workspace, tree.sequence,
                  {tree.prompts[0].read[0], tree.prompts[1].read[0]});
    const at::Tensor embeddings = model->embed(tree.ids, tree.images, prompt.features).select(0, 0);
    const at::Tensor plain = fast.plain(embeddings, {}).hidden;
    const std::vector<RowEdit> rows(3, test::replace(1, {1}, model::Operator::none));
    const at::Tensor none = fast.resume(1, rows, {}).hidden;
    for (std::int64_t r = 0; r < 3; ++r)
      EXPECT_TRUE(test::same_bits(none[r], plain[0])) << model::dtype_name(dtype) << " row " << r;
    // A smaller tile after a larger one, through all layers.
    const RowEdit at_first = test::replace(0, {1}, model::Operator::none);
    EXPECT_TRUE(test::same_bits(fast.resume(0, {at_first}, {}).hidden[0], plain[0]))
        << model::dtype_name(dtype);
  }
}

// Of text that counts from 0.
PromptTree tree_of(const std::vector<std::vector<std::int64_t>>& ids,
                   const std::vector<std::vector<std::int64_t>>& drafts,
                   std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
  std::vector<text::Prompt> prompts;
  for (const auto& of_prompt : ids) prompts.push_back(test::linear_prompt(of_prompt));
  std::vector<const text::Prompt*> all;
  for (const text::Prompt& prompt : prompts) all.push_back(&prompt);
  return model::make_tree(all, drafts, most);
}

TEST(PromptTrees, ShareWhatAllBeginWithAndNoMore) {
  const PromptTree tree = tree_of({{1, 2, 3, 4}, {1, 2, 5}, {1, 2}}, {{7, 8}, {}, {}});
  EXPECT_EQ(tree.trunk, 1);  // the third prompt keeps a position of its own
  EXPECT_EQ(tree.ids, (std::vector<std::int64_t>{1, 2, 3, 4, 7, 2, 5, 2}));
  EXPECT_EQ(tree.prompts[0].read, (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(tree.prompts[1].read, (std::vector<std::int64_t>{6}));
  EXPECT_EQ(tree.path(0, 5), (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(tree.path(1, 3), (std::vector<std::int64_t>{0, 5, 6}));
  const at::Tensor positions = tree.sequence.positions.select(0, 0);
  EXPECT_TRUE(at::equal(positions, at::tensor({0, 1, 2, 3, 4, 1, 2, 1}, at::kLong)));
  EXPECT_EQ(tree_of({{1, 2, 3}, {1, 2, 4}}, {{}, {}}, 1).trunk, 1);  // at most what is allowed
  const PromptTree alone = tree_of({{1, 2, 3}}, {{4, 5}});
  EXPECT_EQ(alone.trunk, 3);
  EXPECT_EQ(alone.path(0, 4), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(alone.sequence.segments.size(), 1U);
}

TEST(PromptTrees, PositionsAreThePackers) {
  // A picture of 2 x 2 tokens on three axes, then text that goes on from the largest position.
  const auto prompt = [](std::int64_t last) {
    return text::Prompt{"",
                        {1, 9, 9, 9, 9, 2, last},
                        {{0, 1, 1, 1, 1, 3, 4}, {0, 1, 1, 2, 2, 3, 4}, {0, 1, 2, 1, 2, 3, 4}},
                        {{1, 4}},
                        5};
  };
  const text::Prompt one = prompt(3), other = prompt(4);
  const PromptTree tree = model::make_tree({&one, &other}, {{6, 7, 8}, {}});
  EXPECT_EQ(tree.trunk, 6);
  EXPECT_EQ(tree.images, (std::vector<text::Span>{{1, 4}}));
  const at::Tensor expected = at::tensor({0, 1, 1, 1, 1, 3, 4, 5, 6, 4,  //
                                          0, 1, 1, 2, 2, 3, 4, 5, 6, 4,  //
                                          0, 1, 2, 1, 2, 3, 4, 5, 6, 4},
                                         at::kLong)
                                  .view({3, 10});
  EXPECT_TRUE(at::equal(tree.sequence.positions, expected));
  EXPECT_EQ(tree.prompts[0].next_position, 5);
  EXPECT_TRUE(at::equal(model::sequence_of(one, 2).positions.narrow(1, 6, 3),
                        at::tensor({4, 5, 6}, at::kLong).expand({3, 3})));
}

}  // namespace
}  // namespace hones
