// The plain engine judges the fast one and each of its savings, on the trained model and the demo's scenes:
// the same answers and utilities cell by cell, the same contributions. Under mpirun every rank judges its
// share.
//
// HONES_ENGINE_IMAGES and HONES_ENGINE_QUERIES in the environment make it larger (tools/engines.sh).
#include <cmath>
#include <cstdlib>
#include <map>

#include <c10/core/InferenceMode.h>

#include <hones/attribution/neurons.hpp>
#include <hones/base/rng.hpp>
#include <hones/comm/session.hpp>
#include <hones/engine/evaluator.hpp>
#include <hones/family/family.hpp>
#include <hones/family/vlm.hpp>
#include <hones/model/dtype.hpp>
#include <hones/model/runs/generation.hpp>
#include <hones/model/threads.hpp>

#include "app/sweep_settings.hpp"
#include "support/drawn_benchmark.hpp"
#include "support/scratch.hpp"

namespace hones {
namespace {

constexpr double kMargin = 1e-4;  // below it the slow path itself hung by a thread
constexpr double kContributions = 1e-5;
constexpr double kLogprob = 1e-4;

std::int64_t size_of(const char* variable, std::int64_t usual) {
  const char* value = std::getenv(variable);
  return value ? std::atoll(value) : usual;
}

struct PlainCell {
  table::CellState state = table::CellState::not_done;
  double utility = 0;
  std::vector<std::int32_t> answer;  // empty: the plain column's
  std::vector<float> scores;
  double logprob = 0;
};
using PlainCells = std::map<std::pair<std::int32_t, std::int64_t>, std::vector<PlainCell>>;  // [column]

class Engines : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    session_ = new comm::Session(nullptr, nullptr);
    scratch_ = new test::Scratch;
    draw();
    options_ = new engine::Options(app::engine_options(settings::Settings(settings::Command::discover)));
    benchmark_ = new benchmark::Benchmark(benchmark::load(scratch_->path() / "benchmark", "discovery"));
    for (const char* name : {"vqa", "ocr", "caption", "retrieval"}) {
      engine::TaskItems& task = tasks_->emplace_back();
      task.task = task::make_task(name, choice::Prompts::paper);
      task.items = task.task->items(*benchmark_, task.task->generates() ? size_of("HONES_ENGINE_IMAGES", 12)
                                                                        : size_of("HONES_ENGINE_QUERIES", 3));
    }
    model::configure_threads(1);
    model_ = family::open_vlm(HONES_CHECKPOINT, at::kFloat, std::make_shared<model::WholeModel>());
    packer_ = family::family_of(HONES_CHECKPOINT).open_packer(HONES_CHECKPOINT, choice::Prompts::paper);
  }
  static void TearDownTestSuite() {
    model_.reset();
    packer_.reset();
    delete benchmark_;
    delete options_;
    delete scratch_;
    delete session_;
  }

  // The demo's benchmark (configs/tiny.toml).
  static void draw() {
    benchmark::SynthOptions synth;
    synth.images = 420;
    synth.seed = 3407;
    synth.near_twins = 0.5;
    benchmark::PrepareOptions prepare;
    prepare.discovery = 256;
    prepare.dev = 24;
    prepare.test = 48;
    prepare.queries = 64;
    prepare.seed = 3407;
    test::draw_benchmark(scratch_->path(), synth, prepare);
  }

  static comm::Communicator& world() { return session_->world(); }
  static bool mine(std::size_t bundle) {
    return static_cast<int>(bundle % static_cast<std::size_t>(world().size())) == world().rank();
  }
  static std::unique_ptr<engine::Evaluator> engine(const engine::Options& options,
                                                   const std::vector<engine::Kind>& kinds) {
    return engine::make_evaluator(options, *model_, *packer_, *tasks_, kinds, *benchmark_, 4096);
  }
  static plan::Unit unit_of(std::size_t load, std::int64_t index) {
    plan::Unit unit;
    unit.load = static_cast<std::int32_t>(load);
    unit.instance_begin = index;
    unit.instance_end = index + 1;
    unit.group_end = model_->config().text.layers;
    unit.owns_plain = true;
    return unit;
  }
  static std::int64_t columns() { return 1 + model_->config().text.layers * model_->config().text.heads; }

