#include <hones/base/error.hpp>
#include <hones/store/ledger.hpp>

#include "input_file.hpp"
#include "ledger_sum.hpp"
#include "task_reader.hpp"

namespace hones::store {

namespace {

table::Figures read_figures(const InputFile& in, const std::string& group) {
  table::Figures figures;
  table::Figures::each_kept(
      [&]<typename T>(const char* name, T& value) { value = in.attribute<T>(group, name); }, figures);
  return figures;
}

LedgerState read_state(const InputFile& in) {
  LedgerState state;
  state.heads = read_figures(in, "/state/heads");
  state.neurons = read_figures(in, "/state/neurons");
  state.checkpoints = in.attribute<std::int64_t>("/state", "checkpoints");
  state.checkpoint_seconds = in.attribute<double>("/state", "checkpoint_seconds");
  state.interruptions = in.attribute<std::int64_t>("/state", "interruptions");
  state.finished = in.attribute<std::int64_t>("/state", "finished") != 0;
  return state;
}

}  // namespace

FoundLedger find_ledger(const std::filesystem::path& folder) {
  FoundLedger found;
  for (const char* name : {kLedger, kPreviousLedger}) {
    const std::filesystem::path file = folder / name;
    std::error_code ignored;  // a place that cannot be looked at is refused as an output folder
    if (!std::filesystem::exists(file, ignored)) continue;
    const std::string damage = ledger_damage(file);
    if (damage.empty()) {
      found.file = file;
      return found;
    }
    found.damaged.push_back(file.string() + " is damaged: " + damage);
  }
  if (found.damaged.empty()) return found;
  std::string line;
  for (const std::string& damage : found.damaged) line += (line.empty() ? "" : "; ") + damage;
  throw DataError(line + "; there is no whole generation to go on from; --restart begins anew");
}

FileHeader read_ledger_header(const std::filesystem::path& file) {
  return read_header(InputFile(file));
}

Ledger read_ledger(const std::filesystem::path& file) {
  const InputFile in(file);
  Ledger ledger;
  ledger.header = read_header(in);
  ledger.state = read_state(in);
  for (const std::string& name : in.members("/tasks")) {
    const std::string group = "/tasks/" + name;
    LedgerTask task;
    task.cells = read_cells(in, name, group, ledger.header.shape);
    if (const std::string neurons = group + "/neurons"; in.has(neurons)) {
      task.sums = read_sums(in, neurons, ledger.header.shape);
      task.in_sums = in.read<std::uint8_t>(neurons + "/in_sums", {task.cells.size()});
      task.invalid_contributions = in.attribute<std::int64_t>(neurons, "invalid_contributions");
    }
    ledger.tasks.push_back(std::move(task));
  }
  return ledger;
}

}  // namespace hones::store
