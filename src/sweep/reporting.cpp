#include "reporting.hpp"

#include <cstdio>
#include <span>
#include <sstream>

#include <nlohmann/json.hpp>
#include <sched.h>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/log.hpp>

#include "folder.hpp"

namespace hones::sweep {

Reporting::Reporting(JobContext& job, const std::filesystem::path& ledger) : job_(job) {
  gather_nodes();
  if (job_.first()) {
    open_folder(ledger);
    progress_ = std::make_unique<store::ProgressLog>(job_.options.job.out / "progress.jsonl", stderr,
                                                     ::isatty(STDERR_FILENO) != 0);
    store::Progress loaded;
    loaded.t = job_.seconds();
    loaded.phase = "load";
    progress_->report(loaded);
  }
  job_.share("open");  // before it is, a rank that fails must leave what an earlier run left there
  note_failures();
  open_log();
  if (job_.first()) tell_places();
}

void Reporting::gather_nodes() {
  const std::string node = job_.world.node();
  const auto nodes =
      job_.world.gather(std::as_bytes(std::span(node.data(), node.size())), 0, job_.deadline());
  std::string lines;
  for (const auto& name : nodes)
    lines += std::string(reinterpret_cast<const char*>(name.data()), name.size()) + "\n";
  std::istringstream all(job_.share(lines));
  for (std::string name; std::getline(all, name);) job_.record.nodes.push_back(name);
}

void Reporting::open_folder(const std::filesystem::path& ledger) const {
  prepare_folder(job_.options, ledger);
  store::write_run_json(job_.options.job.out, opening_json(job_.options, job_.record));
}

// The folder and what is to be said are kept by value: a failure is told when all else has been unwound.
void Reporting::note_failures() const {
  job_.world.on_failure([folder = job_.options.job.out, rank = job_.world.rank(), node = job_.world.node(),
                         start = job_.start](ExitCode code, const std::string& line) {
    store::fail_run_json(folder, {code, line, rank, node}, utc_now(), comm::seconds_since(start));
  });
}

void Reporting::open_log() const {
  char name[32];
  std::snprintf(name, sizeof name, "rank-%05d.log", job_.world.rank());
  std::error_code ignored;  // a folder that cannot be made shows as a file that cannot be opened
  std::filesystem::create_directories(job_.options.job.out / "logs", ignored);
  log::also_to(job_.options.job.out / "logs" / name,
               job_.world.node() + " rank " + std::to_string(job_.world.rank()));
  log::debug("ready: " + std::to_string(job_.world.size()) + " ranks, phase load took " +
             std::to_string(static_cast<int>(job_.seconds())) + " s");
}

// Who is where, and what slows a job down without a word: a launcher that binds a rank to fewer processors
// than it has threads.
void Reporting::tell_places() const {
  const std::vector<std::string>& nodes = job_.record.nodes;
  const std::int64_t threads = job_.options.engine.threads;
  if (nodes.size() > 1) {
    std::string line;
    for (std::size_t r = 0; r < nodes.size();) {
      std::size_t last = r;
      while (last + 1 < nodes.size() && nodes[last + 1] == nodes[r]) ++last;
      line += (line.empty() ? "" : ", ") + std::string(last > r ? "ranks " : "rank ") + std::to_string(r) +
              (last > r ? "-" + std::to_string(last) : "") + " on " + nodes[r];
      r = last + 1;
    }
    log::info(line + "; " + std::to_string(threads) + " thread" + (threads == 1 ? "" : "s") +
              " a rank, device cpu");
  }
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  if (CPU_COUNT(&allowed) < threads) {
    log::warning("rank 0 may run on " + std::to_string(CPU_COUNT(&allowed)) + " processors and is to use " +
                 std::to_string(threads) +
                 " threads: mpirun --map-by slot:PE=THREADS, srun --cpus-per-task, or a smaller --threads");
  }
}

void Reporting::begin(const Phase& phase) {
  if (!progress_) return;
  store::Progress progress;
  progress.t = job_.seconds();
  progress.phase = phase.name();
  progress_->report(progress);
}

void Reporting::report(const store::Progress& progress, bool last) {
  if (last) {
    progress_->report_now(progress);
  } else {
    progress_->report(progress);
  }
}

std::string Reporting::name_of(int rank) const {
  return "rank " + std::to_string(rank) + " on " + job_.record.nodes.at(static_cast<std::size_t>(rank));
}

void Reporting::close(store::RunState state, const std::vector<results::TaskOutput>& outputs) {
  if (job_.first()) {
    job_.record.seconds = job_.seconds();
    if (state == store::RunState::done) {
      store::Progress done;
      done.t = job_.record.seconds;
      done.phase = "done";
      done.cells_done = done.cells_all = job_.record.all.cells;
      progress_->report_now(done);
    }
    store::write_run_json(job_.options.job.out, closing_json(job_.options, job_.record, outputs, state));
  }
  progress_.reset();  // leaves the last line standing
  job_.world.on_failure({});
}

}  // namespace hones::sweep
