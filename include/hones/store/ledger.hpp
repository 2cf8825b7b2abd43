// ledger.h5, the checkpoint (docs/outputs.md). A generation is one file, written whole by all ranks under a
// temporary name, synced, renamed; the last two are kept. The first 512 bytes are HDF5's user block: they
// hold the SHA-256 of all behind them, so that a file that was cut or changed is known before it is read.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <hones/comm/communicator.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/figures.hpp>
#include <hones/table/neurons.hpp>

namespace hones::store {

inline constexpr const char* kLedger = "ledger.h5";
inline constexpr const char* kPreviousLedger = "ledger.h5.previous";

struct LedgerState {
  table::Figures heads, neurons;   // over all starts of the run
  std::int64_t checkpoints = 0;    // generations written before this one
  double checkpoint_seconds = 0;   // that they took
  std::int64_t interruptions = 0;  // starts that went on from a ledger of unfinished work
  bool finished = false;           // nothing is left to compute
};

struct LedgerTask {
  // Cells computed so far are unchanged, changed or invalid in `states`; all others mean nothing. Instances
  // are excluded or not; other states mean nothing. `utility` and `answer_logprob` are read, not written: the
  // values come from the blocks.
  table::TaskCells cells;
  std::optional<table::NeuronSums> sums;  // once the neuron stage has begun
  std::vector<std::uint8_t> in_sums;      // [N], 1: the instance is in the sums; empty without sums
  std::int64_t invalid_contributions = 0;
};

struct Ledger {
  FileHeader header;
  LedgerState state;
  std::vector<LedgerTask> tasks;
};

struct LedgerReport {
  double seconds = 0;
  std::int64_t bytes = 0;
};

// Collective: every rank passes its own blocks (cells.own) and all else alike. Afterwards FOLDER/ledger.h5 is
// this generation and ledger.h5.previous the one before. Errors as for DiscoveryWriter; what a killed writer
// leaves is overwritten by the next.
LedgerReport write_ledger(const std::filesystem::path& folder, comm::Communicator& world,
                          const Ledger& ledger,
                          std::chrono::duration<double> call_limit = std::chrono::minutes(10));

struct FoundLedger {
  std::filesystem::path file;        // empty: the folder holds none
  std::vector<std::string> damaged;  // what is wrong with newer generations, one line each
};

// The newest whole generation. Rank-local. DataError where there are generations, but no whole one.
FoundLedger find_ledger(const std::filesystem::path& folder);

// Throws DataError naming file and dataset when it is not a ledger of this schema_version.
Ledger read_ledger(const std::filesystem::path& file);
// Its first part alone.
FileHeader read_ledger_header(const std::filesystem::path& file);

}  // namespace hones::store
