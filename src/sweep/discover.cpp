// The sweep over heads and neurons, from what is read to what is written.
#include <cstdio>
#include <utility>

#include <nlohmann/json.hpp>

#include <hones/attribution/heads.hpp>
#include <hones/base/file.hpp>
#include <hones/sweep/discover.hpp>
#include <hones/sweep/forecast.hpp>

#include "job_stage.hpp"
#include "loaded.hpp"
#include "neuron_stage.hpp"
#include "opening.hpp"
#include "prices.hpp"

namespace hones::sweep {

namespace {

using Targets = std::vector<std::vector<attribution::Target>>;  // [task][instance]

// Counted over the whole discovery file, each rank its share, also when the run is limited to some instances.
metric::DocumentFrequency document_frequency(const JobContext& job, const Inputs& inputs, std::size_t t) {
  const task::Task& task = *inputs.tasks[t].task;
  metric::DocumentFrequency mine(static_cast<std::size_t>(inputs.config.text.vocab_size));
  if (!task.open_ended()) return mine;
  const std::vector<task::Item> all = task.items(inputs.benchmark, -1);
  for (std::size_t i = static_cast<std::size_t>(job.world.rank()); i < all.size();
       i += static_cast<std::size_t>(job.world.size())) {
    mine.add(attribution::reference_ids(inputs.packer->tokenizer(), all[i].references));
  }
  std::vector<std::int64_t> counts(mine.counts().begin(), mine.counts().end());
  counts.push_back(mine.instances());
  job.finish(job.world.sum({counts}), "the document frequencies of task " + task.name());
  const std::int64_t instances = counts.back();
  counts.pop_back();
  return metric::DocumentFrequency(std::move(counts), instances);
}

// Before any cell is computed, so that a record which has no target costs nothing.
Targets targets_of(const JobContext& job, const Inputs& inputs, const Loaded& loaded) {
  Targets targets;
  for (std::size_t t = 0; t < inputs.tasks.size(); ++t)
    targets.push_back(loaded.targets(t, document_frequency(job, inputs, t)));
  return targets;
}

StageSummary heads(const Course& course, const Loaded& loaded) {
  Phase phase(course.job, "heads");
  course.reporting.begin(phase);
  std::vector<plan::Unit> units;  // rank 0 alone cuts and grants
  if (course.job.first())
    units = head_units(course.inputs, course.job.world.size(), loaded.flops_per_second());
  const StageSummary summary = fill(cell_stage(course, phase.name(), "layers", std::move(units),
                                               [&](const plan::Unit& unit) { return loaded.heads(unit); }),
                                    course);
  if (summary.stopped) return summary;
  const Options& options = course.job.options;
  const attribution::HeadOptions head_options{options.ranking.top_k, options.engine.seed,
                                              options.ranking.bootstrap_resamples,
                                              options.ranking.caption_importance};
  for (results::TaskOutput& output : course.filled.outputs)
    output.heads = attribution::head_tables(output.cells, output.counts, head_options);
  phase.end();
  return summary;
}

void write(const Course& course) {
  JobContext& job = course.job;
  Phase phase(job, "write");
  course.reporting.begin(phase);
  const store::FileHeader& header = course.checkpoints.header();
  store::DiscoveryWriter writer(job.options.job.out / "discovery.h5", job.world, header);
  for (const results::TaskOutput& output : course.filled.outputs)
    writer.write_task(output.cells, output.heads, output.sums, output.neurons, output.drawn);
  Record& record = job.record;
  record.slabs = writer.finish();
  record.written_by_rank.assign(static_cast<std::size_t>(job.world.size()), 0);
  record.written_by_rank[static_cast<std::size_t>(job.world.rank())] = record.slabs.elements_by_me;
  job.finish(job.world.sum({record.written_by_rank}), "the count of written slabs");
  if (job.first()) {
    write_file(job.options.job.out / "settings.toml", job.options.job.settings_toml);
    for (std::size_t t = 0; t < course.filled.outputs.size(); ++t)
      results::write_task_files(job.options.job.out, course.filled.outputs[t],
                                provenance(course.inputs, t, header.environment));
  }
  phase.end();
}

// Order: read, take over the ledger, head stage, reductions, head rankings, neuron stage, last checkpoint,
// reductions, files.
ExitCode run(const Options& options, comm::Communicator& world) {
  JobContext job(options, world);
  const std::string ledger = found_ledger(job);
  Phase load(job, "load");
  const Inputs inputs(options);
  warn_of_template(job);
  const Loaded loaded(inputs);
  Filled filled(inputs, inputs.shape);
  const std::string digest = shared_digest(job);
  const Targets targets = targets_of(job, inputs, loaded);
  load.end();
  Checkpoints checkpoints(job, filled, header_of(inputs, inputs.shape, digest), ledger);
  Reporting reporting(job, checkpoints.ledger());
  const Course course{job, inputs, filled, checkpoints, reporting};

  const StageSummary cells = heads(course, loaded);
  if (cells.stopped) return stop(course, cells);
  const StageSummary sums = neurons(course, cells, [&](const plan::Unit& unit) {
    const auto t = static_cast<std::size_t>(unit.load);
    return loaded.neurons(unit, filled.outputs[t].cells, targets[t], filled.outputs[t].sums);
  });
  if (sums.stopped) return stop(course, sums);
  write(course);
  reporting.close(store::RunState::done, filled.outputs);
  if (job.first()) {
    std::fputs(closing_words(options, job.record, filled.outputs).c_str(), stdout);
    std::fflush(stdout);
  }
  return ExitCode::ok;
}

}  // namespace

ExitCode discover(const Options& options, comm::Communicator& world) {
  return with_advice(options, [&] { return run(options, world); });
}

std::string dry_run(const Options& options, int ranks) {
  return told(forecast(options, ranks, 0), options);
}

}  // namespace hones::sweep