  static void collect(const engine::Work& work, PlainCells& cells) {
    EXPECT_TRUE(work.exclusions.empty());
    for (const engine::Work::Block& block : work.blocks) {
      auto& row = cells[{block.task, block.cells.instance}];
      row.resize(static_cast<std::size_t>(columns()));
      const std::size_t C = block.cells.scores.size() / block.cells.states.size();
      for (std::size_t i = 0; i < block.cells.states.size(); ++i) {
        PlainCell& cell = row[static_cast<std::size_t>(block.cells.begin) + i];
        cell = {block.cells.states[i],
                block.cells.utility[i],
                block.cells.answers[i],
                {},
                block.cells.answer_logprob[i]};
        cell.scores.assign(block.cells.scores.begin() + static_cast<std::ptrdiff_t>(i * C),
                           block.cells.scores.begin() + static_cast<std::ptrdiff_t>((i + 1) * C));
      }
    }
  }

  // This rank's bundles, all tasks, as the plain engine has them.
  static const PlainCells& judged() {
    static PlainCells cells;
    if (!cells.empty()) return cells;
    engine::Options plain = *options_;
    plain.form = choice::Form::plain;
    const std::vector<engine::Kind> separate = engine::separate_kinds(*tasks_);
    const auto judge = engine(plain, separate);
    for (const engine::Kind& kind : engine::shared_kinds(*tasks_)) {
      for (std::size_t b = 0; b < kind.bundles.size(); ++b) {
        if (!mine(b)) continue;
        for (const engine::Member& member : kind.bundles[b])
          collect(judge->heads(unit_of(static_cast<std::size_t>(member.task), member.index)), cells);
      }
    }
    return cells;
  }

  // The slow path's top-2 margin at the first id where two answers part.
  static double margin(const engine::TaskItems& task, std::int64_t index, std::int64_t column,
                       const std::vector<std::int32_t>& slow, const std::vector<std::int32_t>& fast) {
    const c10::InferenceMode no_gradients;
    const task::Item& item = task.items[static_cast<std::size_t>(index)];
    const text::Prompt made = packer_->pack(item.texts[0]);
    std::vector<std::int64_t> ids = made.ids;
    for (std::size_t j = 0; j < std::min(slow.size(), fast.size()) && slow[j] == fast[j]; ++j)
      ids.push_back(slow[j]);
    const std::int64_t H = model_->config().text.heads;
    model::ForwardInput input;
    input.residual =
        model_->embed(ids, made.images, model_->encode_picture(task::load_picture(benchmark_->images, item)));
    input.sequence = model::sequence_of(made, std::ssize(ids) - made.length());
    input.rows.resize(1);
    if (column > 0)
      input.rows[0].heads.push_back({(column - 1) / H, {(column - 1) % H}, model::Operator::mean, {}});
    input.readouts.hidden_at = {input.sequence.length() - 1};
    const at::Tensor logits =
        model_->decoder().logits(model::forward(model_->decoder(), input).hidden).flatten();
    const at::Tensor best = std::get<0>(logits.topk(2));
    return (best[0] - best[1]).item<double>();
  }

  // The smallest gap of log P - log(1 - P) between candidates that changed places.
  static double margin(const std::vector<float>& slow, const std::vector<float>& fast) {
    const auto odds = [](double log_p) { return log_p - std::log1p(-std::exp(log_p)); };
    double smallest = INFINITY;
    for (std::size_t a = 0; a < slow.size(); ++a) {
      for (std::size_t b = a + 1; b < slow.size(); ++b) {
        if ((slow[a] < slow[b]) == (fast[a] < fast[b]) && (slow[a] > slow[b]) == (fast[a] > fast[b]))
          continue;
        smallest = std::min(smallest, std::abs(odds(slow[a]) - odds(slow[b])));
      }
    }
    return smallest;
  }

