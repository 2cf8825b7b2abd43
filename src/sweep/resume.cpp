#include "resume.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>

namespace hones::sweep {

namespace {

using table::CellState;

const std::set<std::string> kMayGrow{"discover.instances", "discover.queries", "discover.heads",
                                     "ablate.instances", "ablate.queries"};

[[noreturn]] void refuse(const std::string& ledger, const std::string& what) {
  throw UsageError(ledger + " " + what + "; name another folder, or pass --restart to begin anew there");
}

nlohmann::json parsed(const std::string& json) {
  return json.empty() ? nlohmann::json::object() : nlohmann::json::parse(json);
}

std::string shown(const nlohmann::json& settings, const std::string& key) {
  return settings.contains(key) ? settings.at(key).dump() : "nothing";
}

// Appends a part of `unit`: one bundle, layers [begin, end).
void append_part(std::vector<plan::Unit>& parts, const plan::Unit& unit, std::int64_t bundle,
                 std::int64_t begin, std::int64_t end, bool owns_plain) {
  plan::Unit part = unit;
  part.id = static_cast<std::int64_t>(parts.size());
  part.instance_begin = bundle;
  part.instance_end = bundle + 1;
  part.group_begin = begin;
  part.group_end = end;
  part.owns_plain = owns_plain;
  part.cost *=
      static_cast<double>(end - begin) /
      static_cast<double>((unit.group_end - unit.group_begin) * (unit.instance_end - unit.instance_begin));
  parts.push_back(part);
}

}  // namespace

void check_settings(const std::string& ledger, const std::string& stored_json,
                    const std::string& asked_json) {
  const nlohmann::json stored = parsed(stored_json), asked = parsed(asked_json);
  std::set<std::string> keys;
  for (const auto& [key, value] : stored.items()) keys.insert(key);
  for (const auto& [key, value] : asked.items()) keys.insert(key);
  for (const std::string& key : keys) {
    if (kMayGrow.contains(key) || shown(stored, key) == shown(asked, key)) continue;
    refuse(ledger, "was made with " + key + " = " + shown(stored, key) + ", and " + shown(asked, key) +
                       " is asked for");
  }
}

void check_environment(const std::string& ledger, const std::map<std::string, std::string>& stored,
                       const std::map<std::string, std::string>& here, bool accept) {
  static const std::set<std::string> machine{"git_commit", "libtorch", "cpu_capability"};
  for (const auto& [name, value] : here) {
    const auto there = stored.find(name);
    const std::string was = there == stored.end() ? "nothing" : there->second;
    if (was == value) continue;
    const bool may = machine.contains(name);
    if (may && accept) continue;
    refuse(
        ledger,
        "was made with " + name + " = " + was + ", and here it is " + value +
            (may ? "; --accept-environment goes on all the same, and notes which cells were made here" : ""));
  }
}

std::vector<std::uint8_t> take_over(const std::string& ledger, store::LedgerTask& stored, std::int32_t task,
                                    const std::vector<bool>& asked, int rank, int ranks,
                                    table::TaskCells& cells, plan::Tally& before) {
  table::TaskCells& old = stored.cells;
  const std::int64_t columns = cells.shape.columns();
  if (old.task != cells.task || old.definition != cells.definition || old.shape != cells.shape ||
      old.candidates != cells.candidates || old.answer_limit != cells.answer_limit)
    refuse(ledger, "holds another task in the place of '" + cells.task + "'");
  if (old.size() > cells.size()) {
    refuse(ledger, "holds " + std::to_string(old.size()) + " instances of the task '" + cells.task +
                       "', and " + std::to_string(cells.size()) +
                       " are asked for: a run can grow, not shrink");
  }
  std::vector<std::uint8_t> held(static_cast<std::size_t>(cells.size() * columns), 0);
  for (std::int64_t i = 0; i < old.size(); ++i) {
    const table::Instance& instance = old.instances[static_cast<std::size_t>(i)];
    const table::Instance& here = cells.instances[static_cast<std::size_t>(i)];
    if (instance.image_id != here.image_id || instance.item_id != here.item_id) {
      refuse(ledger, "holds instance " + instance.image_id + " of the task '" + cells.task + "' where " +
                         here.image_id + " is asked for");
    }
    const auto row = held.begin() + static_cast<std::ptrdiff_t>(i * columns);
    if (instance.state == table::InstanceState::excluded) {
      std::fill_n(row, columns, std::uint8_t{1});
      before.exclusions.push_back({task, i, instance.reason});
      continue;
    }
    table::CellBlock& block = old.own[static_cast<std::size_t>(i)];
    bool any = false;
    for (std::int64_t c = 0; c < columns; ++c) {
      CellState& state = block.states[static_cast<std::size_t>(c)];
      if (!table::is_computed(state)) {
        state = CellState::not_done;
        continue;
      }
      if (!asked[static_cast<std::size_t>(c)]) {
        const std::int64_t group = (c - 1) / cells.shape.group_size();
        refuse(ledger, "holds cells of " +
                           (cells.shape.interventions > 0 ? "intervention " + std::to_string(group)
                                                          : "head " + std::to_string(group) + ":" +
                                                                std::to_string((c - 1) % cells.shape.heads)) +
                           ", which is not asked for: a run can grow, not shrink");
      }
      any = true;
      row[c] = 1;
      before.invalid_by_task[static_cast<std::size_t>(task)] += state == CellState::invalid;
    }
    if (any && i % ranks == rank) {
      if (cells.by_environment && block.environment.empty()) block.environment.assign(block.states.size(), 0);
      cells.own.push_back(std::move(block));
    }
  }
  return held;
}

std::vector<plan::Unit> left_of(const std::vector<plan::Unit>& units, const std::vector<engine::Kind>& kinds,
                                const table::Shape& shape, const std::vector<bool>& asked, const Held& held) {
  if (held.empty()) return units;
  const auto misses = [&](const engine::Bundle& bundle, std::int64_t column) {
    return asked[static_cast<std::size_t>(column)] &&
           std::any_of(bundle.begin(), bundle.end(), [&](const engine::Member& member) {
             const auto at = static_cast<std::size_t>(member.index * shape.columns() + column);
             return held[static_cast<std::size_t>(member.task)][at] == 0;
           });
  };
  std::vector<plan::Unit> parts;
  for (const plan::Unit& unit : units) {
    for (std::int64_t b = unit.instance_begin; b < unit.instance_end; ++b) {
      const engine::Bundle& bundle =
          kinds[static_cast<std::size_t>(unit.load)].bundles[static_cast<std::size_t>(b)];
      const bool plain = unit.owns_plain && misses(bundle, 0);
      const auto needed = [&](std::int64_t layer) {
        bool any = plain && layer == unit.group_begin;  // the plain column goes with a unit's first layer
        for (std::int64_t i = 0; i < shape.group_size() && !any; ++i)
          any = misses(bundle, 1 + layer * shape.group_size() + i);
        return any;
      };
      for (std::int64_t layer = unit.group_begin; layer < unit.group_end; ++layer) {
        if (!needed(layer)) continue;
        const std::int64_t begin = layer;
        while (layer + 1 < unit.group_end && needed(layer + 1)) ++layer;
        append_part(parts, unit, b, begin, layer + 1, plain && begin == unit.group_begin);
      }
    }
  }
  return parts;
}

std::vector<plan::Unit> left_of(const std::vector<plan::Unit>& units,
                                const std::vector<std::vector<std::uint8_t>>& in_sums) {
  std::vector<plan::Unit> parts;
  for (const plan::Unit& unit : units) {
    const auto& done = in_sums[static_cast<std::size_t>(unit.load)];
    const auto is_done = [&](std::int64_t i) { return done[static_cast<std::size_t>(i)] != 0; };
    for (std::int64_t i = unit.instance_begin; i < unit.instance_end; ++i) {
      if (is_done(i)) continue;
      plan::Unit part = unit;
      part.id = static_cast<std::int64_t>(parts.size());
      part.instance_begin = i;
      while (i + 1 < unit.instance_end && !is_done(i + 1)) ++i;
      part.instance_end = i + 1;
      part.cost *= static_cast<double>(part.instance_end - part.instance_begin) /
                   static_cast<double>(unit.instance_end - unit.instance_begin);
      parts.push_back(part);
    }
  }
  return parts;
}

void drop_held(engine::Work& work, const Held& held, const table::Shape& shape) {
  if (held.empty()) return;
  for (engine::Work::Block& block : work.blocks) {
    const auto task = static_cast<std::size_t>(block.task);
    table::CellBlock& cells = block.cells;
    const auto first = static_cast<std::size_t>(cells.instance * shape.columns() + cells.begin);
    for (std::size_t c = 0; c < cells.states.size(); ++c) {
      if (held[task][first + c] == 0 || !table::is_computed(cells.states[c])) continue;
      --work.cells;
      work.invalid_by_task[task] -= cells.states[c] == CellState::invalid;
      cells.states[c] = CellState::not_done;
      cells.utility[c] = std::numeric_limits<double>::quiet_NaN();
      cells.answer_logprob[c] = std::numeric_limits<float>::quiet_NaN();
    }
  }
}

}  // namespace hones::sweep
