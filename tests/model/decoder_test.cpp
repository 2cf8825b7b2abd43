// The decoder beyond LLaVA's: grouped queries, biases, three position axes and a tied head against
// transformers (tests/data/README.md, tiny-mrope); cut over shards; differentiated.
#include <barrier>
#include <map>
#include <thread>

#include <c10/core/InferenceMode.h>

#include <hones/base/error.hpp>
#include <hones/model/mapped_weights.hpp>
#include <hones/model/runs/continuation.hpp>
#include <hones/model/runs/tree_pass.hpp>

#include "model/support.hpp"

namespace hones {
namespace {

using test::Expected;

constexpr double kTensor = 2e-5;
constexpr double kLogits = 1e-4;
constexpr std::int64_t kLimit = 6;  // of answers

checkpoint::DecoderConfig config_of(const nlohmann::json& json) {
  checkpoint::DecoderConfig config;
  config.vocab_size = json["vocab_size"];
  config.hidden_size = json["hidden_size"];
  config.intermediate_size = json["intermediate_size"];
  config.layers = json["num_hidden_layers"];
  config.heads = json["num_attention_heads"];
  config.kv_heads = json["num_key_value_heads"];
  config.head_dim = config.hidden_size / config.heads;
  config.rms_norm_eps = json["rms_norm_eps"];
  config.rope_theta = json["rope_parameters"]["rope_theta"];
  config.rope_sections = json["rope_parameters"]["mrope_section"].get<std::vector<std::int64_t>>();
  config.qkv_bias = true;
  config.tied = json["tie_word_embeddings"];
  return config;
}

// The decoder as a model that sees no pictures.
class TextModel final : public model::Vlm {
 public:
  TextModel(checkpoint::ModelConfig config, model::Decoder decoder)
      : Vlm(std::move(config), std::move(decoder)) {}
  model::Pixels pixels_of(const image::Image&) const override { throw InternalError("no pictures here"); }
  at::Tensor encode(const model::Pixels&, const model::Observer*) const override {
    throw InternalError("no pictures here");
  }
};

class Mrope : public testing::Test {
 protected:
  const checkpoint::TensorMap weights_ =
      checkpoint::read_safetensors(test::data("tiny-mrope") / "model.safetensors");
  const checkpoint::DecoderConfig config_ =
      config_of(nlohmann::json::parse(std::ifstream(test::data("tiny-mrope") / "config.json")));
  const nlohmann::json meta_ = test::metadata("tiny-mrope-expected");
  const Expected whole_{"tiny-mrope-expected", "whole"};
  const text::Prompt prompt_ = stored_prompt();

  model::Decoder decoder(std::shared_ptr<const model::Shard> shard) const {
    return {config_, model::mapped_weights(weights_, at::kFloat), std::move(shard)};
  }
  TextModel text_model(std::shared_ptr<const model::Shard> shard) const {
    checkpoint::ModelConfig config;
    config.text = config_;
    config.eos_ids = {config_.vocab_size - 1};
    return {config, decoder(std::move(shard))};
  }
  static std::shared_ptr<const model::Shard> alone() { return std::make_shared<model::WholeModel>(); }

  text::Prompt stored_prompt() const {
    text::Prompt prompt;
    prompt.ids = whole_.ids("input_ids");
    const at::Tensor positions = whole_["positions"];
    for (std::int64_t axis = 0; axis < positions.size(0); ++axis) {
      const at::Tensor one = positions[axis].contiguous();
      prompt.positions.emplace_back(one.const_data_ptr<std::int64_t>(),
                                    one.const_data_ptr<std::int64_t>() + one.numel());
    }
    prompt.next_position = meta_["next_position"];
    return prompt;
  }

