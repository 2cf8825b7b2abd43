// Flags, --set and files together; what the user reads when something is wrong.
#include "app/settings/command_line.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include <hones/base/error.hpp>

namespace hones::settings {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kDiscover{"discover", "--model", "M", "--benchmark", "B", "--out", "O"};

std::vector<std::string> discover_with(std::vector<std::string> more) {
  more.insert(more.begin(), kDiscover.begin(), kDiscover.end());
  return more;
}

Settings parsed(const std::vector<std::string>& arguments) {
  Invocation invocation = parse_command_line(arguments);
  EXPECT_EQ(invocation.kind, Invocation::Kind::run);
  return invocation.settings;
}

std::string refused(const std::vector<std::string>& arguments) {
  try {
    parse_command_line(arguments);
  } catch (const UsageError& error) {
    const std::string line = error.what();
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    return line;
  }
  return "not refused";
}

TEST(CommandLine, FlagsOverSetOverLaterFilesOverEarlierFilesOverDefaults) {
  const fs::path folder = fs::temp_directory_path() / ("hones_command_line_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const std::string a = folder / "a.toml", b = folder / "b.toml";
  std::ofstream(a) << "[ranking]\ntop_k = 1\nstored_heads = 2\n[run]\nseed = 3\n[discover]\nqueries = 4\n";
  std::ofstream(b) << "[ranking]\ntop_k = 11\nstored_heads = 12\n[run]\nseed = 13\n";
  const Settings settings = parsed(discover_with({"--top-k", "31", "--set", "ranking.top_k=21", "--config", a,
                                                  "--config", b, "--set", "ranking.stored_heads=22"}));
  EXPECT_EQ(settings.integer("ranking.top_k"), 31);
  EXPECT_EQ(settings.source("ranking.top_k"), "--top-k");
  EXPECT_EQ(settings.integer("ranking.stored_heads"), 22);
  EXPECT_EQ(settings.integer("run.seed"), 13);
  EXPECT_EQ(settings.integer("discover.queries"), 4);
  EXPECT_EQ(settings.integer("discover.instances"), -1);
  fs::remove_all(folder);
}

TEST(CommandLine, ValuesOfEveryKind) {
  const Settings settings =
      parsed(discover_with({"--tasks", "ocr,vqa", "--heads", "0:1,5:7", "--instances=4", "--queries", "-1",
                            "--restart", "--max-bad", "0.5", "--set", "units.grant_seed=9"}));
  EXPECT_EQ(settings.list("discover.tasks"), (std::vector<std::string>{"ocr", "vqa"}));
  EXPECT_EQ(settings.heads("discover.heads"),
            (std::vector<std::pair<std::int32_t, std::int32_t>>{{0, 1}, {5, 7}}));
  EXPECT_EQ(settings.integer("discover.instances"), 4);
  EXPECT_EQ(settings.integer("discover.queries"), -1);
  EXPECT_TRUE(settings.boolean("discover.restart"));
  EXPECT_FALSE(settings.boolean("discover.dry_run"));
  EXPECT_EQ(settings.real("discover.max_bad"), 0.5);
  EXPECT_EQ(settings.integer("units.grant_seed"), 9);
  EXPECT_TRUE(parsed(kDiscover).heads("discover.heads").empty());
}

TEST(CommandLine, TextsAreTakenAsTheyStand) {
  const Settings settings = parsed({"generate", "--model", "M", "--prompt", "[1,2] --x = \"y\"",
                                    "--replace-head", "1:2", "3:4", "--replace-head", "5:6,7:8"});
  EXPECT_EQ(settings.text("generate.prompt"), "[1,2] --x = \"y\"");
  EXPECT_EQ(settings.list("generate.replace_heads"), (std::vector<std::string>{"1:2", "3:4", "5:6", "7:8"}));
  EXPECT_EQ(parsed({"generate", "--model", "M", "--prompt", "-1"}).text("generate.prompt"), "-1");
  EXPECT_EQ(parsed({"generate", "--model", "M", "--set", "generate.prompt=a=b"}).text("generate.prompt"),
            "a=b");
}

TEST(CommandLine, APositionalFolder) {
  const Settings settings = parsed({"rank", "results/demo", "--top-k", "5"});
  EXPECT_EQ(settings.path("rank.folder"), "results/demo");
  EXPECT_TRUE(settings.given("ranking.top_k"));
  EXPECT_FALSE(settings.given("ranking.weights"));
  EXPECT_EQ(refused({"rank", "a", "b"}),
            "rank: unexpected word b: expected flags only (hones_mpi rank --help)");
}

TEST(CommandLine, WrongUseInOneLine) {
  EXPECT_EQ(refused({}),
            "no command: expected one of synth, prepare, generate, score, plan, discover, ablate, rank, "
            "bench, watch, placement (hones_mpi "
            "--help)");
  EXPECT_EQ(refused({"discovr"}),
            "unknown command discovr: the nearest is discover; expected one of synth, prepare, generate, "
            "score, plan, discover, ablate, rank, bench, watch, placement");
  EXPECT_EQ(refused({"steer"}).substr(0, 21), "unknown command steer");  // not built: does not exist
  EXPECT_EQ(refused(discover_with({"--topk", "3"})),
            "discover: unknown flag --topk: the nearest known one is --top-k");
  EXPECT_EQ(refused(discover_with({"--instance=3"})),
            "discover: unknown flag --instance: the nearest known one is --instances");
  EXPECT_EQ(refused(discover_with({"--top-k", "ten"})),
            "--top-k: ranking.top_k = ten: expected an integer of at least 1 and at most 1,000,000");
  EXPECT_EQ(refused(discover_with({"--top-k", "3x"})),
            "--top-k: ranking.top_k = 3x: expected an integer of at least 1 and at most 1,000,000");
  EXPECT_EQ(refused(discover_with({"--top-k", "99999999999999999999"})),
            "--top-k: ranking.top_k = 99999999999999999999: expected an integer of at least 1 and at most "
            "1,000,000");
  EXPECT_EQ(refused(discover_with({"--engine", "quick"})),
            "--engine: engine.form = \"quick\": expected one of fast, plain");
  EXPECT_EQ(refused(discover_with({"--device", "cuda"})),
            "--device: model.device = \"cuda\": expected one of auto, cpu");
  EXPECT_EQ(
      refused(discover_with({"--heads", "1-2"})),
      "--heads: discover.heads = 1-2: expected a list of different heads LAYER:HEAD, counted from 0, or all");
  EXPECT_EQ(refused(discover_with({"--tasks", "vqa,,ocr"})),
            "--tasks: discover.tasks = vqa,,ocr: expected a list of different words");
  EXPECT_EQ(
      refused(discover_with({"--set", "ranking.topk=3"})),
      "--set ranking.topk=3: unknown key ranking.topk of discover: the nearest known one is ranking.top_k");
  EXPECT_EQ(refused(discover_with({"--set", "synth.images=3"})).substr(0, 62),
            "--set synth.images=3: unknown key synth.images of discover: th");
  EXPECT_EQ(refused(discover_with({"--set", "discover.restart=true"})).substr(0, 41),
            "--set discover.restart=true: unknown key ");
  EXPECT_EQ(refused(discover_with({"--set", "ranking.top_k"})),
            "--set ranking.top_k: expected section.key=value");
  EXPECT_EQ(refused(discover_with({"--set", "ranking.top_k=-4"})),
            "--set: ranking.top_k = -4: expected an integer of at least 1 and at most 1,000,000");
  EXPECT_EQ(refused({"discover", "--model", "M", "--out", "O"}),
            "discover needs --benchmark (benchmark.path): folder that `prepare` made");
  EXPECT_EQ(refused({"rank"}), "rank needs DIR (rank.folder): folder that `discover` made");
  EXPECT_EQ(refused(discover_with({"--top-k"})),
            "--top-k: expected a value after it (hones_mpi discover --help)");
  EXPECT_EQ(refused(discover_with({"--top-k", "3", "--top-k", "4"})),
            "--top-k: ranking.top_k is given 2 times: 3 and 4: expected once");
  EXPECT_EQ(refused(discover_with({"--restart", "--restart"})),
            "--restart: discover.restart is given 2 times: expected once");
  EXPECT_EQ(refused(discover_with({"--config", "/nowhere/x.toml"})),
            "--config: cannot read /nowhere/x.toml: no such file; expected a TOML file");
  EXPECT_EQ(refused(discover_with({"--config", "/"})),
            "--config: cannot read /: it is a folder; expected a TOML file");
}

TEST(CommandLine, NumbersHaveLimits) {
  const std::string all = "expected -1, or an integer of at least 1 and at most 1,000,000,000";
  for (const char* flag : {"--instances", "--queries"}) {
    for (const char* value : {"0", "-2", "9223372036854775807"}) {
      EXPECT_NE(refused(discover_with({flag, value})).find(all), std::string::npos) << flag << " " << value;
    }
  }
  EXPECT_NE(refused(discover_with({"--unit-instances", "9223372036854775807"})).find("1,000,000,000"),
            std::string::npos);
  EXPECT_NE(refused(discover_with({"--bootstrap-resamples", "100000000000"})).find("1,000,000"),
            std::string::npos);
  EXPECT_NE(refused(discover_with({"--set", "units.stage_timeout=1e300"})).find("1,000,000"),
            std::string::npos);
  EXPECT_NE(refused({"prepare", "--out", "O", "--discovery", "9223372036854775807"}).find("1,000,000"),
            std::string::npos);
  EXPECT_EQ(parsed({"prepare", "--out", "O", "--queries", "0"}).integer("prepare.queries"), 0);
}

// A setting that a command would ignore is none of its settings.
TEST(CommandLine, ACommandTakesOnlyWhatItUses) {
  EXPECT_EQ(refused({"generate", "--model", "M", "--prompt", "x", "--engine", "plain"}).substr(0, 32),
            "generate: unknown flag --engine:");
  EXPECT_EQ(parsed(discover_with({"--engine", "plain"})).text("engine.form"), "plain");
}

TEST(CommandLine, HelpAndVersionNeedNothingElse) {
  EXPECT_EQ(parse_command_line({"--version"}).kind, Invocation::Kind::version);
  const Invocation program = parse_command_line({"--help"});
  EXPECT_EQ(program.kind, Invocation::Kind::help);
  for (const Command command : all_commands()) {
    EXPECT_NE(program.help.find(name_of(command)), std::string::npos);
    const Invocation help = parse_command_line({std::string(name_of(command)), "--help"});
    EXPECT_EQ(help.kind, Invocation::Kind::help);
    EXPECT_EQ(help.help, command_help(command));
  }
  EXPECT_EQ(parse_command_line({"discover", "-h"}).kind, Invocation::Kind::help);
}

}  // namespace
}  // namespace hones::settings