  // What the fast engine says of the judged instances. Every saving saves: without one of them more is
  // computed.
  static PlainCells fast_cells(const engine::Options& options) {
    const std::vector<engine::Kind> kinds =
        options.tree ? engine::shared_kinds(*tasks_) : engine::separate_kinds(*tasks_);
    const auto fast = engine(options, kinds);
    PlainCells cells;
    double computed = 0, full = 0;
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      for (std::size_t b = 0; b < kinds[k].bundles.size(); ++b) {
        const engine::Member first = kinds[k].bundles[b].front();
        if (!judged().contains({first.task, first.index})) continue;
        const engine::Work work = fast->heads(unit_of(k, static_cast<std::int64_t>(b)));
        computed += work.layer_positions;
        full += work.full_layer_positions;
        collect(work, cells);
      }
    }
    if (options.resume && options.tree && options.verify) {
      share_ = computed / full;
      EXPECT_LT(share_, 0.6);
    } else {
      EXPECT_GT(computed / full, share_);
    }
    if (world().rank() == 0) std::printf("%.3f forward-equivalents per cell\n", computed / full);
    return cells;
  }

  // One cell by both engines. True: they differ, at a near tie, which is told.
  static bool differs(std::pair<std::int32_t, std::int64_t> key, std::int64_t column,
                      const std::vector<PlainCell>& row, const std::vector<PlainCell>& other) {
    const engine::TaskItems& task = (*tasks_)[static_cast<std::size_t>(key.first)];
    const std::string name =
        task.task->name() + " instance " + std::to_string(key.second) + " column " + std::to_string(column);
    const PlainCell& slow = row[static_cast<std::size_t>(column)];
    const PlainCell& quick = other[static_cast<std::size_t>(column)];
    EXPECT_NEAR(slow.logprob, quick.logprob, kLogprob) << name;
    for (std::size_t c = 0; c < slow.scores.size(); ++c)
      EXPECT_NEAR(slow.scores[c], quick.scores[c], kLogprob) << name;
    const bool answers = task.task->generates();
    if (slow.utility == quick.utility && (!answers || slow.answer == quick.answer)) return false;
    // An unchanged cell keeps no answer of its own: it is the plain column's.
    const auto said = [](const std::vector<PlainCell>& cells_of, const PlainCell& cell) {
      return cell.answer.empty() ? cells_of[0].answer : cell.answer;
    };
    const double gap = answers ? margin(task, key.second, column, said(row, slow), said(other, quick))
                               : margin(slow.scores, quick.scores);
    EXPECT_LT(gap, kMargin) << name;
    std::printf("%s: utility %g against %g, margin %g\n", name.c_str(), slow.utility, quick.utility, gap);
    return true;
  }

  static void compare(const engine::Options& options) {
    const PlainCells cells = fast_cells(options);
    ASSERT_EQ(cells.size(), judged().size());
    std::vector<std::int64_t> counts(2 * tasks_->size(), 0);  // cells, and those that differ, of each task
    for (const auto& [key, row] : judged()) {
      const auto t = static_cast<std::size_t>(key.first);
      for (std::int64_t column = 0; column < columns(); ++column) {
        ++counts[2 * t];
        counts[2 * t + 1] += differs(key, column, row, cells.at(key));
      }
    }
    comm::finish(world().sum({counts}), comm::after(std::chrono::minutes(30)), "the count of cells");
    for (std::size_t t = 0; t < tasks_->size(); ++t) {
      EXPECT_GT(counts[2 * t], 0);
      EXPECT_LE(static_cast<double>(counts[2 * t + 1]),
                std::max(1.0, 0.005 * static_cast<double>(counts[2 * t])))
          << (*tasks_)[t].task->name();
      if (world().rank() == 0) {
        std::printf("%s: %ld cells, %ld differ\n", (*tasks_)[t].task->name().c_str(),
                    static_cast<long>(counts[2 * t]), static_cast<long>(counts[2 * t + 1]));
      }
    }
  }

  static inline comm::Session* session_ = nullptr;
  static inline test::Scratch* scratch_ = nullptr;
  static inline engine::Options* options_ = nullptr;
  static inline benchmark::Benchmark* benchmark_ = nullptr;
  static inline std::vector<engine::TaskItems>* tasks_ = new std::vector<engine::TaskItems>;
  static inline std::unique_ptr<const model::Vlm> model_;
  static inline std::unique_ptr<const family::Packer> packer_;
  static inline double share_ = 0;  // forward-equivalents of the fast engine on this rank's share
};

TEST_F(Engines, TheFastOneFindsThePlainOnesCells) {
  compare(*options_);
}