  model::ForwardInput input(const model::Decoder& decoder, std::vector<model::RowEdit> rows) const {
    model::ForwardInput input;
    input.residual = decoder.embed(prompt_.ids).unsqueeze(0);
    input.sequence = model::sequence_of(prompt_);
    input.rows = std::move(rows);
    for (std::int64_t t = 0; t < prompt_.length(); ++t) input.readouts.hidden_at.push_back(t);
    return input;
  }
  model::RowEdit mean_head() const {
    return test::replace(meta_["mean_head"][0], {meta_["mean_head"][1].get<std::int64_t>()});
  }
  model::RowEdit masked_neuron() const {
    at::Tensor gain = at::ones({config_.intermediate_size});
    gain[meta_["masked_neuron"][1].get<std::int64_t>()] = 0;
    return {{}, {{meta_["masked_neuron"][0].get<std::int64_t>(), gain}}};
  }
};

TEST_F(Mrope, EveryTensorIsTheReferences) {
  const c10::InferenceMode no_gradients;
  const model::Decoder decoder = this->decoder(alone());
  std::map<std::string, at::Tensor> seen;
  const model::Observer collect = [&](std::string_view name, std::int64_t layer, const at::Tensor& value) {
    const std::string stem(name);
    if (layer < 0) {
      seen[stem] = name == "norm" ? value.select(0, 0) : value;
    } else {
      seen["layers." + std::to_string(layer) + "." + stem] = value.select(0, 0).clone();
    }
  };
  model::ForwardInput input = this->input(decoder, {{}});
  input.observer = &collect;
  const at::Tensor hidden = model::forward(decoder, input).hidden[0];
  seen["logits"] = decoder.logits(hidden);
  std::size_t compared = 0;
  for (const auto& [name, value] : seen) {
    if (!whole_.has(name)) continue;  // probs, attention, resid_mid, h: seen on LLaVA's decoder
    const at::Tensor ours = name.ends_with(".z") ? value.flatten(1) : value;
    EXPECT_LE(test::relative_error(ours, whole_[name].view(ours.sizes())),
              name == "logits" ? kLogits : kTensor)
        << name;
    ++compared;
  }
  EXPECT_EQ(compared + 2, whole_.size());  // all but input_ids and positions
  const model::Reading reading = decoder.read(hidden, {});
  const at::Tensor best = whole_["logits"].argmax(-1);
  EXPECT_TRUE(at::equal(at::tensor(reading.best, at::kLong), best));
}

TEST_F(Mrope, InterventionsEqualHooks) {
  const c10::InferenceMode no_gradients;
  const model::Decoder decoder = this->decoder(alone());
  const Expected expected("tiny-mrope-expected", "interventions");
  const at::Tensor hidden = model::forward(decoder, input(decoder, {mean_head(), masked_neuron()})).hidden;
  EXPECT_LE(test::relative_error(decoder.logits(hidden[0]), expected["mean_head.logits"]), kLogits);
  EXPECT_LE(test::relative_error(decoder.logits(hidden[1]), expected["masked_neuron.logits"]), kLogits);
}

TEST_F(Mrope, CachedStepsGoOnFromTheNextPosition) {
  const c10::InferenceMode no_gradients;
  const model::Decoder decoder = this->decoder(alone());
  const Expected expected("tiny-mrope-expected", "greedy");
  const std::vector<std::int64_t> chosen = expected.ids("chosen_ids");
  const model::Sequence sequence = model::sequence_of(prompt_, std::ssize(chosen));
  model::KeyValues past;
  std::int64_t first = 0;
  for (std::size_t s = 0; s < chosen.size(); ++s) {
    model::ForwardInput input;
    input.residual =
        decoder.embed(s == 0 ? std::span(prompt_.ids) : std::span(&chosen[s - 1], 1)).unsqueeze(0);
    const std::int64_t length = input.residual.size(1);
    input.sequence = model::part_of(sequence, first, length);
    input.rows.resize(1);
    input.past = s == 0 ? nullptr : &past;
    input.readouts.hidden_at = {length - 1};
    input.readouts.keys_values = true;
    model::ForwardOutput output = model::forward(decoder, input);
    past = std::move(output.keys_values);
    first += length;
    EXPECT_LE(test::relative_error(decoder.logits(output.hidden[0])[0],
                                   expected["step." + std::to_string(s) + ".logits"]),
              kLogits)
        << s;
    EXPECT_EQ(decoder.read(output.hidden[0], {}).best.front(), chosen[s]) << s;
  }
}

// N shards in as many threads; a sum is of all their parts, in order of rank on each.
class Meeting {
 public:
  explicit Meeting(int size) : barrier_(size), parts_(static_cast<std::size_t>(size)) {}
  int size() const { return static_cast<int>(parts_.size()); }
  at::Tensor sum(int rank, const at::Tensor& partial) {
    parts_[static_cast<std::size_t>(rank)] = partial.clone();
    barrier_.arrive_and_wait();
    at::Tensor total = parts_.front();
    for (std::size_t r = 1; r < parts_.size(); ++r) total = total + parts_[r];
    barrier_.arrive_and_wait();  // nobody overwrites a part before all have read it
    return total;
  }
  void leave() { barrier_.arrive_and_drop(); }

