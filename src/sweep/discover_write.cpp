// The files that a finished sweep leaves.
#include <cstdio>

#include <nlohmann/json.hpp>

#include <hones/base/file.hpp>
#include <hones/store/results.hpp>

#include "discovery.hpp"

namespace hones::sweep {

using comm::seconds_since;

store::FileHeader Discovery::header() const {
  store::FileHeader header;
  header.model_family = inputs_->model->config().model_type;
  header.shape = inputs_->shape;
  header.dtype = model::dtype_name(inputs_->dtype);
  header.model_digest = model_digest_;
  header.benchmark_digest = inputs_->benchmark.digest;
  header.settings_json = options_.settings_json;
  header.environment = environment(*inputs_, model_digest_);
  return header;
}

void Discovery::write() {
  begin_phase("write");
  const store::FileHeader header = this->header();
  store::DiscoveryWriter writer(options_.out / "discovery.h5", world_, header);
  for (const TaskOutput& output : outputs_)
    writer.write_task(output.cells, output.heads, output.sums, output.neurons);
  record_.slabs = writer.finish();
  record_.written_by_rank.assign(static_cast<std::size_t>(world_.size()), 0);
  record_.written_by_rank[static_cast<std::size_t>(world_.rank())] = record_.slabs.elements_by_me;
  finish(world_.sum({record_.written_by_rank}), "the count of written slabs");
  if (world_.rank() == 0) {
    write_file(options_.out / "settings.toml", options_.settings_toml);
    for (std::size_t t = 0; t < outputs_.size(); ++t)
      write_task_files(options_.out, outputs_[t], provenance(*inputs_, t, header.environment));
  }
  end_phase();
}

void Discovery::report() {
  const std::string node = world_.node();
  const auto nodes = world_.gather(std::as_bytes(std::span(node.data(), node.size())), 0,
                                   comm::after(std::chrono::duration<double>(options_.deadline_seconds)));
  if (world_.rank() != 0) return;
  for (const auto& name : nodes)
    record_.nodes.emplace_back(reinterpret_cast<const char*>(name.data()), name.size());
  record_.seconds = seconds_since(start_);
  store::Progress done;
  done.t = record_.seconds;
  done.phase = "done";
  done.cells_done = done.cells_all = record_.cells;
  progress_->report_now(done);
  store::write_run_json(options_.out, run_json(options_, record_, outputs_));
  progress_.reset();  // leaves the last line standing
  std::fputs(closing_words(options_, record_, outputs_).c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace hones::sweep