TEST_F(Engines, WithoutResume) {
  engine::Options options = *options_;
  options.resume = false;
  compare(options);
}

TEST_F(Engines, WithoutTree) {
  engine::Options options = *options_;
  options.tree = false;
  compare(options);
}

TEST_F(Engines, WithoutVerify) {
  engine::Options options = *options_;
  options.verify = false;
  compare(options);
}

// Rows of an ablation: neurons of several layers masked, heads of several layers together, both, nothing.
std::vector<table::Intervention> drawn_rows(const checkpoint::DecoderConfig& config) {
  SplitMix64 rng(11);
  std::vector<table::Intervention> rows(1);  // nothing
  for (const double share : {0.02, 0.1, 0.3}) {
    table::Intervention& row = rows.emplace_back();
    for (std::int32_t l = 0; l < config.layers; ++l) {
      for (std::int32_t n = 0; n < config.intermediate_size; ++n) {
        if (rng.uniform() < share) row.neurons.push_back({l, n});
      }
    }
  }
  for (const double share : {0.05, 0.3}) {
    table::Intervention& row = rows.emplace_back();
    for (std::int32_t l = 2; l < config.layers; ++l) {
      for (std::int32_t h = 0; h < config.heads; ++h) {
        if (l == 4 || rng.uniform() < share) row.heads.push_back({l, h});  // all of a layer's
      }
    }
  }
  rows.push_back({{{1, 2}, {1, 5}, {3, 0}}, {{0, 7}, {5, 11}}});
  return rows;
}

// The same answers and utilities under masked sets, for every operator. Where a cell differs, the plain
// engine's answer hung by a thread: none does on these scenes.
TEST_F(Engines, InterventionsAreThePlainOnes) {
  const std::vector<engine::Kind> separate = engine::separate_kinds(*tasks_);
  const std::vector<table::Intervention> rows = drawn_rows(model_->config().text);
  const std::vector<std::vector<table::Intervention>> by_task(tasks_->size(), rows);
  for (const choice::Operator op :
       {choice::Operator::mean, choice::Operator::zero, choice::Operator::gaussian}) {
    SCOPED_TRACE(choice::word(op));
    engine::Options fast_options = *options_, plain_options = *options_;
    fast_options.op = plain_options.op = op;
    plain_options.form = choice::Form::plain;
    const auto judge = engine(plain_options, separate), fast = engine(fast_options, separate);
    for (std::size_t t = 0; t < tasks_->size(); ++t) {
      const std::int64_t n = (*tasks_)[t].task->generates() ? 2 : 1;
      for (std::int64_t i = world().rank(); i < n; i += world().size()) {
        plan::Unit unit = unit_of(t, i);
        unit.group_end = std::ssize(rows);
        PlainCells slow_cells, fast_cells;
        collect(judge->interventions(unit, by_task), slow_cells);
        collect(fast->interventions(unit, by_task), fast_cells);
        ASSERT_EQ(slow_cells.size(), 1U);
        const auto& slow = slow_cells.begin()->second;
        const auto& quick = fast_cells.at(slow_cells.begin()->first);
        for (std::size_t c = 0; c <= rows.size(); ++c) {
          EXPECT_EQ(slow[c].state, quick[c].state)
              << (*tasks_)[t].task->name() << " " << i << ", column " << c;
          EXPECT_EQ(slow[c].answer, quick[c].answer)
              << (*tasks_)[t].task->name() << " " << i << ", column " << c;
          EXPECT_EQ(slow[c].utility, quick[c].utility)
              << (*tasks_)[t].task->name() << " " << i << ", column " << c;
          EXPECT_NEAR(slow[c].logprob, quick[c].logprob, kLogprob * std::max(1.0, std::abs(slow[c].logprob)))
              << (*tasks_)[t].task->name() << " " << i << ", column " << c;
        }
        EXPECT_EQ(quick[1].state, table::CellState::unchanged);  // nothing masked: the plain run to the bit
        EXPECT_EQ(quick[1].logprob, quick[0].logprob);
        EXPECT_NE(quick[4].logprob, quick[0].logprob);  // a third of all neurons is something
      }
    }
  }
}

