// The fast engine: prompts about one picture in one packed sequence, rows that start at the layer of their
// edit from the plain run's state, the plain answer checked in the same pass, and only rows whose answer
// changed decode (docs/design.md, "Why it is fast"). options.resume, tree and verify switch the savings off
// one by one.
#pragma once

#include <memory>
#include <vector>

#include <hones/engine/evaluator.hpp>
#include <hones/model/runs/continuation.hpp>

#include "cell.hpp"
#include "subject.hpp"

namespace hones::engine {

class FastEvaluator : public Evaluator {
 public:
  FastEvaluator(const Options& options, const model::Vlm& model, const family::Packer& packer,
                const std::vector<TaskItems>& tasks, const std::vector<Kind>& kinds,
                const benchmark::Benchmark& benchmark, std::int64_t tile_positions);
  ~FastEvaluator() override;

  Work heads(const plan::Unit& unit) override;
  Work interventions(const plan::Unit& unit,
                     const std::vector<std::vector<table::Intervention>>& rows) override;
  Work neurons(const plan::Unit& unit, const table::TaskCells& cells,
               const std::vector<attribution::Target>& targets, table::NeuronSums& sums) override;

 private:
  // A column to compute: its number in the table, the layer that its batch rows begin at, and what it does.
  struct Column {
    std::size_t column = 0;
    std::int64_t layer = 0;
    table::Intervention what;
  };
  class Columns;  // the cells of some rows of one bundle

  Work columns(const plan::Unit& unit, const std::vector<Column>& rows);
  bool plain_column(const Subject& state, bool owned, Work& work) const;

  const Subject& subject(std::int64_t kind, std::int64_t bundle, Work& work);
  void seat(Subject& subject, const Bundle& bundle) const;
  void measure_trunk(Subject& subject) const;
  void plain_run(Subject& subject) const;
  bool first_drafts(Subject& subject) const;
  bool confirm_drafts(Subject& subject, bool last) const;
  void plant(Subject& subject) const;
  const model::Continuation& continuation_of(const Seat& seat) const {
    return continuations_[static_cast<std::size_t>(seat.member.task)];
  }
  void score_plain(Subject& subject) const;
  double logprob_behind(Subject& subject, const Seat& seat, double first_logprob) const;
  void run_plainly(const Subject& subject, Tree& tree, model::TreePass::Wants wants) const;
  model::RowEdit edit(const Subject& subject, const Tree& tree, const table::Intervention& what) const;
  std::function<model::RowEdit(std::int64_t, std::int64_t)> answer_edit(
      const Subject& subject, const Seat& seat, const table::Intervention& what) const;
  Reading read(const Subject& subject, const Seat& seat, const std::vector<model::TreeRows>& passes,
               std::int64_t row) const;

  const std::vector<Kind>& kinds_;
  std::int64_t tile_positions_;
  std::vector<model::Continuation> continuations_;  // one a task: their answers' limits differ
  mutable model::Workspace workspace_;              // buffers: what they hold between calls means nothing
  std::int64_t current_kind_ = -1, current_bundle_ = -1;
  std::unique_ptr<Subject> current_;  // the bundle worked on last: units cut by layers meet it again
};

}  // namespace hones::engine