 private:
  std::barrier<> barrier_;
  std::vector<at::Tensor> parts_;
};

class ThreadShard final : public model::Shard {
 public:
  ThreadShard(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return meeting_.size(); }
  at::Tensor sum(const at::Tensor& partial) const override { return meeting_.sum(rank_, partial); }

 private:
  Meeting& meeting_;
  int rank_;
};

// What all runs say of the prompt under the plain run and two interventions.
struct Said {
  std::vector<model::Reading> whole, tree;  // by row
  std::vector<std::vector<std::int64_t>> answers;
};

class Sharded : public Mrope, public testing::WithParamInterface<int> {
 protected:
  Said said_by(const std::shared_ptr<const model::Shard>& shard) const {
    const c10::InferenceMode no_gradients;
    const TextModel text = text_model(shard);
    const model::Decoder& decoder = text.decoder();
    const std::vector<model::RowEdit> rows{{}, mean_head(), masked_neuron()};
    Said said;
    const at::Tensor hidden = model::forward(decoder, input(decoder, rows)).hidden;
    for (std::int64_t r = 0; r < 3; ++r) said.whole.push_back(decoder.read(hidden[r], prompt_.ids));

    const model::PromptTree tree = model::make_tree({&prompt_}, {{}});
    model::Workspace workspace;
    model::TreePass pass(decoder, workspace, tree.sequence, tree.prompts[0].read);
    const at::Tensor embeddings = decoder.embed(tree.ids);
    pass.plain(embeddings, {});
    const model::TreeRows passed = pass.resume(1, rows, {true, false, true});
    std::vector<model::OpenRow> open;
    for (std::int64_t r = 0; r < 3; ++r) {
      said.tree.push_back(decoder.read(passed.hidden[r], {}));
      model::OpenRow row;
      row.edit = [edit = rows[static_cast<std::size_t>(r)]](auto, auto) { return edit; };
      row.keys_values.first = passed.keys_values.first;
      for (std::size_t l = 0; l < passed.keys_values.keys.size(); ++l)
        row.keys_values.push_back(passed.keys_values.keys[l].narrow(0, r, 1).clone(),
                                  passed.keys_values.values[l].narrow(0, r, 1).clone());
      row.ids = {said.tree.back().best.front()};
      open.push_back(std::move(row));
    }
    const model::Continuation continuation(text, kLimit);
    for (const auto& row :
         continuation.run({tree.prompts[0], pass.state(), tree.path(0, tree.length())}, open).rows)
      said.answers.push_back(row.ids);
    return said;
  }
};

void expect_same(const std::vector<model::Reading>& ours, const std::vector<model::Reading>& expected) {
  ASSERT_EQ(ours.size(), expected.size());
  for (std::size_t r = 0; r < ours.size(); ++r) {
    EXPECT_EQ(ours[r].best, expected[r].best) << "row " << r;
    for (std::size_t j = 0; j < expected[r].log_sum.size(); ++j)
      EXPECT_NEAR(ours[r].log_sum[j], expected[r].log_sum[j], 1e-5 * std::abs(expected[r].log_sum[j]));
    ASSERT_EQ(ours[r].log_probs.size(), expected[r].log_probs.size());
    for (std::size_t j = 0; j < expected[r].log_probs.size(); ++j)
      EXPECT_NEAR(ours[r].log_probs[j], expected[r].log_probs[j],
                  1e-5 * std::max(1.0, std::abs(expected[r].log_probs[j])));
  }
}

TEST_P(Sharded, SayTogetherWhatTheWholeModelSays) {
  const Said expected = said_by(alone());
  EXPECT_NE(expected.answers[0], expected.answers[1]) << "the edit must matter, or this proves little";
  Meeting meeting(GetParam());
  std::vector<Said> said(static_cast<std::size_t>(GetParam()));
  std::vector<std::string> errors(said.size());
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < GetParam(); ++rank) {
      threads.emplace_back([&, rank] {
        try {
          said[static_cast<std::size_t>(rank)] = said_by(std::make_shared<ThreadShard>(meeting, rank));
        } catch (const std::exception& error) {
          errors[static_cast<std::size_t>(rank)] = error.what();
        }
        meeting.leave();
      });
    }
  }
  for (std::size_t rank = 0; rank < said.size(); ++rank) {
    SCOPED_TRACE("shard " + std::to_string(rank));
    ASSERT_EQ(errors[rank], "");
    expect_same(said[rank].whole, expected.whole);
    expect_same(said[rank].tree, expected.tree);
    EXPECT_EQ(said[rank].answers, expected.answers);
  }
}

