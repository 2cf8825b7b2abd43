#include <algorithm>

#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include <hones/base/version.hpp>
#include <hones/sweep/environment.hpp>

namespace hones::sweep {

namespace {

// "fast", "plain", or "fast" without the savings that are switched off.
std::string engine_of(const Options& options) {
  std::string engine = choice::word(options.engine.form);
  if (options.engine.form == choice::Form::plain) return engine;
  if (!options.engine.resume) engine += " resume=false";
  if (!options.engine.tree) engine += " tree=false";
  if (!options.engine.verify) engine += " verify=false";
  return engine;
}

}  // namespace

std::map<std::string, std::string> environment(const Inputs& inputs, const std::string& model_digest) {
  std::vector<std::string> tasks = inputs.options.selection.tasks;
  std::sort(tasks.begin(), tasks.end());  // their order changes no bit
  std::string task_set;
  for (const std::string& task : tasks) task_set += (task_set.empty() ? "" : ",") + task;
  return {{"git_commit", std::string(git_commit())},
          {"libtorch", TORCH_VERSION},
          {"cpu_capability", at::get_cpu_capability()},
          {"dtype", choice::word(inputs.dtype)},
          {"threads_per_rank", std::to_string(inputs.options.engine.threads)},
          {"tensor_parallel", "1"},
          {"task_set", task_set},
          {"tile_positions", std::to_string(inputs.tile_positions)},
          {"operator", choice::word(inputs.options.engine.op)},
          {"engine", engine_of(inputs.options)},
          {"model_digest", model_digest},
          {"benchmark_digest", inputs.benchmark.digest}};
}

}  // namespace hones::sweep
