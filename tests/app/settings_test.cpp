// Descriptions of settings, values, files, settings.toml and settings_json.
#include "app/settings/settings.hpp"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>

#include "app/settings/command_line.hpp"

namespace hones::settings {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test.
class SettingsTest : public testing::Test {
 protected:
  SettingsTest()
      : folder_(fs::temp_directory_path() / ("hones_settings_" + std::to_string(::getpid()) + "_" +
                                             testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::create_directories(folder_);
  }
  ~SettingsTest() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  // The one line of the UsageError of reading `text` as a file for `discover`, without the folder.
  std::string line_of(const std::string& text) {
    Settings settings(Command::discover);
    return message([&] { settings.read_toml(write("x.toml", text)); });
  }
  template <typename F>
  std::string message(F&& f) {
    try {
      f();
    } catch (const UsageError& error) {
      std::string line = error.what();
      const std::size_t at = line.find(folder_.string() + "/");
      if (at != std::string::npos) line.erase(at, folder_.string().size() + 1);
      EXPECT_EQ(line.find('\n'), std::string::npos) << line;
      return line;
    }
    return "no error";
  }

  fs::path folder_;
};

TEST_F(SettingsTest, DescriptionsAreComplete) {
  std::set<std::string> keys;
  for (const Setting& setting : catalogue()) {
    SCOPED_TRACE(setting.key);
    EXPECT_TRUE(keys.insert(setting.key).second) << "described twice";
    EXPECT_NE(setting.key.find('.'), std::string::npos);
    EXPECT_FALSE(setting.meaning.empty());
    EXPECT_FALSE(setting.commands.empty());
    EXPECT_FALSE(setting.once && setting.numeric);
    EXPECT_FALSE(setting.once && setting.flag.empty());
    EXPECT_FALSE(setting.numeric && (setting.type == Type::path || setting.type == Type::model));
    EXPECT_FALSE(setting.new_each_run && (setting.once || setting.numeric || setting.flag.empty()));
    const bool seed = setting.key.ends_with("seed");  // any number will do
    if ((setting.type == Type::integer || setting.type == Type::real) && !seed) {
      EXPECT_TRUE(setting.minimum && setting.maximum) << "a number without limits";
    }
    if (!setting.required) {
      EXPECT_NO_THROW(check_value(setting, setting.fallback, "default"));
    }
    for (const char c : setting.key) EXPECT_TRUE(std::islower(c) || std::isdigit(c) || c == '.' || c == '_');
  }
}

TEST_F(SettingsTest, AFlagMeansOneThingPerCommandAndSectionsStandTogether) {
  for (const Command command : all_commands()) {
    std::set<std::string> flags{"--config", "--set", "--help"};
    std::set<std::string> sections;
    std::string last;
    for (const Setting& setting : catalogue()) {
      if (!setting.known_to(command)) continue;
      EXPECT_TRUE(setting.flag.empty() || flags.insert(setting.flag).second) << setting.flag;
      const std::string section = setting.key.substr(0, setting.key.find('.'));
      EXPECT_TRUE(section == last || sections.insert(section).second) << section << " is torn apart";
      last = section;
    }
  }
}

TEST_F(SettingsTest, HelpShowsEverySettingWithDefaultUnitAndMeaning) {
  for (const Command command : all_commands()) {
    std::string help = command_help(command);
    for (char& c : help) c = c == '\n' ? ' ' : c;
    std::string words;  // single blanks, so that wrapped lines do not matter
    for (const char c : help) {
      if (c != ' ' || words.empty() || words.back() != ' ') words += c;
    }
    for (const Setting& setting : catalogue()) {
      if (!setting.known_to(command)) continue;
      SCOPED_TRACE(setting.key);
      const std::size_t at = words.find("[" + setting.key + "]");
      ASSERT_NE(at, std::string::npos);
      const std::string entry = words.substr(at, words.find(" [", at + 1) - at);
      EXPECT_NE(words.find(setting.flag), std::string::npos);
      EXPECT_NE(entry.find(setting.meaning), std::string::npos) << entry;
      EXPECT_NE(entry.find(allowed(setting)), std::string::npos) << entry;
      const bool number = setting.type == Type::integer || setting.type == Type::real;
      if (number || !setting.unit.empty()) {
        EXPECT_NE(entry.find(setting.unit.empty() ? "no unit" : "unit: " + setting.unit), std::string::npos)
            << entry;
      }
      if (number && !setting.inherited(command)) {
        EXPECT_NE(entry.find("default " + shown(setting.fallback) + ";"), std::string::npos) << entry;
      } else {
        EXPECT_TRUE(entry.find("default ") != std::string::npos || setting.required) << entry;
      }
    }
  }
}

TEST_F(SettingsTest, FilesLayOverEachOtherAndServeSeveralCommands) {
  Settings settings(Command::discover);
  EXPECT_EQ(settings.integer("ranking.top_k"), 30);
  EXPECT_EQ(settings.source("ranking.top_k"), "the default");
  settings.read_toml(write("a.toml", "[ranking]\ntop_k = 7\nstored_heads = 9\n[synth]\nimages = 5\n"));
  settings.read_toml(write("b.toml", "[ranking]\ntop_k = 8\n[discover]\nmax_bad = 1\ntasks = [\"ocr\"]\n"));
  EXPECT_EQ(settings.integer("ranking.top_k"), 8);
  EXPECT_EQ(settings.source("ranking.top_k"), (folder_ / "b.toml").string() + ":2");
  EXPECT_EQ(settings.integer("ranking.stored_heads"), 9);
  EXPECT_EQ(settings.real("discover.max_bad"), 1.0);  // an integer is a number too
  EXPECT_EQ(settings.list("discover.tasks"), std::vector<std::string>{"ocr"});
  EXPECT_FALSE(settings.given("synth.images"));  // another command's
}

TEST_F(SettingsTest, WrongFilesAreRefusedInOneLine) {
  EXPECT_EQ(line_of("[ranking]\ntopk = 3\n"),
            "x.toml:2: unknown key ranking.topk = 3: the nearest known one is ranking.top_k");
  EXPECT_EQ(line_of("top_k = 3\n"),
            "x.toml:1: unknown key top_k = 3: the nearest known one is ranking.top_k");
  EXPECT_EQ(line_of("[discover.heads]\nall = true\n"),
            "x.toml:1: discover.heads = a table: expected a list of different heads LAYER:HEAD, "
            "counted from 0, "
            "or all");
  EXPECT_EQ(line_of("[ranking]\ntop_k = \"ten\"\n"),
            "x.toml:2: ranking.top_k = 'ten': expected an integer of at least 1 and at most 1,000,000");
  EXPECT_EQ(line_of("[ranking]\ntop_k = 10.0\n"),
            "x.toml:2: ranking.top_k = 10.0: expected an integer of at least 1 and at most 1,000,000");
  EXPECT_EQ(line_of("[ranking]\ntop_k = 0\n"),
            "x.toml:2: ranking.top_k = 0: expected an integer of at least 1 and at most 1,000,000");
  EXPECT_EQ(line_of("[units]\nstage_timeout = 1e300\n"),
            "x.toml:2: units.stage_timeout = 1e+300: expected a number above 0 and at most 1,000,000");
  EXPECT_EQ(line_of("[discover]\ninstances = 0\n"),
            "x.toml:2: discover.instances = 0: expected -1, or an integer of at least 1 and at most "
            "1,000,000,000");
  EXPECT_EQ(line_of("\n\n[ranking]\nneuron_share = 1.5\n"),
            "x.toml:4: ranking.neuron_share = 1.5: expected a number above 0 and at most 1");
  EXPECT_EQ(line_of("[ranking]\nneuron_share = 0.0\n"),
            "x.toml:2: ranking.neuron_share = 0: expected a number above 0 and at most 1");
  EXPECT_EQ(line_of("[ranking]\nneuron_share = nan\n"),
            "x.toml:2: ranking.neuron_share = nan: expected a number above 0 and at most 1");
  EXPECT_EQ(line_of("[engine]\nform = \"quick\"\n"),
            "x.toml:2: engine.form = \"quick\": expected one of fast, plain");
  EXPECT_EQ(line_of("[discover]\ntasks = [\"vqa\", \"vqa\"]\n"),
            "x.toml:2: discover.tasks = vqa,vqa: expected a list of different words");
  EXPECT_EQ(line_of("[discover]\ntasks = []\n"),
            "x.toml:2: discover.tasks = : expected a list of different words");
  EXPECT_EQ(line_of("[discover]\nheads = [\"1:2\", \"all\"]\n"),
            "x.toml:2: discover.heads = 1:2,all: expected a list of different heads LAYER:HEAD, counted from "
            "0, or all");
  EXPECT_EQ(line_of("[discover]\nrestart = true\n"),
            "x.toml:2: discover.restart = true: expected on the command line only, as --restart");
  EXPECT_EQ(line_of("[synth]\nimages = -1\n"),  // another command's, yet wrong
            "x.toml:2: synth.images = -1: expected an integer of at least 1 and at most 1,000,000");
  EXPECT_EQ(line_of("[ranking\n").substr(0, 19), "x.toml:1: not TOML:");
  Settings settings(Command::discover);
  EXPECT_EQ(message([&] { settings.read_toml(folder_ / "none.toml"); }),
            "--config: cannot read none.toml: no such file; expected a TOML file");
  fs::create_directories(folder_ / "folder.toml");
  EXPECT_EQ(message([&] { settings.read_toml(folder_ / "folder.toml"); }),
            "--config: cannot read folder.toml: it is a folder; expected a TOML file");
}

TEST_F(SettingsTest, SettingsTomlRunsAgainByteForByte) {
  for (const Command command : all_commands()) {
    SCOPED_TRACE(name_of(command));
    Settings settings(command);
    for (const Setting& setting : catalogue()) {  // that must be given and has no default among its choices
      if (setting.known_to(command) && setting.required && !setting.choices.empty())
        settings.set(setting, setting.choices.front(), "--flag");
    }
    const std::string first = settings.to_toml();
    Settings again(command);
    again.read_toml(write("settings.toml", first));
    EXPECT_EQ(again.to_toml(), first);
    EXPECT_EQ(again.to_json(), settings.to_json());
  }
}

// The place of the results is the one thing that must be another one.
TEST_F(SettingsTest, SettingsTomlLeavesThePlaceOfTheResultsOut) {
  for (const auto& [command, key] :
       {std::pair(Command::discover, "discover.out"), std::pair(Command::prepare, "prepare.out"),
        std::pair(Command::synth, "synth.out")}) {
    SCOPED_TRACE(key);
    Settings settings(command);
    const std::string before = settings.to_toml();
    settings.set(*find(key), std::string("some/folder"), "--out");
    EXPECT_EQ(settings.to_toml(), before);
    EXPECT_NE(before.find("--config THIS_FILE --out NEW_FOLDER\n"), std::string::npos) << before;
    EXPECT_EQ(nlohmann::json::parse(settings.all_to_json()).at(key), "some/folder");
  }
  EXPECT_NE(Settings(Command::rank).to_toml().find("--config THIS_FILE\n"), std::string::npos);
}

TEST_F(SettingsTest, AValueThatOthersForbidIsNamedWithItsSource) {
  Settings settings(Command::prepare);
  EXPECT_EQ(settings.named("prepare.queries"), "the default: prepare.queries = -1");
  settings.read_toml(write("a.toml", "[prepare]\nqueries = 50\n"));
  EXPECT_EQ(message([&] { settings.refuse("prepare.queries", "at most 24"); }),
            "a.toml:2: prepare.queries = 50: expected at most 24");
}

TEST_F(SettingsTest, SettingsTomlKeepsEveryKindOfValue) {
  Settings settings(Command::generate);
  const std::string awkward = "a \"b\" \\ c\n\td \x01 é";
  settings.set(*find("generate.prompt"), awkward, "--prompt");
  settings.set(*find("generate.json"), true, "--json");
  settings.set(*find("generate.replace_heads"), std::vector<std::string>{"0:1", "11:30"}, "--replace-head");
  settings.set(*find("intervention.sigma"), 1e-7, "--sigma");
  settings.set(*find("generate.image"), std::string("some/../picture.jpg"), "--image");
  const std::string text = settings.to_toml();
  Settings again(Command::generate);
  again.read_toml(write("settings.toml", text));
  EXPECT_EQ(again.to_toml(), text);
  EXPECT_EQ(again.text("generate.prompt"), awkward);
  EXPECT_TRUE(again.boolean("generate.json"));
  EXPECT_EQ(again.heads("generate.replace_heads"),
            (std::vector<std::pair<std::int32_t, std::int32_t>>{{0, 1}, {11, 30}}));
  EXPECT_EQ(again.real("intervention.sigma"), 1e-7);
  EXPECT_EQ(again.path("generate.image"), fs::current_path() / "picture.jpg");
}

TEST_F(SettingsTest, SettingsTomlNamesFoldersAbsolutelyAndLeavesModelNamesAlone) {
  Settings settings(Command::discover);
  settings.set(*find("model.path"), std::string("llava-hf/llava-1.5-7b-hf"), "--model");
  EXPECT_NE(settings.to_toml().find("path = \"llava-hf/llava-1.5-7b-hf\"\n"), std::string::npos);
  const std::string relative = fs::relative(folder_).string();
  settings.set(*find("model.path"), relative, "--model");
  EXPECT_NE(settings.to_toml().find("path = \"" + folder_.string() + "\"\n"), std::string::npos);
  EXPECT_EQ(settings.to_toml().find("restart"), std::string::npos);
}

TEST_F(SettingsTest, SettingsJsonHoldsOnlyWhatCanChangeANumber) {
  Settings settings(Command::discover);
  const auto all = nlohmann::json::parse(settings.to_json());
  std::size_t numeric = 0;
  for (const Setting& setting : catalogue()) {
    if (!setting.known_to(Command::discover)) continue;
    EXPECT_EQ(all.contains(setting.key), setting.numeric) << setting.key;
    numeric += setting.numeric ? 1 : 0;
  }
  EXPECT_EQ(all.size(), numeric);
  EXPECT_EQ(all.at("ranking.top_k"), 30);
  EXPECT_EQ(all.at("ranking.neuron_share"), 0.01);
  EXPECT_EQ(all.at("discover.tasks").size(), 4u);

  const std::string before = settings.to_json();
  settings.set(*find("discover.out"), std::string("elsewhere"), "--out");
  settings.set(*find("units.instances"), std::int64_t{5}, "--unit-instances");
  EXPECT_EQ(settings.to_json(), before);
  settings.set(*find("run.seed"), std::int64_t{1}, "--seed");
  EXPECT_NE(settings.to_json(), before);
  std::string last;
  const auto ordered = nlohmann::ordered_json::parse(before);
  for (const auto& [key, value] : ordered.items()) {
    EXPECT_LT(last, key);
    last = key;
  }
}

TEST_F(SettingsTest, RankInheritsWhatIsNotGiven) {
  Settings settings(Command::rank);
  EXPECT_EQ(settings.to_json(), "{}");
  EXPECT_EQ(settings.to_toml().find("top_k"), std::string::npos);
  settings.set(*find("ranking.top_k"), std::int64_t{5}, "--top-k");
  EXPECT_EQ(settings.to_json(), "{\"ranking.top_k\":5}");
}

TEST_F(SettingsTest, ShippedConfigurationsAreValid) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(HONES_CONFIGS)) {
    SCOPED_TRACE(entry.path());
    if (entry.path().filename().string().starts_with("tasks")) continue;  // for --tasks-file
    for (const Command command : all_commands()) {
      Settings settings(command);
      EXPECT_NO_THROW(settings.read_toml(entry.path()));
    }
    ++files;
  }
  EXPECT_GE(files, 3u);
  Settings tiny(Command::discover);
  tiny.read_toml(fs::path(HONES_CONFIGS) / "tiny.toml");
  EXPECT_EQ(tiny.integer("ranking.top_k"), 10);
  EXPECT_EQ(tiny.integer("ranking.stored_heads"), 16);
  EXPECT_EQ(tiny.real("ranking.neuron_share"), 0.05);
  for (const char* name : {"llava-1.5-7b.toml", "llava-1.5-13b.toml"}) {  // the defaults are the paper's
    Settings paper(Command::discover), defaults(Command::discover);
    paper.read_toml(fs::path(HONES_CONFIGS) / name);
    for (const char* key : {"ranking.top_k", "ranking.stored_heads", "answer.max_new_tokens"}) {
      EXPECT_EQ(paper.integer(key), defaults.integer(key)) << key;
    }
    EXPECT_EQ(paper.real("ranking.neuron_share"), defaults.real("ranking.neuron_share"));
  }
}

}  // namespace
}  // namespace hones::settings
