#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include <hones/base/file.hpp>
#include <hones/base/number.hpp>
#include <hones/store/progress.hpp>

namespace hones::store {

namespace {

constexpr double kJsonSeconds = 1;
constexpr double kTerminalSeconds = 0.2;
constexpr double kPlainSeconds = 30;

bool due(const std::optional<double>& last, double now, double every) {
  return !last || now - *last >= every;
}

std::string one_decimal(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

}  // namespace

std::string progress_json(const Progress& progress) {
  nlohmann::ordered_json json;
  json["t"] = progress.t;
  json["phase"] = progress.phase;
  json["cells_done"] = progress.cells_done;
  json["cells_all"] = progress.cells_all;
  json["units_done"] = progress.units_done;
  json["positions_per_s"] = progress.positions_per_s;
  json["eta_s"] = progress.eta_s ? nlohmann::ordered_json(*progress.eta_s) : nlohmann::ordered_json(nullptr);
  json["excluded"] = progress.excluded;
  json["checkpoints"] = progress.checkpoints;
  json["ranks"] = nlohmann::ordered_json::array();
  for (const RankProgress& rank : progress.ranks) {
    json["ranks"].push_back(
        {{"node", rank.node}, {"state", rank.state}, {"unit", rank.unit}, {"busy_share", rank.busy_share}});
  }
  return json.dump();
}

std::string progress_line(const Progress& progress) {
  std::string line = progress.phase;
  if (progress.cells_all > 0) {
    const double share =
        100.0 * static_cast<double>(progress.cells_done) / static_cast<double>(progress.cells_all);
    line += " " + grouped(progress.cells_done) + "/" + grouped(progress.cells_all) + " cells (" +
            one_decimal(share) + " %)";
  }
  if (!progress.ranks.empty()) {  // a phase of units
    if (progress.t > 0)
      line += ", " + one_decimal(static_cast<double>(progress.units_done) / progress.t) + " units/s";
    line += ", " + grouped(std::llround(progress.positions_per_s)) + " positions/s";
    const auto busy = std::count_if(progress.ranks.begin(), progress.ranks.end(),
                                    [](const auto& rank) { return rank.unit >= 0; });
    line += ", " + std::to_string(busy) + "/" + std::to_string(progress.ranks.size()) + " ranks busy";
  }
  if (progress.excluded > 0) line += ", " + grouped(progress.excluded) + " excluded";
  if (progress.eta_s) line += ", ETA " + duration(*progress.eta_s);
  return line;
}

ProgressLog::ProgressLog(std::filesystem::path file, std::FILE* people, bool terminal)
    : file_(std::move(file)), people_(people), terminal_(terminal) {}

ProgressLog::~ProgressLog() {
  if (terminal_ && width_ > 0) std::fputc('\n', people_);
  std::fflush(people_);
}

void ProgressLog::report(const Progress& progress) {
  if (progress.phase != phase_) {
    report_now(progress);
    return;
  }
  if (due(last_json_, progress.t, kJsonSeconds)) write_json(progress);
  if (due(last_said_, progress.t, terminal_ ? kTerminalSeconds : kPlainSeconds)) say(progress);
}

void ProgressLog::report_now(const Progress& progress) {
  phase_ = progress.phase;
  write_json(progress);
  say(progress);
}

void ProgressLog::write_json(const Progress& progress) {
  last_json_ = progress.t;
  append_line(file_, progress_json(progress));
}

void ProgressLog::say(const Progress& progress) {
  last_said_ = progress.t;
  std::string line = progress_line(progress);
  if (terminal_) {
    const std::size_t width = line.size();
    line.resize(std::max(width, width_), ' ');  // covers what was there
    width_ = width;
    std::fprintf(people_, "\r%s", line.c_str());
  } else {
    std::fprintf(people_, "%s\n", line.c_str());
  }
  std::fflush(people_);
}

}  // namespace hones::store