INSTANTIATE_TEST_SUITE_P(, Sharded, testing::Values(1, 2, 4));

TEST_F(Mrope, RangesOfShardsCoverTheModelInWholeGroups) {
  for (const int size : {1, 2, 4}) {
    Meeting meeting(size);
    std::int64_t heads = 0, ffn = 0, vocabulary = 0;
    for (int rank = 0; rank < size; ++rank) {
      const ThreadShard shard(meeting, rank);
      EXPECT_EQ(shard.heads(config_).begin, heads);
      EXPECT_EQ(shard.heads(config_).begin % (config_.heads / config_.kv_heads), 0);
      EXPECT_EQ(shard.ffn(config_).begin, ffn);
      EXPECT_EQ(shard.vocabulary(config_).begin, vocabulary);
      heads = shard.heads(config_).end;
      ffn = shard.ffn(config_).end;
      vocabulary = shard.vocabulary(config_).end;
    }
    EXPECT_EQ(heads, config_.heads);
    EXPECT_EQ(ffn, config_.intermediate_size);
    EXPECT_EQ(vocabulary, config_.vocab_size);
  }
  Meeting many(7);  // more than there are groups of keys
  EXPECT_THROW(ThreadShard(many, 0).heads(config_), InternalError);
}

TEST_F(Mrope, TheTreeAgreesWithTheJudge) {
  const c10::InferenceMode no_gradients;
  const model::Decoder decoder = this->decoder(alone());
  text::Prompt other = prompt_;
  other.ids.back() = (other.ids.back() + 1) % config_.vocab_size;
  const model::PromptTree tree = model::make_tree({&prompt_, &other}, {{3, 4, 5}, {}});
  std::vector<std::int64_t> read;
  for (const auto& prompt : tree.prompts) read.insert(read.end(), prompt.read.begin(), prompt.read.end());
  model::Workspace workspace;
  model::TreePass pass(decoder, workspace, tree.sequence, read);
  const at::Tensor embeddings = decoder.embed(tree.ids);
  pass.plain(embeddings, {});
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    const std::vector<model::RowEdit> rows{test::replace(layer, {2}), {}};
    model::ForwardInput judge;
    judge.residual = embeddings.unsqueeze(0);
    judge.sequence = tree.sequence;
    judge.rows = rows;
    judge.readouts.hidden_at = read;
    EXPECT_LE(
        test::relative_error(pass.resume(layer, rows, {}).hidden, model::forward(decoder, judge).hidden),
        kTensor)
        << layer;
  }
}

// The derivative of an answer's log-probability by the neurons' gains, along a direction, against finite
// differences: what steering will follow.
TEST_F(Mrope, GainsCanBeDifferentiated) {
  const model::Decoder decoder = this->decoder(alone());
  const std::vector<std::int64_t> layers{0, 1, 3};
  const auto log_probability = [&](const std::map<std::int64_t, at::Tensor>& gains) {
    model::ForwardInput input = this->input(decoder, {{{}, gains}});
    input.readouts.hidden_at = {prompt_.length() - 1};
    const at::Tensor logits = decoder.logits(model::forward(decoder, input).hidden[0]);
    return at::log_softmax(logits.to(at::kDouble), -1)[0][7];
  };
  for (const std::int64_t layer : layers) {
    at::Tensor gain = at::ones({config_.intermediate_size});
    gain.requires_grad_(true);
    log_probability({{layer, gain}}).backward();
    const at::Tensor direction = at::linspace(-1, 1, config_.intermediate_size);
    const double slope = (gain.grad() * direction).sum().item<double>();
    constexpr double kStep = 1e-2;
    const auto moved = [&](double by) {
      return log_probability({{layer, at::ones({config_.intermediate_size}) + by * direction}})
          .item<double>();
    };
    const double difference = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    EXPECT_NEAR(slope, difference, 2e-3 * std::max(std::abs(difference), 0.05)) << "layer " << layer;
    EXPECT_GT(std::abs(slope), 1e-3) << "nothing to see in layer " << layer;
  }
}

}  // namespace
}  // namespace hones
