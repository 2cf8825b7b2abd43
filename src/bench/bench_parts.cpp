// What single parts of the fast engine cost, beside the products that nobody can leave out.
#include "bench_parts.hpp"

#include <algorithm>

#include <c10/core/InferenceMode.h>

#include <hones/attribution/contribution.hpp>
#include <hones/attribution/neurons.hpp>
#include <hones/base/error.hpp>
#include <hones/model/prompt_tree.hpp>
#include <hones/model/runs/tree_pass.hpp>

namespace hones::bench {

namespace {

constexpr std::int64_t kHeads = 16;  // of a tile
constexpr int kTimes = 7;            // the best one counts: other work on the machine only adds

template <typename Act>
double seconds(Act act) {
  act();  // buffers, kernels
  double best = 0;
  for (int i = 0; i < kTimes; ++i) {
    const double start = cpu_seconds();
    act();
    const double one = cpu_seconds() - start;
    best = i == 0 ? one : std::min(best, one);
  }
  return best;
}

// All products of a layer over `rows` rows: each row by itself, as the engine does for its bits' sake, or all
// rows in one.
double products(const model::Decoder::Layer& layer, std::int64_t rows, std::int64_t positions, bool by_row) {
  double sum = 0;
  for (const model::Linear* linear : {&layer.q_proj, &layer.k_proj, &layer.v_proj, &layer.o_proj,
                                      &layer.gate_proj, &layer.up_proj, &layer.down_proj}) {
    const at::Tensor* weight = &linear->weight;
    const at::Tensor x = at::ones({rows, positions, weight->size(1)}, weight->options());
    const at::Tensor out = at::empty({rows, positions, weight->size(0)}, weight->options());
    at::Tensor all_out = out.flatten(0, 1);
    sum += seconds([&] {
      if (!by_row) {
        at::mm_out(all_out, x.flatten(0, 1), weight->t());
        return;
      }
      for (std::int64_t r = 0; r < rows; ++r) {
        at::Tensor into = out.select(0, r);
        at::mm_out(into, x.select(0, r), weight->t());
      }
    });
  }
  return sum;
}

}  // namespace

BenchParts bench_parts(const sweep::Inputs& inputs, const model::Vlm& model) {
  const c10::InferenceMode no_gradients;
  const model::Decoder& decoder = model.decoder();
  const checkpoint::DecoderConfig& config = decoder.config();
  const text::Prompt prompt = inputs.prompt(inputs.tasks.front().items.front(), 0);
  const model::PromptTree tree = model::make_tree({&prompt}, {{}});
  model::Workspace workspace;
  model::TreePass pass(decoder, workspace, tree.sequence, {tree.length() - 1});
  BenchParts parts;
  parts.layer = config.layers / 2;
  parts.heads = std::min(kHeads, config.heads);
  parts.positions = tree.length();
  const model::TreePass::Wants activations{false, true, false};
  // What the numbers are does not matter to what they cost.
  const at::Tensor embeddings =
      at::randn({tree.length(), config.hidden_size}, decoder.unembedding().options()) * 0.02;
  const model::TreeRows plain = pass.plain(embeddings, activations);

  std::vector<model::RowEdit> none(static_cast<std::size_t>(parts.heads)), heads(none.size());
  std::vector<table::Head> stored;
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const auto head = static_cast<std::int32_t>(h);
    heads[h].heads = {{parts.layer, {head}, model::Operator::mean, {}}};
    stored.push_back({static_cast<std::int32_t>(parts.layer), head});
  }
  const auto tile = [&](const std::vector<model::RowEdit>& rows, model::TreePass::Wants wants) {
    return pass.resume(parts.layer, rows, wants);
  };
  const model::TreePass::Wants hidden{true, false, true};
  parts.speed_with_heads = seconds([&] { tile(none, hidden); }) / seconds([&] { tile(heads, hidden); });

  const at::Tensor projection = at::randn({config.layers, config.intermediate_size}, at::kFloat);
  const at::Tensor c = attribution::contributions(plain.a, 0, projection);
  table::NeuronSums sums = table::make_sums(inputs.shape, stored, 1);
  const double alone = seconds([&] { tile(heads, activations); });
  const double with_sums = seconds([&] {
    const model::TreeRows rows = tile(heads, activations);
    for (std::int64_t r = 0; r < parts.heads; ++r) {
      const at::Tensor changed = attribution::contributions(rows.a, r, projection, parts.layer, c);
      attribution::add_head(sums, r, attribution::values(c), attribution::values(changed));
    }
  });
  parts.contributions_share = with_sums / alone - 1;
  const model::Decoder::Layer& layer = decoder.layer(parts.layer);
  parts.by_row_share = products(layer, parts.heads, parts.positions, true) /
                           products(layer, parts.heads, parts.positions, false) -
                       1;
  return parts;
}

}  // namespace hones::bench
