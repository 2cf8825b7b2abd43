#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/base/process_status.hpp>
#include <hones/comm/archive.hpp>
#include <hones/device/placement.hpp>

namespace hones::device {

namespace {

// "0-3,8" as numbers.
std::set<int> cores_in(const std::string& list) {
  std::set<int> cores;
  std::istringstream ranges(list);
  int first = 0;
  while (ranges >> first) {
    int last = first;
    if (ranges.peek() == '-') ranges.ignore() >> last;
    for (int core = first; core <= last; ++core) cores.insert(core);
    ranges.ignore();  // the comma
  }
  return cores;
}

std::string name_of(const Place& place) {
  return "rank " + std::to_string(place.rank) + " on " + place.node;
}

std::string refused_without_gpu(const Place& place) {
  return name_of(place) + " sees no GPU (" + place.gpus.why_none +
         "): expected one for each rank; ask Slurm for --gpus-per-task=1, or take --device cpu";
}

// The lines of a table, columns padded to their widest cell.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line += (c == 0 ? "" : "  ") + row[c] + std::string(widths[c] - row[c].size(), ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string few_cores(const std::vector<Place>& places) {
  struct Node {
    std::string name;
    int ranks = 0;
    std::set<int> cores;
  };
  std::map<int, Node> nodes;
  for (const Place& place : places) {
    Node& node = nodes[place.node_first];
    node.name = place.node;
    ++node.ranks;
    node.cores.merge(cores_in(place.cores));
  }
  std::string text;
  for (const auto& [first, node] : nodes) {
    if (node.cores.empty() || static_cast<std::size_t>(node.ranks) <= node.cores.size()) continue;
    text += node.name + ": " + std::to_string(node.ranks) + " ranks share " +
            std::to_string(node.cores.size()) + " core(s)\n";
  }
  return text;
}

}  // namespace

void assign(std::vector<Place>& places) {
  std::vector<Place*> in_order;
  for (Place& place : places) in_order.push_back(&place);
  std::stable_sort(in_order.begin(), in_order.end(),
                   [](const Place* a, const Place* b) { return a->local_rank < b->local_rank; });
  std::map<std::pair<int, std::string>, int> takers;  // of a node's GPU
  for (Place* place : in_order) {
    const auto count = [&](const Gpu& gpu) { return takers[{place->node_first, gpu.id}]; };
    const auto& seen = place->gpus.seen;
    const auto best = std::min_element(seen.begin(), seen.end(),
                                       [&](const Gpu& a, const Gpu& b) { return count(a) < count(b); });
    place->taken.reset();
    if (best == seen.end()) continue;
    place->taken = static_cast<std::size_t>(best - seen.begin());
    ++takers[{place->node_first, best->id}];
  }
}

std::optional<std::string> shared_gpu(const std::vector<Place>& places) {
  std::map<std::pair<int, std::string>, const Place*> owners;
  for (const Place& place : places) {
    if (!place.taken) continue;
    const Gpu& gpu = place.gpus.seen[*place.taken];
    const auto [owner, first] = owners.try_emplace({place.node_first, gpu.id}, &place);
    if (first) continue;
    return "ranks " + std::to_string(owner->second->rank) + " and " + std::to_string(place.rank) + " on " +
           place.node + " would compute on one GPU, " + gpu.id +
           ": expected a GPU for each rank; start fewer ranks on this node (--ntasks-per-node), or let them "
           "share it "
           "by --share-gpu";
  }
  return std::nullopt;
}

std::string told(const Placement& placement) {
  std::map<int, int> ranks_of_node;
  for (const Place& place : placement.places) ++ranks_of_node[place.node_first];
  const bool cuda = placement.kind == Kind::cuda;
  std::vector<std::vector<std::string>> rows = {{"rank", "node", "local rank", "cores"}};
  if (cuda) rows[0].insert(rows[0].end(), {"GPU", "of", "id", "name"});
  for (const Place& place : placement.places) {
    rows.push_back(
        {std::to_string(place.rank), place.node,
         std::to_string(place.local_rank) + " of " + std::to_string(ranks_of_node[place.node_first]),
         place.cores});
    if (!cuda || !place.taken) continue;
    const Gpu& gpu = place.gpus.seen[*place.taken];
    rows.back().insert(rows.back().end(),
                       {std::to_string(gpu.index), std::to_string(place.gpus.seen.size()), gpu.id, gpu.name});
  }
  return table(rows) + few_cores(placement.places);
}

Placement place(comm::Communicator& world, const std::string& device, bool share, comm::Deadline deadline) {
  Place mine;
  mine.rank = world.rank();
  mine.node = world.node();
  mine.node_first = world.on_node().first;
  mine.local_rank = world.on_node().rank;
  mine.cores = process_status("Cpus_allowed_list").value_or("");
  if (device != "cpu") mine.gpus = visible_gpus();

  const auto gathered = world.gather(comm::to_bytes(std::as_const(mine)), 0, deadline);
  Placement placement;
  for (const auto& bytes : gathered) placement.places.push_back(comm::from_bytes<Place>(bytes));
  std::vector<std::byte> all = comm::to_bytes(std::as_const(placement.places));
  world.broadcast(all, 0, deadline);
  placement.places = comm::from_bytes<std::vector<Place>>(all);

  auto& places = placement.places;
  const auto blind = [](const Place& place) { return place.gpus.seen.empty(); };
  const bool none = std::all_of(places.begin(), places.end(), blind);
  if (device == "cpu" || (device == "auto" && none)) return placement;
  const auto without = std::find_if(places.begin(), places.end(), blind);
  if (without != places.end()) throw UsageError(refused_without_gpu(*without));
  placement.kind = Kind::cuda;
  assign(places);
  if (const auto refusal = shared_gpu(places); refusal && !share) throw UsageError(*refusal);
  return placement;
}

}  // namespace hones::device