// max |difference| / max |c| of a layer, of c itself under every head, instance by instance.
TEST_F(Engines, ContributionsAreThePlainOnes) {
  engine::Options plain = *options_;
  plain.form = choice::Form::plain;
  const std::vector<engine::Kind> separate = engine::separate_kinds(*tasks_);
  const auto judge = engine(plain, separate), fast = engine(*options_, separate);
  const auto& config = model_->config().text;
  const table::Shape shape{config.layers, config.heads, config.intermediate_size};
  std::vector<table::Head> all;
  for (std::int32_t l = 0; l < config.layers; ++l) {
    for (std::int32_t h = 0; h < config.heads; ++h) all.push_back({l, h});
  }
  double worst = 0;
  for (std::size_t t = 0; t < tasks_->size(); ++t) {
    const engine::TaskItems& task = (*tasks_)[t];
    metric::DocumentFrequency frequency(static_cast<std::size_t>(config.vocab_size));
    for (const task::Item& item : task.items) {
      if (task.task->open_ended())
        frequency.add(attribution::reference_ids(packer_->tokenizer(), item.references));
    }
    const std::vector<attribution::Target> targets = judge->targets(t, frequency);
    table::TaskCells cells;
    cells.shape = shape;
    cells.instances.resize(task.items.size());
    table::resize(cells);
    for (std::size_t i = 0; i < task.items.size(); ++i) {
      if (!mine(i)) continue;
      const plan::Unit unit = unit_of(t, static_cast<std::int64_t>(i));
      table::NeuronSums slow = table::make_sums(shape, all, 1), quick = table::make_sums(shape, all, 1);
      judge->neurons(unit, cells, targets, slow);
      fast->neurons(unit, cells, targets, quick);
      ASSERT_EQ(slow.valid, quick.valid);
      const std::int64_t F = shape.d_ff, LF = shape.layers * F;
      for (std::size_t s = 0; s < all.size(); ++s) {
        for (std::int64_t l = 0; l < shape.layers; ++l) {
          double difference = 0, largest = 0;
          for (std::int64_t f = l * F; f < (l + 1) * F; ++f) {
            const auto n = static_cast<std::size_t>(f);
            const auto at = static_cast<std::size_t>(static_cast<std::int64_t>(s) * LF + f);
            const auto c_slow = static_cast<double>(slow.plain_sum[n] - slow.head_signed_sum[at]);
            const auto c_fast = static_cast<double>(quick.plain_sum[n] - quick.head_signed_sum[at]);
            difference = std::max(difference, std::abs(c_slow - c_fast));
            largest = std::max(largest, std::abs(c_slow));
            if (l < all[s].layer) {
              ASSERT_EQ(quick.head_signed_sum[at], 0);
            }
          }
          ASSERT_GT(largest, 0);
          worst = std::max(worst, difference / largest);
        }
      }
    }
  }
  EXPECT_LE(worst, kContributions);
  std::printf("rank %d: largest relative difference of a contribution %.2g\n", world().rank(), worst);
}

// The null control goes the way of every operator and changes nothing.
TEST_F(Engines, NoneIsExactlyZero) {
  engine::Options options = *options_;
  options.op = choice::Operator::none;
  for (const bool verify : {true, false}) {
    options.verify = verify;
    const std::vector<engine::Kind> kinds = engine::shared_kinds(*tasks_);
    const auto fast = engine(options, kinds);
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      const engine::Work work = fast->heads(unit_of(k, 0));
      std::map<std::pair<std::int32_t, std::int64_t>, const table::CellBlock*> plain;
      for (const engine::Work::Block& block : work.blocks) {
        if (block.cells.begin == 0) {
          plain[{block.task, block.cells.instance}] = &block.cells;
          continue;
        }
        const table::CellBlock& column = *plain.at({block.task, block.cells.instance});
        for (std::size_t i = 0; i < block.cells.states.size(); ++i) {
          EXPECT_EQ(block.cells.states[i], table::CellState::unchanged);
          EXPECT_EQ(block.cells.utility[i], column.utility[0]);
          EXPECT_EQ(block.cells.answer_logprob[i], column.answer_logprob[0])
              << kinds[k].name << " verify " << verify;
        }
      }
    }
  }
}

}  // namespace
}  // namespace hones
