#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/number.hpp>
#include <hones/store/job.hpp>

namespace hones::store {

namespace {

constexpr double kSilent = 60;  // s without a word: something is wrong, or over
constexpr std::size_t kRanksShown = 32;
constexpr std::size_t kExcludedShown = 10;

double age(const std::filesystem::path& file) {
  const auto written = std::filesystem::last_write_time(file);
  return std::max(
      0.0, std::chrono::duration<double>(std::filesystem::file_time_type::clock::now() - written).count());
}

// The last line that ends in a newline: a writer may be in the middle of the next. Empty where there is none.
std::string last_line(const std::filesystem::path& file) {
  constexpr std::streamoff kTail = 1 << 20;  // more than a line of a thousand ranks
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = in.tellg();
  if (!in || size <= 0) return "";
  std::string tail(static_cast<std::size_t>(std::min(size, kTail)), '\0');
  in.seekg(size - static_cast<std::streamoff>(tail.size()));
  in.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  const std::size_t end = tail.rfind('\n');
  if (end == std::string::npos) return "";
  const std::size_t begin = end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
  return tail.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1));
}

template <typename Read>
void parse(const std::string& text, const std::filesystem::path& file, Read read) {
  try {
    read(nlohmann::json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    throw DataError(file.string() + ": " + without_label(error.what()));
  }
}

Progress progress_of(const nlohmann::json& json) {
  Progress progress;
  progress.t = json.at("t");
  progress.phase = json.at("phase");
  progress.cells_done = json.at("cells_done");
  progress.cells_all = json.at("cells_all");
  progress.units_done = json.at("units_done");
  progress.positions_per_s = json.at("positions_per_s");
  if (!json.at("eta_s").is_null()) progress.eta_s = json.at("eta_s").get<double>();
  progress.excluded = json.at("excluded");
  progress.checkpoints = json.value("checkpoints", std::int64_t{0});
  for (const nlohmann::json& rank : json.at("ranks"))
    progress.ranks.push_back(
        {rank.value("node", std::string()), rank.at("state"), rank.at("unit"), rank.at("busy_share")});
  return progress;
}

std::string ranks_told(const std::vector<RankProgress>& ranks) {
  if (ranks.empty()) return "";
  std::size_t node_width = 4;
  for (const RankProgress& rank : ranks) node_width = std::max(node_width, rank.node.size());
  char line[512];
  std::snprintf(line, sizeof line, "   rank  %-*s  state       unit   busy\n", static_cast<int>(node_width),
                "node");
  std::string text = line;
  for (std::size_t r = 0; r < std::min(ranks.size(), kRanksShown); ++r) {
    std::snprintf(line, sizeof line, "  %5zu  %-*.200s  %-8s  %6s  %3.0f %%\n", r,
                  static_cast<int>(node_width), ranks[r].node.c_str(), ranks[r].state.c_str(),
                  ranks[r].unit < 0 ? "-" : std::to_string(ranks[r].unit).c_str(), 100 * ranks[r].busy_share);
    text += line;
  }
  if (ranks.size() > kRanksShown) {
    const auto busy = std::count_if(ranks.begin() + kRanksShown, ranks.end(),
                                    [](const RankProgress& r) { return r.unit >= 0; });
    text += "  and " + std::to_string(ranks.size() - kRanksShown) + " more, " + std::to_string(busy) +
            " of them busy\n";
  }
  return text;
}

// Where the document of an earlier version (an end and no state) was followed by a new start, only the
// progress tells.
void read_document(const std::filesystem::path& file, JobView& view) {
  const std::optional<RunState> state = run_state(file.parent_path());
  if (!state) return;
  const auto read = [&](const nlohmann::json& json) {
    const bool done = view.progress && view.progress->phase == "done";
    view.state = json.contains("state") || done ? *state : RunState::running;
    if (view.ended()) view.seconds = json.at("seconds");
    if (view.state == RunState::failed) {
      const nlohmann::json& error = json.at("error");
      view.failure = error.at("line").get<std::string>() + " (rank " +
                     std::to_string(error.at("rank").get<int>()) + " on " +
                     error.at("host").get<std::string>() + ", exit code " +
                     std::to_string(json.at("exit_code").get<int>()) + ")";
    }
    if (view.state != RunState::done) return;
    view.interruptions = json.at("interruptions");
    for (const nlohmann::json& e : json.at("excluded"))
      view.excluded.push_back({e.at("task"), e.at("image_id"), e.at("reason")});
  };
  parse(read_file(file), file, read);
}

std::string outcome_told(const JobView& view) {
  const Progress& progress = *view.progress;
  switch (view.state) {
    case RunState::done:
      return "done, " + grouped(progress.cells_all) + " cells in " + duration(view.seconds) +
             (view.interruptions > 0 ? ", " + grouped(view.interruptions) + " interruptions before" : "");
    case RunState::stopped:
      return "stopped after " + duration(view.seconds) + ", the same command goes on; last " +
             progress_line(progress);
    case RunState::failed:
      return "failed after " + duration(view.seconds) + ": " + view.failure;
    case RunState::running:
      break;
  }
  return progress_line(progress);
}

}  // namespace

JobView view_of(const std::filesystem::path& folder) {
  JobView view;
  view.folder = folder;
  const std::filesystem::path file = folder / "progress.jsonl", run = folder / "run.json",
                              ledger = folder / "ledger.h5";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    throw DataError(file.string() +
                    ": no such file: expected the folder of a discover or ablate job (--out), which "
                    "has one from its start");
  }
  if (const std::string line = last_line(file); !line.empty())
    parse(line, file, [&](const nlohmann::json& json) { view.progress = progress_of(json); });
  view.silent = age(file);
  if (std::filesystem::exists(ledger, ignored)) {
    view.ledger_age = age(ledger);
    view.ledger_bytes = static_cast<std::int64_t>(std::filesystem::file_size(ledger));
  }
  read_document(run, view);
  return view;
}

std::string told(const JobView& view) {
  std::string text = view.folder.string() + ": ";
  if (!view.progress) return text + "started, nothing said yet\n";
  const Progress& progress = *view.progress;
  text += outcome_told(view);
  text += "\n";
  if (view.ledger_age) {
    text += "  " + (view.ended() ? std::string() : grouped(progress.checkpoints) + " checkpoints, ") +
            "ledger.h5 " + duration(*view.ledger_age) + " old, " + grouped(view.ledger_bytes) + " bytes\n";
  } else {
    text += "  no checkpoint yet\n";
  }
  if (!view.ended()) text += ranks_told(progress.ranks);
  for (std::size_t i = 0; i < std::min(view.excluded.size(), kExcludedShown); ++i) {
    const JobView::Excluded& e = view.excluded[i];
    text += "  excluded: " + e.task + " image " + e.image_id + ": " + e.reason + "\n";
  }
  if (view.excluded.size() > kExcludedShown)
    text +=
        "  and " + std::to_string(view.excluded.size() - kExcludedShown) + " more excluded, in run.json\n";
  if (!view.ended() && view.silent > kSilent) {
    text += "  nothing was written for " + duration(view.silent) +
            ": the job has stopped (the same command goes on), waits for an allocation, or hangs\n";
  }
  return text;
}

}  // namespace hones::store
