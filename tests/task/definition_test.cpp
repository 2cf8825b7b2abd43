// Tasks as data: what a file says, what it means, and how it is refused.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/metric/metric.hpp>
#include <hones/metric/named.hpp>
#include <hones/task/task.hpp>

#include "support/scratch.hpp"
#include "support/usage_error.hpp"

namespace hones::task {
namespace {

using Texts = std::vector<std::string>;

std::vector<Definition> read(const std::string& toml) {
  return with_tasks(built_in_tasks(), toml, "x.toml");
}
Definition one(const std::string& name, const std::string& toml) {
  const std::vector<Definition> known = read(toml);
  const Definition* found = find_task(known, name);
  if (!found) throw std::runtime_error("no task " + name);
  return *found;
}

std::string refused(const std::string& toml) {
  SCOPED_TRACE(toml);
  return test::usage_error([&] { read(toml); });
}

TEST(Definitions, BuiltInTasksStandInTheirOrder) {
  EXPECT_EQ(names_of(built_in_tasks()), (Texts{"vqa", "ocr", "caption", "retrieval"}));
  const Definition& vqa = built_in_tasks()[0];
  EXPECT_EQ(vqa.over, Over::records);
  EXPECT_EQ(vqa.prompt, "Question: {vqa.question} Answer the question briefly using one or a few words.");
  EXPECT_EQ(vqa.release_prompt, "Question: {vqa.question}\nAnswer the question with a short phrase.");
  EXPECT_EQ(vqa.target, "{vqa.target}");
  EXPECT_FALSE(vqa.max_new_tokens.has_value());
  EXPECT_EQ(built_in_tasks()[1].blue_box, "ocr.bbox");
  EXPECT_EQ(built_in_tasks()[2].target_rule, TargetRule::open);
  for (const Definition& task : built_in_tasks())
    EXPECT_EQ(task.mask_text, task.name == "caption") << task.name;
}

TEST(Definitions, AreThoseOfTheFile) {
  const std::vector<Definition> of_file =
      with_tasks_of({}, std::filesystem::path(HONES_CONFIGS) / "tasks.toml");
  EXPECT_EQ(of_file, built_in_tasks());
}

TEST(Definitions, ANewTaskIsLikeAnother) {
  const Definition counting = one("counting", R"(
[counting]
like = "vqa"
prompt = "{question} Answer {{with}} one number."
filter.answer_type = "number"
max_new_tokens = 6
)");
  Definition expected = built_in_tasks()[0];
  expected.name = "counting";
  expected.prompt = expected.release_prompt = "{vqa.question} Answer {{with}} one number.";
  expected.filters = {{"vqa.answer_type", false, {"number"}}};
  expected.max_new_tokens = 6;
  EXPECT_EQ(counting, expected);
}

TEST(Definitions, AFileAddsAndReplacesInItsOrder) {
  const std::vector<Definition> known = read(R"(
[zebra]
like = "ocr"
[ocr]
like = "ocr"
prompt.paper = "Read."
[after]
like = "zebra"
references = "captions"
)");
  EXPECT_EQ(names_of(known), (Texts{"vqa", "ocr", "caption", "retrieval", "zebra", "after"}));
  EXPECT_EQ(known[1].prompt, "Read.");
  EXPECT_EQ(known[1].release_prompt, built_in_tasks()[1].release_prompt);
  EXPECT_EQ(known[4].prompt, built_in_tasks()[1].prompt);  // it was like ocr before that was replaced
  EXPECT_EQ(known[5].references, "captions");
}

TEST(Definitions, FiltersInEveryForm) {
  const std::vector<Filter> filters = one("t", R"(
[t]
like = "vqa"
[t.filter]
vqa.answer_type = ["number", "other"]
question = {contains = "left of"}
captions = {contains = ["dog", "cat"]}
)")
                                          .filters;
  const std::vector<Filter> expected{{"captions", true, {"dog", "cat"}},
                                     {"vqa.question", true, {"left of"}},
                                     {"vqa.answer_type", false, {"number", "other"}}};
  ASSERT_EQ(filters.size(), 3U);
  for (const Filter& filter : expected)
    EXPECT_NE(std::find(filters.begin(), filters.end(), filter), filters.end()) << filter.field;
}

TEST(Definitions, AnOpenTargetLeavesThatOfItsModelBehind) {
  const Definition open = one("t", "[t]\nlike = \"ocr\"\ntarget_rule = \"open\"\n");
  EXPECT_EQ(open.target_rule, TargetRule::open);
  EXPECT_EQ(open.target, "");
}

TEST(Definitions, RefusalsNameFileLineTaskAndWhatWasExpected) {
  const auto refuses = [](const std::string& toml, const Texts& parts) {
    const std::string line = refused(toml);
    for (const std::string& part : parts) EXPECT_NAMES(line, part);
  };
  refuses("[t]\nlike =\n", {"x.toml:2: not TOML"});
  refuses("t = 1\n", {"x.toml:1: task t: expected a table"});
  refuses("[\"a b\"]\nlike = \"vqa\"\n", {"x.toml:1: task a b: its name"});
  refuses("[\"a/b\"]\nlike = \"vqa\"\n", {"task a/b"});
  refuses("[t]\nlike = \"vqq\"\n", {"x.toml:2: task t: like = \"vqq\"", "vqa, ocr, caption, retrieval"});
  refuses("[t]\nlike = \"vqa\"\nprompts = \"x\"\n", {"x.toml:3: task t: unknown key prompts", "prompt,"});
  refuses("[t]\nlike = \"vqa\"\n\nprompt = \"{questoin}\"\n",
          {"x.toml:4: task t: prompt: {questoin}: expected a field", "vqa.question"});
  refuses("[t]\nlike = \"vqa\"\nprompt = \"{captions}\"\n", {"{captions}: expected a field of one text"});
  refuses("[t]\nlike = \"vqa\"\nprompt = \"a { b\"\n", {"a single {"});
  refuses("[t]\nlike = \"vqa\"\nprompt = \"a } b\"\n", {"a single }"});
  refuses("[t]\nlike = \"vqa\"\nprompt.papr = \"a\"\n", {"prompt.papr: expected prompt.paper or"});
  refuses("[t]\nlike = \"vqa\"\nprompt = 3\n", {"x.toml:3", "prompt: expected a text"});
  refuses("[t]\nlike = \"vqa\"\nreferences = \"bbox\"\n", {"references = \"bbox\": it is a box"});
  refuses("[t]\nlike = \"ocr\"\nblue_box = \"ocr.text\"\n", {"blue_box = \"ocr.text\""});
  refuses("[t]\nlike = \"vqa\"\nitem_id = \"target\"\nreferences = \"nothing\"\n",
          {"references = \"nothing\": expected a field"});
  refuses("[t]\nlike = \"vqa\"\nmetric = \"accuracy\"\n",
          {"x.toml:3: task t: metric = \"accuracy\"", "anls:rrc", "over records"});
  refuses("[t]\nlike = \"vqa\"\nmetric = \"ndcg5:tie_average\"\n", {"metric = \"ndcg5:tie_average\""});
  refuses("[t]\nlike = \"retrieval\"\nmetric = \"anls:rrc\"\n", {"over queries one of ndcg5:tie_average"});
  refuses("[t]\nlike = \"retrieval\"\ntarget = \"No\"\n", {"x.toml:3", "expected \"Yes\""});
  refuses("[t]\nlike = \"retrieval\"\nprompt = \"Is it so?\"\n", {"{candidate.text}"});
  refuses("[t]\nlike = \"retrieval\"\nmax_new_tokens = 3\n", {"over queries there is no"});
  refuses("[t]\nlike = \"vqa\"\nmax_new_tokens = 0\n", {"x.toml:3", "at least 1 and at most 4,096"});
  refuses("[t]\nlike = \"vqa\"\nmask_text = \"mean\"\n", {"mask_text: expected true or false"});
  refuses("[t]\nlike = \"vqa\"\nover = \"images\"\n", {"over = \"images\": expected records or queries"});
  refuses("[t]\nlike = \"vqa\"\ntarget_rule = \"free\"\n",
          {"target_rule = \"free\": expected fixed or open"});
  refuses("[t]\nlike = \"caption\"\ntarget = \"x\"\n", {"a task with an open target has none"});
  refuses("[t]\nlike = \"caption\"\ntarget_rule = \"fixed\"\n", {"no target"});
  refuses("[t]\nprompt = \"What?\"\ntarget = \"x\"\nmetric = \"anls:rrc\"\n", {"x.toml:1", "no references"});
  refuses("[t]\nreferences = \"captions\"\n", {"no prompt"});
  refuses("[t]\nlike = \"vqa\"\nfilter.colour = \"red\"\n", {"filter.colour: expected a field with text"});
  refuses("[t]\nlike = \"vqa\"\nfilter.vqa.colour = \"red\"\n", {"filter.vqa.colour"});
  refuses("[t]\nlike = \"vqa\"\nfilter.bbox = \"x\"\n", {"filter.bbox"});
  refuses("[t]\nlike = \"vqa\"\nfilter.answer_type = 3\n", {"filter.answer_type: expected a text"});
  refuses("[t]\nlike = \"vqa\"\nfilter.answer_type = []\n", {"at least one text"});
  refuses("[t]\nlike = \"vqa\"\nfilter.answer_type = {begins = \"n\"}\n", {"{contains = text or list}"});
  refuses("[t]\nlike = \"vqa\"\nfilter = \"number\"\n", {"filter.FIELD"});
}

TEST(Definitions, AFileThatCannotBeReadIsWrongUse) {
  const std::string line = test::usage_error([] { with_tasks_of(built_in_tasks(), "nowhere.toml"); });
  EXPECT_NAMES(line, "nowhere.toml: no such file");
  EXPECT_NAMES(line, "configs/tasks.toml");
}

TEST(Definitions, AsJsonTheyTellEverything) {
  const auto json = nlohmann::json::parse(to_json(
      one("t", "[t]\nlike = \"vqa\"\nmax_new_tokens = 6\nfilter.question = {contains = \"how many\"}\n")));
  EXPECT_EQ(json["name"], "t");
  EXPECT_EQ(json["over"], "records");
  EXPECT_EQ(json["prompt"]["paper"], built_in_tasks()[0].prompt);
  EXPECT_EQ(json["max_new_tokens"], 6);
  EXPECT_EQ(json["filter"][0]["field"], "vqa.question");
  EXPECT_EQ(json["filter"][0]["contains"][0], "how many");
  std::vector<std::string> all;
  for (const Definition& task : built_in_tasks()) all.push_back(to_json(task));
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
}

benchmark::Benchmark questions() {
  benchmark::Benchmark made;
  const std::array<std::array<const char*, 3>, 4> all{{{"How many dogs?", "number", "2"},
                                                       {"Is the dog left of the cat?", "yes/no", "yes"},
                                                       {"How many cats?", "number", "1"},
                                                       {"What is it?", "other", "dog"}}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    benchmark::Record record;
    record.image_id = std::to_string(i);
    record.file_name = record.image_id + ".png";
    record.vqa = benchmark::VqaItem{
        record.image_id + "0", all[i][0], Texts(10, all[i][2]), all[i][2], "how", all[i][1]};
    record.where = "discovery.jsonl:" + std::to_string(i + 1);
    made.records.push_back(record);
  }
  made.records.push_back({});  // without a question: passes no filter on one
  made.records.back().where = "discovery.jsonl:5";
  return made;
}

Texts ids(const std::vector<Item>& items) {
  Texts all;
  for (const Item& item : items) all.push_back(item.item_id);
  return all;
}

TEST(OwnTasks, TakeTheRecordsThatPass) {
  const Task counting(one("c", "[c]\nlike = \"vqa\"\nfilter.answer_type = \"number\"\n"),
                      choice::Prompts::paper);
  const Task spatial(
      one("s", "[s]\nlike = \"vqa\"\nfilter.question = {contains = [\"left of\", \"right of\"]}\n"),
      choice::Prompts::paper);
  const Task both(one("b",
                      "[b]\nlike = \"vqa\"\nfilter.answer_type = \"number\"\n"
                      "filter.question = {contains = \"cats\"}\n"),
                  choice::Prompts::paper);
  EXPECT_EQ(ids(counting.items(questions(), -1)), (Texts{"00", "20"}));
  EXPECT_EQ(ids(spatial.items(questions(), -1)), (Texts{"10"}));
  EXPECT_EQ(ids(both.items(questions(), -1)), (Texts{"20"}));
  // The limit counts lines, so that finer tasks see the pictures that the coarse one sees.
  EXPECT_EQ(ids(counting.items(questions(), 2)), (Texts{"00"}));
  EXPECT_TRUE(both.items(questions(), 2).empty());
  EXPECT_EQ(counting.items(questions(), -1)[1].where, "discovery.jsonl:3");
}

TEST(OwnTasks, FillTheirTemplates) {
  const Task task(one("t",
                      "[t]\nlike = \"vqa\"\nprompt = \"{image_id}: {{{question}}} ({file_name})\"\n"
                      "target = \"it is {target}\"\nfilter.answer_type = \"number\"\n"),
                  choice::Prompts::release);
  const Item item = task.items(questions(), -1).at(0);
  EXPECT_EQ(item.texts, Texts{"0: {How many dogs?} (0.png)"});
  EXPECT_EQ(item.target, "it is 2");
  EXPECT_EQ(item.references, Texts(10, "2"));
}

TEST(OwnTasks, HaveTheirOwnLimit) {
  const Task task(one("t", "[t]\nlike = \"vqa\"\nmax_new_tokens = 3\n"), choice::Prompts::paper);
  EXPECT_EQ(task.answer_limit(24), 3);
  EXPECT_EQ(make_task("vqa", choice::Prompts::paper)->answer_limit(24), 24);
}

TEST(OwnTasks, ScoreByTheMetricTheyName) {
  const Task words(one("t", "[t]\nlike = \"vqa\"\nmetric = \"anls:rrc\"\n"), choice::Prompts::paper);
  Item item;
  item.references = {"MERRELL"};
  EXPECT_DOUBLE_EQ(words.score(item, "MERELL").utility, 6.0 / 7);
  const Task captions(one("t", "[t]\nlike = \"caption\"\nmetric = \"anls:rrc\"\n"), choice::Prompts::paper);
  EXPECT_EQ(captions.counts(), 0);
  EXPECT_TRUE(captions.open_ended());
  EXPECT_EQ(make_task("caption", choice::Prompts::paper)->counts(), 10);
  const Task fixed(one("t", "[t]\nlike = \"vqa\"\nmetric = \"bleu4:sentence\"\n"), choice::Prompts::paper);
  EXPECT_EQ(fixed.counts(), 10);
  EXPECT_FALSE(fixed.open_ended());
}

// Every metric of one answer or one ranking is there for tasks, and none that needs a whole set.
TEST(OwnTasks, NameAnyMetricOfOneInstance) {
  for (const metric::Named& named : metric::named_metrics()) {
    const bool ranks = named.compares == metric::Named::Compares::ranking;
    const std::string text = std::string("[t]\nlike = \"") + (ranks ? "retrieval" : "vqa") +
                             "\"\nmetric = \"" + std::string(named.name) + "\"\n";
    if (!named.of_one_instance()) {
      EXPECT_NAMES(refused(text), "expected over records one of");
      continue;
    }
    const Task task(one("t", text), choice::Prompts::paper);
    EXPECT_EQ(task.metric(), named.name);
    if (ranks) continue;
    Item item;
    item.references.assign(named.references == 1 ? 1 : 10, "dogs lie in bed");
    EXPECT_NEAR(task.score(item, "dogs lie in bed").utility, 1, 1e-8) << named.name;
    EXPECT_LT(task.score(item, "cats").utility, 0.5) << named.name;
  }
}

TEST(OwnTasks, SayWhichReferencesAMetricCannotTake) {
  const Task gqa(one("t", "[t]\nlike = \"vqa\"\nmetric = \"gqa_accuracy:official\"\n"),
                 choice::Prompts::paper);
  benchmark::Benchmark benchmark = questions();
  benchmark.records.pop_back();
  EXPECT_NAMES(test::data_error([&] { gqa.items(benchmark, -1); }), "discovery.jsonl:1");
  EXPECT_NAMES(test::data_error([&] { gqa.items(benchmark, -1); }), "exactly 1 reference(s), found 10");
  for (benchmark::Record& record : benchmark.records) record.vqa->answers = {record.vqa->target};
  EXPECT_EQ(gqa.items(benchmark, -1).size(), benchmark.records.size());
  benchmark.records[0].vqa->answers = {" "};
  const Task anls(one("t", "[t]\nlike = \"vqa\"\nmetric = \"anls:stvqa_m4c\"\n"), choice::Prompts::paper);
  EXPECT_NAMES(test::data_error([&] { anls.items(benchmark, -1); }), "not empty; use anls:rrc");
}

TEST(OwnTasks, RankTiesByTheirRule) {
  const Task order(one("t", "[t]\nlike = \"retrieval\"\nmetric = \"ndcg5:pessimistic\"\n"),
                   choice::Prompts::paper);
  benchmark::Benchmark benchmark = questions();
  benchmark::Query query;
  query.positive = 1;
  for (std::int64_t id = 0; id < 3; ++id) query.candidates.push_back({id, std::to_string(id), "a"});
  benchmark.queries = {query};
  const std::vector<double> scores{-1, -1, -2};
  EXPECT_DOUBLE_EQ(retrieval_utility(order.items(benchmark, -1).at(0), scores), 1 / std::log2(3.0));
  EXPECT_DOUBLE_EQ(
      retrieval_utility(make_task("retrieval", choice::Prompts::paper)->items(benchmark, -1).at(0), scores),
      (1 + 1 / std::log2(3.0)) / 2);
}

TEST(TransferTasks, OfTheRepositoryScoreAsTheOfficialOnes) {
  const std::vector<Definition> known =
      with_tasks_of(built_in_tasks(), std::filesystem::path(HONES_CONFIGS) / "tasks-transfer.toml");
  EXPECT_EQ(Task(*find_task(known, "gqa"), choice::Prompts::paper).metric(),
            "gqa_accuracy:after_trim_dot_lower");
  EXPECT_EQ(Task(*find_task(known, "textvqa"), choice::Prompts::paper).metric(), "textvqa_accuracy");
}

TEST(FineTasks, OfTheRepositoryAreCountingAndSpatial) {
  const std::vector<Definition> known =
      with_tasks_of(built_in_tasks(), std::filesystem::path(HONES_CONFIGS) / "tasks-fine.toml");
  EXPECT_EQ(names_of(known), (Texts{"vqa", "ocr", "caption", "retrieval", "counting", "spatial"}));
  EXPECT_EQ(ids(Task(*find_task(known, "counting"), choice::Prompts::paper).items(questions(), -1)),
            (Texts{"00", "20"}));
  EXPECT_EQ(ids(Task(*find_task(known, "spatial"), choice::Prompts::paper).items(questions(), -1)),
            (Texts{"10"}));
}

}  // namespace
}  // namespace hones::task
