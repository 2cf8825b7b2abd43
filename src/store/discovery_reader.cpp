#include <utility>

#include <hones/metric/named.hpp>
#include <hones/store/discovery_file.hpp>

#include "input_file.hpp"
#include "task_reader.hpp"

namespace hones::store {

namespace {

using table::Shape;
using table::TaskCells;

HeadTables read_head_tables(const InputFile& in, const std::string& group, const TaskCells& cells) {
  const Shape& shape = cells.shape;
  const InputFile::Dims by_head{shape.layers, shape.heads};
  const std::string heads = group + "/heads/";
  HeadTables tables;
  tables.importance = in.read<double>(heads + "importance", by_head);
  tables.ci_low = in.read<double>(heads + "ci_low", by_head);
  tables.ci_high = in.read<double>(heads + "ci_high", by_head);
  tables.answers_changed = in.read<std::uint32_t>(heads + "answers_changed", by_head);
  tables.valid = in.read<std::uint32_t>(heads + "valid", by_head);
  tables.top = read_heads(in, heads + "top", shape);
  tables.split_half_overlap = in.attribute<double>(group, "split_half_overlap");
  tables.plain_metric = in.attribute<double>(group, "plain_metric");
  if (const metric::Counts* kept = metric::counts_of(cells.metric))
    tables.plain_together = in.attribute<double>(group, "plain_" + std::string(kept->key));
  return tables;
}

// `group`: the task's; `of`: the group of neurons in it.
NeuronTables read_neuron_tables(const InputFile& in, const std::string& group, const std::string& of,
                                const Shape& shape) {
  const InputFile::Dims by_neuron{shape.layers, shape.d_ff};
  const std::string neurons = group + of + "/";
  NeuronTables tables;
  tables.plain = in.read<double>(neurons + "plain", by_neuron);
  tables.per_instance = in.read<double>(neurons + "per_instance", by_neuron);
  tables.after_mean = in.read<double>(neurons + "after_mean", by_neuron);
  tables.top = read_pairs(in, neurons + "top", InputFile::kAny, shape.layers, shape.d_ff);
  const std::string mode = in.text_attribute(group, "neuron_mode");
  const auto known = choice::find<choice::NeuronMode>(mode);
  if (!known) in.fail(group, "neuron_mode '" + mode + "' is not known: expected per_instance or after_mean");
  tables.mode = *known;
  return tables;
}

}  // namespace

DiscoveryContents read_discovery(const std::filesystem::path& file) {
  const InputFile in(file);
  DiscoveryContents contents;
  contents.header = read_header(in);
  const Shape& shape = contents.header.shape;
  for (const std::string& task : in.members("/tasks")) {
    const std::string group = "/tasks/" + task;
    TaskContents read;
    read.cells = read_cells(in, task, group, shape);
    read.heads = read_head_tables(in, group, read.cells);
    read.sums = read_sums(in, group + "/neurons", shape);
    read.neurons = read_neuron_tables(in, group, "/neurons", shape);
    if (in.has(group + "/neurons/drawn")) {
      for (const std::string& seed : in.members(group + "/neurons/drawn")) {
        const std::string of = "/neurons/drawn/" + seed;
        read.drawn.push_back(
            {std::stoll(seed), read_sums(in, group + of, shape), read_neuron_tables(in, group, of, shape)});
      }
    }
    contents.tasks.push_back(std::move(read));
  }
  return contents;
}

}  // namespace hones::store
