// The sweep over heads and neurons, from what is read to what is written. In pieces: discover.cpp (its
// course), discover_write.cpp (files), and what every job has (run.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/sweep/discover.hpp>

#include "run.hpp"

namespace hones::sweep {

// Order: read, take over the ledger, head stage, reductions, head rankings, neuron
// stage, last checkpoint, reductions, files. What is on every rank after each step is said there.
class Discovery : public Run {
 public:
  // Both must outlive it.
  Discovery(const Options& options, comm::Communicator& world) : Run(options, world) {}
  ExitCode run();

 private:
  std::int64_t cells_of(std::size_t task, bool cell_stage) const override;
  void add_to_ledger(store::LedgerTask& task, std::size_t index, const StageSummary& so_far) override;

  void read() override;
  bool heads();  // false: stopped on request, like neurons()
  bool neurons();
  void write();
  void report();

  void reduce_sums(table::NeuronSums& sums, const std::string& task);
  metric::DocumentFrequency document_frequency(std::size_t task);
  bool take_over_sums();
  std::vector<table::Head> drawn(std::int64_t seed) const;  // RandHead's, rank-local

  std::vector<std::vector<attribution::Target>> targets_;  // [task][instance]
  std::vector<std::vector<table::Head>> stored_;           // [task]: best first
  std::vector<std::vector<std::uint8_t>> in_sums_;         // [task][N]: this rank's; the ledger's on rank 0
};

}  // namespace hones::sweep
