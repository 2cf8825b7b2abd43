// Options of a discovery sweep: plain values, filled by the command line (src/app) or by a test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <hones/table/neurons.hpp>
#include <hones/task/task.hpp>

namespace hones::engine {

struct DiscoverOptions {
  // What is computed. All of these can change a number.
  std::filesystem::path model;      // checkpoint folder (already located)
  std::string model_name;           // as the user named it: a folder or org/name
  std::string snapshot;             // Hugging Face snapshot hash; empty for a plain folder
  std::filesystem::path benchmark;  // folder of `prepare`
  std::string split = "discovery";  // of it: discovery | dev | test
  std::vector<std::string> tasks{"vqa", "ocr", "caption", "retrieval"};  // names out of known_tasks
  std::vector<task::Definition> known_tasks = task::built_in_tasks();
  std::int64_t instances = -1;     // first lines of the split; -1: all
  std::int64_t queries = -1;       // first lines of retrieval/<split>.jsonl; -1: all
  std::vector<table::Head> heads;  // empty: all
  std::string op = "mean";         // mean | zero | gaussian | none
  double sigma = 3;                // gaussian only
  std::uint64_t seed = 3407;
  std::string prompts = "paper";  // paper | release
  task::Pictures pictures;
  std::int64_t max_new_tokens = 24;           // of tasks that name no limit of their own
  std::string caption_importance = "mean";    // mean | corpus
  std::string open_target_join = "separate";  // separate | release_join
  std::int64_t top_k = 30;
  std::int64_t stored_heads = 50;
  std::int64_t rand_head_seeds = 0;  // draws of RandHead whose sums are kept as well
  double neuron_share = 0.01;
  std::string neuron_mode = "per_instance";  // per_instance | after_mean
  std::string weights = "importance";        // importance | uniform
  std::int64_t bootstrap_resamples = 1000;
  std::string dtype = "auto";       // auto | fp32 | bf16 | fp16
  std::string device = "auto";      // auto | cpu
  std::string engine = "fast";      // fast | plain
  bool resume = true;               // fast engine: rows start at the layer of their edit
  bool tree = true;                 // fast engine: prompts about one picture are one packed sequence
  bool verify = true;               // fast engine: the plain answer is checked in the same pass
  std::int64_t threads = 1;         // per rank
  std::int64_t tile_positions = 0;  // 0: follows from model shape and dtype
  double max_bad = 0.01;
  // Fast engine, for `bench` alone: of every answer so many of the heads, drawn by the seed (rounded up), are
  // decoded and checked as if their first id differed, and no others. None: those that do differ.
  std::optional<double> forced_share;

  // What cannot change a number.
  std::filesystem::path out;
  bool restart = false;
  bool accept_environment = false;  // goes on from a ledger of another commit, LibTorch or CPU
  std::int64_t unit_instances = 1;
  std::int64_t unit_layers = 0;   // 0: chosen by the planner
  std::int64_t grant_seed = -1;   // >= 0: units are granted in a seeded random order (tests)
  double deadline_seconds = 600;  // of one collective, and of rank 0's answer to a rank that asks for work
  // Of the allocation, seconds since 1970; none: it does not end. Nothing is granted that is not expected to
  // be done `end_reserve` seconds, and the time of a checkpoint, before it.
  std::optional<double> end_time;
  double end_reserve = 60;
  double checkpoint_seconds = 600;  // from one generation of the ledger to the next
  std::function<bool()>
      stop_asked;  // any thread: this rank was told to write a checkpoint and stop; may be empty
  std::vector<std::string> command_line;
  std::string settings_json;      // the settings that can change a number, as stored in discovery.h5
  std::string all_settings_json;  // all of them, for run.json; empty: settings_json
  std::string settings_toml;      // all settings in force, defaults filled in
};

}  // namespace hones::engine
