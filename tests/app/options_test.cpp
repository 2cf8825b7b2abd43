// What a sweep gets without flags is what the catalogue says, and every field follows its setting and no
// other.
#include <functional>
#include <set>

#include <gtest/gtest.h>

#include <hones/base/number.hpp>

#include "app/sweep_settings.hpp"
#include "support/scratch.hpp"

namespace hones::app {
namespace {

using settings::Command;
using settings::Setting;
using settings::Value;
using sweep::Options;

struct Field {
  const char* key;
  std::function<Value(const Options&)> read;
};

const std::vector<Field>& fields() {
  static const std::vector<Field> all{
      {"model.dtype", [](const Options& o) { return choice::word(o.engine.dtype); }},
      {"model.device", [](const Options& o) { return choice::word(o.engine.device); }},
      {"model.threads", [](const Options& o) { return o.engine.threads; }},
      {"engine.form", [](const Options& o) { return choice::word(o.engine.form); }},
      {"engine.resume", [](const Options& o) { return o.engine.resume; }},
      {"engine.tree", [](const Options& o) { return o.engine.tree; }},
      {"engine.verify", [](const Options& o) { return o.engine.verify; }},
      {"engine.tile_positions", [](const Options& o) { return o.engine.tile_positions; }},
      {"intervention.operator", [](const Options& o) { return choice::word(o.engine.op); }},
      {"intervention.sigma", [](const Options& o) { return o.engine.sigma; }},
      {"run.seed", [](const Options& o) { return static_cast<std::int64_t>(o.engine.seed); }},
      {"answer.max_new_tokens", [](const Options& o) { return o.engine.max_new_tokens; }},
      {"benchmark.split", [](const Options& o) { return o.selection.split; }},
      {"discover.tasks", [](const Options& o) { return o.selection.tasks; }},
      {"discover.instances", [](const Options& o) { return o.selection.instances; }},
      {"discover.queries", [](const Options& o) { return o.selection.queries; }},
      {"discover.prompts", [](const Options& o) { return choice::word(o.engine.prompts); }},
      {"discover.caption_importance",
       [](const Options& o) { return choice::word(o.ranking.caption_importance); }},
      {"discover.open_target_join", [](const Options& o) { return choice::word(o.engine.open_target_join); }},
      {"discover.bootstrap_resamples", [](const Options& o) { return o.ranking.bootstrap_resamples; }},
      {"discover.max_bad", [](const Options& o) { return o.job.max_bad; }},
      {"discover.restart", [](const Options& o) { return o.job.restart; }},
      {"discover.accept_environment", [](const Options& o) { return o.job.accept_environment; }},
      {"discover.checkpoint_minutes", [](const Options& o) { return o.job.checkpoint_seconds / 60; }},
      {"discover.end_reserve", [](const Options& o) { return o.job.end_reserve; }},
      {"units.instances", [](const Options& o) { return o.job.unit_instances; }},
      {"units.layers", [](const Options& o) { return o.job.unit_layers; }},
      {"units.grant_seed", [](const Options& o) { return o.job.grant_seed; }},
      {"units.stage_timeout", [](const Options& o) { return o.job.deadline_seconds; }},
      {"ranking.top_k", [](const Options& o) { return o.ranking.top_k; }},
      {"ranking.stored_heads", [](const Options& o) { return o.ranking.stored_heads; }},
      {"ranking.rand_head_seeds", [](const Options& o) { return o.ranking.rand_head_seeds; }},
      {"ranking.neuron_share", [](const Options& o) { return o.ranking.neuron_share; }},
      {"ranking.neuron_mode", [](const Options& o) { return choice::word(o.ranking.neuron_mode); }},
      {"ranking.weights", [](const Options& o) { return choice::word(o.ranking.weights); }},
  };
  return all;
}

// Read elsewhere: by the command itself, or as something else than a value (a folder, heads, a task file).
const std::set<std::string> kOthers{
    "model.path",   "model.revision",   "benchmark.path",    "tasks.file",          "discover.heads",
    "discover.out", "discover.dry_run", "discover.deadline", "pictures.box_stroke", "pictures.mask_text"};

settings::Settings no_flags(const std::filesystem::path& model) {
  settings::Settings settings(Command::discover);
  settings.set(*settings::find("model.path"), model.string(), "the test");
  return settings;
}

// Another value that the setting allows.
Value other_than(const Setting& setting) {
  if (const bool* is = std::get_if<bool>(&setting.fallback)) return !*is;
  if (const auto* number = std::get_if<std::int64_t>(&setting.fallback))
    return std::max<std::int64_t>(*number, 0) + 1;
  if (const double* number = std::get_if<double>(&setting.fallback)) return *number / 4;
  if (std::holds_alternative<std::string>(setting.fallback)) return setting.choices.back();
  return std::vector<std::string>{"ocr"};
}

TEST(Options, WithoutFlagsAreTheCataloguesDefaults) {
  const test::Scratch model;
  const Options options = sweep_options(no_flags(model.path()));
  for (const Field& field : fields())
    EXPECT_EQ(field.read(options), settings::find(field.key)->fallback) << field.key;
  EXPECT_EQ(options.selection.model, model.path());
  EXPECT_TRUE(options.engine.heads.empty());  // all
  EXPECT_FALSE(options.engine.forced_share.has_value());
}

TEST(Options, EveryFieldFollowsItsSettingAndNoOther) {
  const test::Scratch model;
  for (const Field& set : fields()) {
    const Setting& setting = *settings::find(set.key);
    const Value value = other_than(setting);
    ASSERT_NE(value, setting.fallback) << set.key;
    settings::Settings settings = no_flags(model.path());
    settings.set(setting, value, "the test");
    const Options options = sweep_options(settings);
    for (const Field& field : fields()) {
      EXPECT_EQ(field.read(options), &field == &set ? value : settings::find(field.key)->fallback)
          << field.key << ", " << set.key << " being set";
    }
  }
}

TEST(Options, NoSettingOfASweepIsForgotten) {
  std::set<std::string> known = kOthers;
  for (const Field& field : fields()) known.insert(field.key);
  for (const Setting& setting : settings::catalogue()) {
    if (!setting.known_to(Command::discover)) continue;
    EXPECT_TRUE(known.contains(setting.key)) << setting.key;
  }
}

}  // namespace
}  // namespace hones::app
