// Options of a job over the table, by concern: plain values, filled from the settings (src/app). Defaults are
// the catalogue's, no one else's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <hones/engine/options.hpp>
#include <hones/results/ranking.hpp>
#include <hones/task/definition.hpp>

namespace hones::sweep {

// Which model, on which instances of which tasks. All of it can change a number.
struct Selection {
  std::filesystem::path model;      // checkpoint folder (already located)
  std::string model_name;           // as the user named it: a folder or org/name
  std::string snapshot;             // Hugging Face snapshot hash; empty for a plain folder
  std::filesystem::path benchmark;  // folder of `prepare`
  std::string split;                // of it: discovery | dev | test
  std::vector<std::string> tasks;   // names out of known_tasks
  std::vector<task::Definition> known_tasks;
  std::int64_t instances = 0;  // first lines of the split; -1: all
  std::int64_t queries = 0;    // first lines of retrieval/<split>.jsonl; -1: all
};

// How the work goes, and where it goes: cannot change a number, but for max_bad, which can end the run.
struct Job {
  std::filesystem::path out;
  double max_bad = 0;  // share of the instances, and of the cells
  bool restart = false;
  bool accept_environment = false;  // goes on from a ledger of another commit, LibTorch or CPU
  std::int64_t unit_instances = 0;
  std::int64_t unit_layers = 0;  // 0: chosen by the planner
  std::int64_t grant_seed = 0;   // >= 0: units are granted in a seeded random order (tests)
  double deadline_seconds = 0;   // of one collective, and of rank 0's answer to a rank that asks for work
  // Of the allocation, seconds since 1970; none: it does not end. Nothing is granted that is not expected to
  // be done `end_reserve` seconds, and the time of a checkpoint, before it.
  std::optional<double> end_time;
  double end_reserve = 0;
  double checkpoint_seconds = 0;  // from one generation of the ledger to the next
  // Any thread: this rank was told to write a checkpoint and stop; may be empty.
  std::function<bool()> stop_asked;
  std::vector<std::string> command_line;
  std::string settings_json;      // the settings that can change a number, as stored in discovery.h5
  std::string all_settings_json;  // all of them, for run.json; empty: settings_json
  std::string settings_toml;      // all settings in force, defaults filled in
};

struct Options {
  Selection selection;
  engine::Options engine;
  results::Ranking ranking;
  Job job;
};

}  // namespace hones::sweep
