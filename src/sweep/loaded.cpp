#include "loaded.hpp"

#include <algorithm>
#include <string>

#include <hones/comm/communicator.hpp>
#include <hones/engine/evaluator.hpp>
#include <hones/family/vlm.hpp>
#include <hones/model/dtype.hpp>
#include <hones/model/threads.hpp>
#include <hones/model/torch_errors.hpp>

namespace hones::sweep {

struct Loaded::Impl {
  explicit Impl(const Inputs& inputs)
      : model(family::open_vlm(inputs.options.selection.model, model::dtype_from(inputs.dtype, "", false),
                               std::make_shared<model::WholeModel>())),
        evaluator(engine::make_evaluator(inputs.options.engine, *model, *inputs.packer, inputs.tasks,
                                         inputs.kinds, inputs.benchmark, inputs.tile_positions)) {}

  std::unique_ptr<const model::Vlm> model;
  std::unique_ptr<engine::Evaluator> evaluator;  // refers to the model and the inputs
};

Loaded::Loaded(const Inputs& inputs) {
  model::configure_threads(inputs.options.engine.threads);
  impl_ = std::make_unique<Impl>(inputs);
}

Loaded::~Loaded() = default;

engine::Work Loaded::heads(const plan::Unit& unit) const {
  return impl_->evaluator->heads(unit);
}

engine::Work Loaded::interventions(const plan::Unit& unit,
                                   const std::vector<std::vector<table::Intervention>>& rows) const {
  return impl_->evaluator->interventions(unit, rows);
}

engine::Work Loaded::neurons(const plan::Unit& unit, const table::TaskCells& cells,
                             const std::vector<attribution::Target>& targets, table::NeuronSums& sums) const {
  return impl_->evaluator->neurons(unit, cells, targets, sums);
}

std::vector<attribution::Target> Loaded::targets(std::size_t task,
                                                 const metric::DocumentFrequency& frequency) const {
  return impl_->evaluator->targets(task, frequency);
}

double Loaded::flops_per_second() const {
  constexpr std::int64_t kPositions = 64;
  const at::Tensor& weight = impl_->model->decoder().down_proj(0);  // [D, F]
  const at::Tensor input = at::ones({kPositions, weight.size(1)}, weight.options());
  at::linear(input, weight);  // the first call sets kernels up
  const comm::Clock::time_point start = comm::Clock::now();
  at::linear(input, weight);
  const double seconds = std::max(comm::seconds_since(start), 1e-9);
  return 2 * static_cast<double>(kPositions) * static_cast<double>(weight.numel()) / seconds;
}

ExitCode with_advice(const Options& options, const std::function<ExitCode()>& job) {
  const std::string advice = "use fewer ranks on this node, a smaller engine.tile_positions (" +
                             std::to_string(options.engine.tile_positions) +
                             " now; 0: by the model's shape) or bf16";
  ExitCode code = ExitCode::ok;
  model::with_torch_errors(advice, [&] { code = job(); });
  return code;
}

}  // namespace hones::sweep
