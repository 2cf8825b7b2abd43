// The table that every sweep fills: instances x columns. Column 0 is the plain run; in a discovery column
// 1 + l*H + h is the run with head h of layer l replaced, in an ablation column 1 + r its r-th intervention.
// Plain data, complete or a rank's share; nothing here knows ranks,
// files or tensors.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace hones::table {

// heads/cell of docs/outputs.md.
enum class CellState : std::uint8_t {
  not_done = 0,
  unchanged = 1,  // done, the answer (retrieval: the ranking) is the plain one
  changed = 2,    // done, it differs
  invalid = 3,    // not finite or out of range
  not_asked = 4,
};

// Some rank computed the cell.
inline bool is_computed(CellState state) {
  return state == CellState::unchanged || state == CellState::changed || state == CellState::invalid;
}

// instances/status of docs/outputs.md.
enum class InstanceState : std::uint8_t { not_done = 0, done = 1, excluded = 2 };

struct Instance {
  std::string image_id;
  std::string item_id;  // question, annotation or caption id; empty where the image is the item
  InstanceState state = InstanceState::not_done;
  std::string reason;  // why excluded
};

inline constexpr std::uint16_t kNoCount = 65535;  // of a cell without a value

// What was computed for one instance over the columns [begin, begin + states.size()): the unit of computing,
// sending and writing.
struct CellBlock {
  std::int64_t instance = 0;
  std::int64_t begin = 0;
  std::vector<CellState> states;
  std::vector<double> utility;            // NaN where invalid
  std::vector<float> answer_logprob;      // NaN where invalid
  std::vector<float> scores;              // [columns, C], retrieval only
  std::vector<std::uint16_t> counts;      // [columns, TaskCells::counts]; kNoCount where not done
  std::vector<std::uint8_t> environment;  // per column, where TaskCells::by_environment; else empty
  std::vector<std::vector<std::int32_t>>
      answers;  // per column; empty unless column 0 or state `changed` (generating tasks)

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& instance& begin& states& utility& answer_logprob& scores& counts& environment& answers;
  }
};

struct Shape {
  std::int64_t layers = 0;         // L
  std::int64_t heads = 0;          // H
  std::int64_t d_ff = 0;           // F
  std::int64_t interventions = 0;  // of an ablation, in the place of single heads; 0: a discovery
  std::int64_t columns() const { return 1 + groups() * group_size(); }
  // Columns behind the plain one come in groups that a unit of work does not cut: a layer's heads, or one
  // intervention.
  std::int64_t groups() const { return interventions > 0 ? interventions : layers; }
  std::int64_t group_size() const { return interventions > 0 ? 1 : heads; }
  std::int64_t column(std::int64_t layer, std::int64_t head) const { return 1 + layer * heads + head; }
  bool operator==(const Shape&) const = default;
};

// One task's table. `states`, `utility` and `answer_logprob` are complete on every rank once reduced; the
// rest lies in the blocks of the rank that computed it.
struct TaskCells {
  std::string task;        // "vqa", "ocr", ...
  std::string metric;      // "vqa_accuracy:normalize_always", ...
  std::string definition;  // the task as JSON; empty in results of a version that did not store it
  Shape shape;
  std::int64_t candidates = 0;        // C, retrieval only
  std::int64_t answer_limit = 0;      // generation limit; 0 for retrieval
  std::int64_t counts = 0;            // that the metric keeps of every cell beside its value; mostly none
  bool by_environment = false;        // cells of several environments: blocks say which made each
  std::vector<Instance> instances;    // [N]
  std::vector<CellState> states;      // [N, columns]
  std::vector<double> utility;        // [N, columns], NaN unless unchanged or changed
  std::vector<float> answer_logprob;  // [N, columns], NaN unless unchanged or changed
  std::vector<CellBlock> own;         // blocks computed here, any order

  std::int64_t size() const { return static_cast<std::int64_t>(instances.size()); }
  std::size_t at(std::int64_t instance, std::int64_t column) const {
    return static_cast<std::size_t>(instance * shape.columns() + column);
  }
};

// Prepares states (not_done), utility (NaN) and answer_logprob (NaN) for the instances set.
void resize(TaskCells& cells);

// Copies states, utility and answer_logprob of the blocks in `own` to their places in the table; cells of a
// block that are not done leave the table as it is.
void place_blocks(TaskCells& cells);

// The counts of the blocks in `own` as one array [N, columns, cells.counts], `absent` where no block has any
// or has the cell not done.
std::vector<std::uint16_t> counts_of(const TaskCells& cells, std::uint16_t absent);

}  // namespace hones::table
