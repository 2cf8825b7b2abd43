// Units of work: what is granted to a rank. Pure values, serialised for messages.
#pragma once

#include <cstdint>

#include <hones/plan/tally.hpp>

namespace hones::plan {

enum class Stage : std::uint8_t { heads = 0, neurons = 1 };

// {load, block of bundles, range of groups}. In the stage that fills the table (heads) a unit computes, for
// its bundles, the columns of groups [group_begin, group_end), a group being a layer's heads or one
// intervention of an ablation, and column 0 when it `owns_plain` (exactly one unit per bundle does). In the
// neuron stage a unit is whole instances with all stored heads; its groups are all layers.
struct Unit {
  std::int64_t id = 0;
  Stage stage = Stage::heads;
  std::int32_t load = 0;            // a kind of bundles; in the neuron stage a task
  std::int64_t instance_begin = 0;  // bundles of the kind; instances of the task
  std::int64_t instance_end = 0;
  std::int64_t group_begin = 0;
  std::int64_t group_end = 0;
  bool owns_plain = false;
  double cost = 0;  // its bundles' price in FLOPs; longest first

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& id& stage& load& instance_begin& instance_end& group_begin& group_end& owns_plain& cost;
  }
};

// What rank 0 answers to a request.
struct Grant {
  enum class Kind : std::uint8_t { unit = 0, wait = 1, stage_done = 2, checkpoint = 3 };
  Kind kind = Kind::stage_done;
  Unit unit;
  bool stop = false;  // checkpoint: the stage ends behind it, done or not

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& kind& unit& stop;
  }
};

inline constexpr std::int64_t kNoUnit = -1;

// What a rank reports when a unit is finished, together with its wish for the next one.
struct Outcome {
  int rank = 0;
  bool has_unit = false;  // false: the first request
  // The unit that the rank begins now, granted before; the answer, the unit behind it if there is one to be
  // had ahead of its time, is read when this one is done. kNoUnit: the rank waits for the answer.
  std::int64_t begins = kNoUnit;
  std::int64_t gives_back = kNoUnit;  // a unit granted ahead and not begun
  std::int64_t unit = 0;
  double seconds = 0;
  Tally tally;
  bool stop_asked = false;  // the rank was told to stop (a signal)

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& rank& has_unit& begins& gives_back& unit& seconds& tally& stop_asked;
  }
};

}  // namespace hones::plan
