// heads.<task>.csv, neurons.<task>.csv, rankings.<task>.json and the summary for a terminal
// (docs/outputs.md).
#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/base/file.hpp>
#include <hones/results/outputs.hpp>

#include "support/scratch.hpp"

namespace hones::results {
namespace {

using table::CellState;
using table::InstanceState;
using Json = nlohmann::ordered_json;

const double kNan = std::numeric_limits<double>::quiet_NaN();

// Two layers of two heads and three neurons; four instances, one of them excluded. Head 0:1 was not asked
// for.
TaskOutput made() {
  TaskOutput output;
  table::TaskCells& cells = output.cells;
  cells.task = "vqa";
  cells.metric = "vqa_accuracy:normalize_always";
  cells.shape = {2, 2, 3};
  cells.instances.resize(4);
  table::resize(cells);
  const double utility[4][5] = {
      {1, 0.5, kNan, 0, 1}, {1, 1, kNan, 0, 1}, {0, 0, kNan, 0, 1}, {0.5, 0.5, kNan, 0.5, 0.5}};
  const float logprob[5] = {-1, -1.5F, 0, -1.25F, -1};
  for (std::int64_t i = 0; i < 4; ++i) {
    cells.instances[static_cast<std::size_t>(i)].state =
        i == 3 ? InstanceState::excluded : InstanceState::done;
    for (std::int64_t column = 0; column < 5; ++column) {
      const std::size_t at = cells.at(i, column);
      cells.utility[at] = utility[i][column];
      cells.answer_logprob[at] = logprob[column];
      cells.states[at] = column == 2                           ? CellState::not_asked
                         : utility[i][column] == utility[i][0] ? CellState::unchanged
                                                               : CellState::changed;
    }
  }
  output.heads.importance = {0.125, kNan, 0.5, -0.25};
  output.heads.ci_low = {0, kNan, 0.25, -0.5};
  output.heads.ci_high = {0.25, kNan, 0.75, 0.1};
  output.heads.answers_changed = {1, 0, 2, 1};
  output.heads.valid = {3, 0, 3, 3};
  output.heads.top = {{1, 0}, {0, 0}};
  output.heads.split_half_overlap = 0.75;
  output.heads.plain_metric = 2.0 / 3;
  output.neurons.plain = {6, 5, 4, 3, 2, 1};
  output.neurons.per_instance = {0.5, 0, 0.25, 0, 0.1, 1.5};
  output.neurons.after_mean = {0.4, 0, 0.2, 0, 0.05, 1.25};
  output.neurons.top = {1, 2, 0, 0, 0, 2};
  output.neurons.mode = choice::NeuronMode::per_instance;
  return output;
}

struct Files {
  std::string heads, neurons, json_text;
  Json json;
};

Files written(const TaskOutput& output, const Json& provenance = Json::object()) {
  const test::Scratch scratch;
  write_task_files(scratch.path(), output, provenance);
  Files files;
  files.heads = read_file(scratch.path() / ("heads." + output.cells.task + ".csv"));
  files.neurons = read_file(scratch.path() / ("neurons." + output.cells.task + ".csv"));
  files.json_text = read_file(scratch.path() / ("rankings." + output.cells.task + ".json"));
  files.json = Json::parse(files.json_text);
  return files;
}

TEST(Outputs, HeadsAreListedBestFirst) {
  // Every ranked head, not only the top; ranks by log-probability are over the same heads.
  EXPECT_EQ(written(made()).heads,
            "rank,layer,head,importance,ci_low,ci_high,answers_changed,logprob_drop,logprob_rank\n"
            "1,1,0,0.5,0.25,0.75,2,0.25,2\n"
            "2,0,0,0.125,0,0.25,1,0.5,1\n"
            "3,1,1,-0.25,-0.5,0.1,1,0,3\n");
}

TEST(Outputs, NeuronsCarryTheScoreThatRankedThem) {
  TaskOutput output = made();
  EXPECT_EQ(written(output).neurons, "rank,layer,neuron,importance\n1,1,2,1.5\n2,0,0,0.5\n3,0,2,0.25\n");
  output.neurons.mode = choice::NeuronMode::after_mean;
  EXPECT_EQ(written(output).neurons, "rank,layer,neuron,importance\n1,1,2,1.25\n2,0,0,0.4\n3,0,2,0.2\n");
  output.fell_back = true;
  EXPECT_EQ(written(output).neurons, "rank,layer,neuron,importance\n1,1,2,1\n2,0,0,6\n3,0,2,4\n");
  output.neurons.top.clear();
  EXPECT_EQ(written(output).neurons, "rank,layer,neuron,importance\n");
}

TEST(Outputs, RankingsSayWhatTheyAre) {
  const Files files = written(made(), {{"model", "tiny"}, {"seed", 7}});
  const Json expected = Json::parse(R"({
    "model": "tiny", "seed": 7, "ranking": {"top_k": 2}, "task": "vqa", "metric": "vqa_accuracy:normalize_always",
    "instances_done": 3, "instances_excluded": 1, "plain_metric": 0.6666666666666666, "split_half_overlap": 0.75,
    "top_heads": [
      {"rank": 1, "layer": 1, "head": 0, "importance": 0.5, "ci_low": 0.25, "ci_high": 0.75, "answers_changed": 2,
       "logprob_drop": 0.25, "logprob_rank": 2},
      {"rank": 2, "layer": 0, "head": 0, "importance": 0.125, "ci_low": 0.0, "ci_high": 0.25, "answers_changed": 1,
       "logprob_drop": 0.5, "logprob_rank": 1}],
    "neurons": {"mode": "per_instance", "selected": 3, "ranked_by_plain_contribution": false, "per_layer": [2, 1]}
  })");
  EXPECT_EQ(files.json, expected);
  EXPECT_EQ(files.json.begin().key(), "model");  // provenance first, in its own order
  EXPECT_EQ(files.json_text.back(), '\n');
}

TEST(Outputs, WhatIsUnknownIsNull) {
  TaskOutput output = made();
  output.heads.split_half_overlap = kNan;
  output.heads.plain_metric = kNan;
  output.fell_back = true;
  const Json json = written(output).json;
  EXPECT_TRUE(json.at("split_half_overlap").is_null());
  EXPECT_TRUE(json.at("plain_metric").is_null());
  EXPECT_FALSE(json.contains("plain_corpus_bleu4"));
  EXPECT_EQ(json.at("neurons").at("ranked_by_plain_contribution"), true);
}

TEST(Outputs, CaptionsHaveTheirCorpusBleu) {
  TaskOutput output = made();
  output.cells.task = "caption";
  output.cells.metric = "bleu4:sentence";
  output.heads.plain_together = 0.125;
  EXPECT_EQ(written(output).json.at("plain_corpus_bleu4"), 0.125);
  EXPECT_NAMES(describe_task(output), "(corpus BLEU-4 0.1250)");
}

TEST(Outputs, AreTheSameBytesAgain) {
  const Files once = written(made()), again = written(made());
  EXPECT_EQ(once.heads, again.heads);
  EXPECT_EQ(once.neurons, again.neurons);
  EXPECT_EQ(once.json_text, again.json_text);
}

TEST(Describe, ShowsTheTopHeadsAndTheLayers) {
  EXPECT_EQ(describe_task(made()),
            "vqa  vqa_accuracy:normalize_always = 0.6667 on 3 instances, 1 excluded\n"
            "  head      importance  95 % interval         changed  log-prob drop (rank)\n"
            "   1:0        +0.5000  [+0.2500, +0.7500]        2    +0.2500 (2)\n"
            "   0:0        +0.1250  [+0.0000, +0.2500]        1    +0.5000 (1)\n"
            "  split-half overlap of the top 2: 0.75\n"
            "  top 3 neurons by layer: 2 1\n");
}

TEST(Describe, SaysWhenNoHeadIsPositive) {
  TaskOutput output = made();
  output.fell_back = true;
  output.cells.instances[3].state = InstanceState::done;
  const std::string text = describe_task(output);
  EXPECT_NAMES(text, "no head is positive: ranked by mean plain contribution");
  EXPECT_NAMES(text, "on 4 instances\n");
}

TEST(Describe, ShowsTenHeadsAtMost) {
  TaskOutput output;
  output.cells.task = "ocr";
  output.cells.shape = {1, 12, 1};
  output.heads.importance.assign(12, 0.5);
  output.heads.ci_low = output.heads.ci_high = output.heads.importance;
  output.heads.answers_changed.assign(12, 0);
  for (std::int32_t head = 0; head < 12; ++head) output.heads.top.push_back({0, head});
  const std::string text = describe_task(output);
  EXPECT_NAMES(text, "   0:9 ");
  EXPECT_FALSE(test::contains(text, "   0:10")) << text;
  EXPECT_NAMES(text, "of the top 12");
}

}  // namespace
}  // namespace hones::results
