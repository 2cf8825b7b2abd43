// The files that a finished sweep leaves.
#include <cstdio>

#include <nlohmann/json.hpp>

#include <hones/base/file.hpp>

#include "discovery.hpp"

namespace hones::sweep {

void Discovery::write() {
  begin_phase("write");
  const store::FileHeader header = this->header();
  store::DiscoveryWriter writer(options_.job.out / "discovery.h5", world_, header);
  for (const results::TaskOutput& output : outputs_)
    writer.write_task(output.cells, output.heads, output.sums, output.neurons, output.drawn);
  record_.slabs = writer.finish();
  record_.written_by_rank.assign(static_cast<std::size_t>(world_.size()), 0);
  record_.written_by_rank[static_cast<std::size_t>(world_.rank())] = record_.slabs.elements_by_me;
  finish(world_.sum({record_.written_by_rank}), "the count of written slabs");
  if (world_.rank() == 0) {
    write_file(options_.job.out / "settings.toml", options_.job.settings_toml);
    for (std::size_t t = 0; t < outputs_.size(); ++t)
      results::write_task_files(options_.job.out, outputs_[t], provenance(*inputs_, t, header.environment));
  }
  end_phase();
}

void Discovery::report() {
  if (world_.rank() != 0) return;
  close_record();
  std::fputs(closing_words(options_, record_, outputs_).c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace hones::sweep
