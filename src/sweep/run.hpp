// What every distributed job of one rank has: inputs read, a table of cells filled stage by stage, a ledger
// to go on from, progress, reductions. `discover` and `ablate` are jobs. In pieces: run.cpp (phases, reading,
// reductions), run_stage.cpp (one stage), run_ledger.cpp (checkpoints).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <hones/base/error.hpp>
#include <hones/comm/communicator.hpp>
#include <hones/results/outputs.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/store/ledger.hpp>
#include <hones/store/progress.hpp>
#include <hones/sweep/inputs.hpp>
#include <hones/sweep/options.hpp>
#include <hones/sweep/stage.hpp>

#include "record.hpp"
#include "resume.hpp"

namespace hones::sweep {

// Of a reduction that merges bytes.
template <typename T>
std::span<std::uint8_t> bytes_of(std::vector<T>& values) {
  return {reinterpret_cast<std::uint8_t*>(values.data()), values.size() * sizeof(T)};
}

// Runs a job; an error of LibTorch becomes a line with what to do about memory.
ExitCode with_advice(const Options& options, const std::function<ExitCode()>& job);

// All members but those that say otherwise are collective, like everything that a job does.
class Run {
 public:
  virtual ~Run() = default;
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

 protected:
  // Both must outlive it.
  Run(const Options& options, comm::Communicator& world);

  // Inputs, weights, and what else a job needs before anything is computed.
  virtual void read() = 0;
  // Rank-local. Attributes of /environment: what decides bits, and what was asked.
  virtual std::map<std::string, std::string> environment() const;
  // Rank-local. Cells of a task in a stage.
  virtual std::int64_t cells_of(std::size_t task, bool cell_stage) const;
  // What a later stage than that of the cells adds to a generation of the ledger.
  virtual void add_to_ledger(store::LedgerTask& /*task*/, std::size_t /*index*/,
                             const StageSummary& /*so_far*/) {}

  // Up to the first stage: nothing is touched before everything that can be wrong has been looked at.
  void begin();
  void begin_phase(const std::string& phase);
  void end_phase();
  void read_weights();  // after inputs_ is made: weights, empty tables, the model's digest
  void open_folder();   // rank 0
  void take_over_ledger();
  void settle_environment();  // rank-local
  // The stage that fills the table: `work` computes the cells of a unit. Afterwards the tables are complete
  // on every rank, exclusions included. False: stopped on request.
  bool fill_cells(const std::string& phase, std::vector<plan::Unit> units,
                  const std::function<engine::Work(const plan::Unit&)>& work);
  void reduce_cells(results::TaskOutput& output);
  StageSummary stage(std::vector<plan::Unit> units,
                     const std::function<engine::Work(const plan::Unit&)>& work, const plan::Tally& before,
                     bool cell_stage);
  void checkpoint(const StageSummary& so_far, bool cell_stage, bool finished);
  void log_stop() const;
  void log_unit(const plan::Unit& unit, const engine::Work& work, double seconds) const;
  store::FileHeader header() const;
  std::string share_text(const std::string& of_rank_zero, double seconds);
  void gather_nodes();  // into record_, on every rank
  // Rank-local. "rank 2 on node1".
  std::string name_of(int rank) const;
  void open_log();           // this rank's own file
  void tell_places() const;  // rank 0
  // Rank 0: the last word of progress, and run.json.
  void close_record();
  std::int64_t cells_of_all(bool cell_stage) const;
  void finish(std::unique_ptr<comm::Pending> pending, const std::string& what) {
    comm::finish(std::move(pending),
                 comm::after(std::chrono::duration<double>(options_.job.deadline_seconds)), what);
  }

  const Options& options_;
  comm::Communicator& world_;
  comm::Clock::time_point start_;
  comm::Clock::time_point phase_start_;
  std::string phase_;
  std::optional<Inputs> inputs_;
  std::string model_digest_;
  std::vector<results::TaskOutput> outputs_;
  std::filesystem::path ledger_;  // to go on from; empty: none
  store::Ledger taken_;           // it, but for the cells
  Held held_;
  std::vector<bool> asked_;                                       // by column
  plan::Tally cells_before_;                                      // of earlier starts
  StageSummary cells_done_;                                       // with this one
  comm::Clock::time_point saved_;                                 // the end of the last checkpoint
  double longest_checkpoint_ = 0;                                 // s, of this start
  std::vector<std::map<std::string, std::string>> environments_;  // of the cells, where several
  std::uint8_t environment_index_ = 0;                            // of this start
  bool out_of_time_ = false;                                      // why the last stage stopped
  std::unique_ptr<store::ProgressLog> progress_;                  // rank 0
  Record record_;

 private:
  table::TaskCells cells_so_far(results::TaskOutput& output, std::int32_t task,
                                const std::vector<plan::Exclusion>& exclusions, bool cell_stage);
  store::Progress progress_of(const StageView& view, std::int64_t cells_all, const plan::Tally& before) const;
  std::pair<int, std::string> verdict(const StageSummary& summary, bool cell_stage) const;
};

}  // namespace hones::sweep
