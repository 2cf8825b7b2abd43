// The whole job of one rank: the sweep from what is read to what is written. In pieces: discover.cpp (its
// course), discover_stage.cpp (one stage), discover_ledger.cpp (checkpoints), discover_write.cpp (files).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <hones/comm/communicator.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/store/ledger.hpp>
#include <hones/store/progress.hpp>
#include <hones/sweep/discover.hpp>
#include <hones/sweep/outputs.hpp>
#include <hones/sweep/stage.hpp>

#include "inputs.hpp"
#include "record.hpp"
#include "resume.hpp"

namespace hones::sweep {

// What earlier starts of the run have booked, added.
StageSummary add_figures(StageSummary summary, const store::StageFigures& figures);

// Of a reduction that merges bytes.
template <typename T>
std::span<std::uint8_t> bytes_of(std::vector<T>& values) {
  return {reinterpret_cast<std::uint8_t*>(values.data()), values.size() * sizeof(T)};
}

// Order: read, take over the ledger, head stage, reductions, head rankings, neuron
// stage, last checkpoint, reductions, files. What is on every rank after each step is said there.
class Discovery {
 public:
  // Both must outlive it.
  Discovery(const DiscoverOptions& options, comm::Communicator& world);
  ExitCode run();

 private:
  void read();
  void read_digest();
  void take_over_ledger();
  void open_folder();
  bool heads();  // false: stopped on request, like neurons()
  bool neurons();
  void log_stop();
  void write();
  void report();

  void reduce_cells(TaskOutput& output);
  void reduce_sums(table::NeuronSums& sums, const std::string& task);
  metric::DocumentFrequency document_frequency(std::size_t task);
  std::string share_text(const std::string& of_rank_zero, double seconds);
  StageSummary stage(const std::string& phase, std::vector<plan::Unit> units,
                     const std::function<Work(const plan::Unit&)>& work, const StageSummary& before);
  store::FileHeader header() const;
  table::TaskCells cells_so_far(TaskOutput& output, std::int32_t task,
                                const std::vector<plan::Exclusion>& exclusions, bool head_stage);
  void checkpoint(const StageSummary& so_far, bool head_stage, bool finished);
  bool take_over_sums();
  std::int64_t cells_of(std::size_t task, bool head_stage) const;
  std::int64_t cells_of_all(bool head_stage) const;
  store::Progress progress_of(const StageView& view, std::int64_t cells_all,
                              const StageSummary& before) const;
  std::pair<int, std::string> verdict(const StageSummary& summary, bool head_stage) const;
  void begin_phase(const std::string& phase);
  void end_phase();
  void finish(std::unique_ptr<comm::Pending> pending, const std::string& what) {
    comm::finish(std::move(pending), comm::after(std::chrono::duration<double>(options_.deadline_seconds)),
                 what);
  }

  const DiscoverOptions& options_;
  comm::Communicator& world_;
  comm::Clock::time_point start_;
  comm::Clock::time_point phase_start_;
  std::string phase_;
  std::optional<Inputs> inputs_;
  std::string model_digest_;
  std::vector<std::vector<attribution::Target>> targets_;  // [task][instance]
  std::vector<TaskOutput> outputs_;
  std::filesystem::path ledger_;  // to go on from; empty: none
  store::Ledger taken_;           // it, but for the cells
  Held held_;
  std::vector<bool> asked_;                         // by column
  StageSummary heads_before_, heads_done_;          // of earlier starts; and with this one
  std::vector<std::vector<std::uint8_t>> in_sums_;  // [task][N]: this rank's; the ledger's on rank 0
  comm::Clock::time_point saved_;                   // the end of the last checkpoint
  std::unique_ptr<store::ProgressLog> progress_;    // rank 0
  Record record_;
};

}  // namespace hones::sweep
