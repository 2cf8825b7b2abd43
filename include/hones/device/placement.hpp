// Which rank computes where: node, cores, GPU.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <hones/comm/communicator.hpp>
#include <hones/device/gpu.hpp>

namespace hones::device {

enum class Kind { cpu, cuda };

struct Place {
  int rank = 0;
  std::string node;    // host name
  int node_first = 0;  // the lowest rank that shares memory with this one: tells nodes of one name apart
  int local_rank = 0;  // among the ranks that share memory with it
  std::string cores;   // that it may run on, "0-3,8"
  Gpus gpus;           // that it sees; none were looked for where the run is to be on CPUs
  std::optional<std::size_t> taken;  // of gpus.seen, by assign()

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& rank& node& node_first& local_rank& cores& gpus;
  }
};

struct Placement {
  Kind kind = Kind::cpu;
  std::vector<Place> places;  // by rank
};

// Collective: every rank's place, on every rank, with a GPU taken by each where the kind is cuda. `device`:
// "cpu" looks for no GPU; "cuda" refuses when a rank sees none; "auto" is cuda where a rank sees one.
// UsageError, the same on all ranks, where a rank has none, and where two would have the same one unless
// `share`.
Placement place(comm::Communicator& world, const std::string& device, bool share, comm::Deadline deadline);

// The pure parts of place().

// On each node, in the order of local ranks, each takes the GPU that it sees which the fewest have taken, of
// these the one it sees first. So ranks that see one each (srun --gpus-per-task=1) take that; ranks that all
// see every GPU of the node are spread over them. GPUs are told apart by their id.
void assign(std::vector<Place>& places);
// The line that refuses the first GPU of two ranks; none where every rank has its own.
std::optional<std::string> shared_gpu(const std::vector<Place>& places);
// The map, a line a rank, under a line of headings; then one for every node with fewer cores than ranks.
std::string told(const Placement& placement);

}  // namespace hones::device
