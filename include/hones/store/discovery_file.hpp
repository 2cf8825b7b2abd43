// discovery.h5, schema_version 1 (docs/outputs.md). Written collectively by all ranks, read by one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <hones/comm/communicator.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/neurons.hpp>
#include <hones/table/rankings.hpp>

namespace hones::store {

inline constexpr std::int64_t kSchemaVersion = 1;

struct FileHeader {
  std::string model_family;  // "llava"
  table::Shape shape;
  std::string dtype;
  std::string model_digest;
  std::string benchmark_digest;
  std::string settings_json;                       // only what can change a number
  std::map<std::string, std::string> environment;  // attributes of the group /environment: the last start's
  // Where cells were made in several: all of them, what heads/environment counts; else empty.
  std::vector<std::map<std::string, std::string>> environments;
};

using table::HeadTables;
using table::NeuronTables;

// Rank-local. Datasets without elements are not counted: nothing is written to them.
struct SlabReport {
  std::int64_t datasets = 0;        // written
  std::int64_t collective = 0;      // of these, those that the library says it wrote collectively
  std::int64_t elements_by_me = 0;  // elements of cell datasets (heads/cell) this rank wrote
};

// Collective, all members and the destructor: every rank passes its own blocks (cells.own) and equal derived
// tables. Writes FILE.tmp, syncs it, renames it to FILE on rank 0. With a local communicator the same calls
// write serially.
class DiscoveryWriter {
 public:
  // Where a collective call takes longer than `call_limit`, a rank is missing and the job ends with exit
  // code 4.
  DiscoveryWriter(const std::filesystem::path& file, comm::Communicator& world, const FileHeader& header,
                  std::chrono::duration<double> call_limit = std::chrono::minutes(10));
  ~DiscoveryWriter();  // an unfinished file is removed
  DiscoveryWriter(const DiscoveryWriter&) = delete;
  DiscoveryWriter& operator=(const DiscoveryWriter&) = delete;

  // Tasks are read back in the order written. Every computed cell must lie in exactly one rank's blocks, and
  // each rank writes its own (heads/cell, utility, answer_logprob, scores, the metric's counts, answers); the
  // derived tables are written in equal shares. InternalError when the ranks' blocks are not the table, or a
  // write of several ranks was not collective.
  void write_task(const table::TaskCells& cells, const HeadTables& heads, const table::NeuronSums& sums,
                  const NeuronTables& neurons, const std::vector<table::DrawnHeads>& drawn = {});
  // Ends the file and publishes it; returns what the library said of this rank's writes.
  SlabReport finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A task as read back: one block per instance in cells.own (scores, counts and answers included).
struct TaskContents {
  table::TaskCells cells;
  HeadTables heads;
  table::NeuronSums sums;
  NeuronTables neurons;
  std::vector<table::DrawnHeads> drawn;
};

struct DiscoveryContents {
  FileHeader header;
  std::vector<TaskContents> tasks;
};

// Throws DataError naming file and dataset when it is not a discovery.h5 of this schema_version.
DiscoveryContents read_discovery(const std::filesystem::path& file);

}  // namespace hones::store
