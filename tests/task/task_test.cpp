// docs/method.md 1 and docs/benchmark.md 2.6, 3.
#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <hones/base/digest.hpp>
#include <hones/base/error.hpp>
#include <hones/task/task.hpp>

#include "support/scratch.hpp"
#include "support/usage_error.hpp"

namespace hones::task {
namespace {

using test::data_error;
using test::usage_error;
using Texts = std::vector<std::string>;
using Scores = std::vector<double>;

benchmark::Record record(int number) {
  const std::string n = std::to_string(number);
  benchmark::Record made;
  made.image_id = n;
  made.file_name = "picture_" + n + ".png";
  made.width = 40;
  made.height = 30;
  made.split = "discovery";
  made.vqa = benchmark::VqaItem{
      n + "000", "What is {Question} " + n + "?", Texts(10, "dog"), "a dog", "what is", "other"};
  made.ocr = benchmark::OcrItem{"77" + n, {10, 8, 12, 9}, "STOP " + n};
  made.captions = {{5, "A dog."}, {6, "One red dog."}, {7, "dogs"}, {8, "the dog"}, {9, "a sign"}};
  made.where = "discovery.jsonl:" + n;
  return made;
}

benchmark::Query query(int number, std::size_t positive) {
  benchmark::Query made;
  made.image_id = std::to_string(number);
  made.file_name = "picture_" + made.image_id + ".png";
  made.where = "retrieval/discovery.jsonl:" + made.image_id;
  for (std::size_t c = 0; c < 3; ++c) {
    const auto id = static_cast<std::int64_t>(100 * static_cast<std::size_t>(number) + c);
    made.candidates.push_back({id, c == positive ? made.image_id : "other", "caption " + std::to_string(id)});
  }
  made.positive = made.candidates[positive].caption_id;
  return made;
}

benchmark::Benchmark small_benchmark() {
  benchmark::Benchmark made;
  made.records = {record(1), record(2), record(3)};
  made.queries = {query(1, 0), query(2, 2)};
  return made;
}

std::vector<Item> items_of(const std::string& task, choice::Prompts prompts, std::int64_t limit = -1) {
  return make_task(task, prompts)->items(small_benchmark(), limit);
}

TEST(Items, Vqa) {
  const auto items = items_of("vqa", choice::Prompts::paper);
  ASSERT_EQ(items.size(), 3U);
  const Item& item = items[1];
  EXPECT_EQ(item.image_id, "2");
  EXPECT_EQ(item.item_id, "2000");
  EXPECT_EQ(item.file_name, "picture_2.png");
  EXPECT_EQ(item.where, "discovery.jsonl:2");
  EXPECT_EQ(item.texts,
            Texts{"Question: What is {Question} 2? Answer the question briefly using one or a few "
                  "words."});
  EXPECT_EQ(item.target, "a dog");
  EXPECT_EQ(item.references, Texts(10, "dog"));
  EXPECT_FALSE(item.box.has_value());
  EXPECT_TRUE(item.candidate_ids.empty());
  EXPECT_EQ(item.attributed, 0U);
  EXPECT_EQ(items_of("vqa", choice::Prompts::release)[1].texts,
            Texts{"Question: What is {Question} 2?\nAnswer the question with a short phrase."});
}

TEST(Items, Ocr) {
  const auto items = items_of("ocr", choice::Prompts::paper);
  ASSERT_EQ(items.size(), 3U);
  const Item& item = items[2];
  EXPECT_EQ(item.image_id, "3");
  EXPECT_EQ(item.item_id, "773");
  EXPECT_EQ(item.file_name, "picture_3.png");
  EXPECT_EQ(item.where, "discovery.jsonl:3");
  EXPECT_EQ(item.texts, Texts{"Please transcribe the text inside the blue box. Output text only."});
  EXPECT_EQ(item.target, "STOP 3");
  EXPECT_EQ(item.references, Texts{"STOP 3"});
  EXPECT_EQ(item.box, (image::Box{10, 8, 12, 9}));
  EXPECT_EQ(items_of("ocr", choice::Prompts::release)[2].texts,
            Texts{"Transcribe the text inside the blue box.\nOutput text only."});
}

TEST(Items, Caption) {
  for (const choice::Prompts prompts : {choice::Prompts::paper, choice::Prompts::release}) {
    const auto items = items_of("caption", prompts);
    ASSERT_EQ(items.size(), 3U);
    const Item& item = items[0];
    EXPECT_EQ(item.image_id, "1");
    EXPECT_EQ(item.item_id, "");
    EXPECT_EQ(item.file_name, "picture_1.png");
    EXPECT_EQ(item.where, "discovery.jsonl:1");
    EXPECT_EQ(item.texts, Texts{"Describe the image in one sentence."});
    EXPECT_EQ(item.target, "");
    EXPECT_EQ(item.references, (Texts{"A dog.", "One red dog.", "dogs", "the dog", "a sign"}));
    EXPECT_FALSE(item.box.has_value());
  }
}

TEST(Items, Retrieval) {
  const auto items = items_of("retrieval", choice::Prompts::paper);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].attributed, 0U);
  const Item& item = items[1];
  EXPECT_EQ(item.image_id, "2");
  EXPECT_EQ(item.item_id, "202");
  EXPECT_EQ(item.file_name, "picture_2.png");
  EXPECT_EQ(item.where, "retrieval/discovery.jsonl:2");
  EXPECT_EQ(item.candidate_ids, (std::vector<std::int64_t>{200, 201, 202}));
  EXPECT_EQ(item.attributed, 2U);
  EXPECT_EQ(item.target, "Yes");
  EXPECT_TRUE(item.references.empty());
  ASSERT_EQ(item.texts.size(), 3U);
  EXPECT_EQ(
      item.texts[0],
      "Candidate: caption 200 Does the candidate correctly describe the image? Answer exactly Yes or No.");
  EXPECT_EQ(
      item.texts[2],
      "Candidate: caption 202 Does the candidate correctly describe the image? Answer exactly Yes or No.");
  EXPECT_EQ(
      items_of("retrieval", choice::Prompts::release)[1].texts[1],
      "Candidate: caption 201\nDoes the candidate correctly describe the image?\nAnswer exactly Yes or No.");
}

TEST(Items, AreCutToTheLimitInBenchmarkOrder) {
  for (const std::string& task : task_names()) {
    const std::size_t all = task == "retrieval" ? 2 : 3;
    EXPECT_EQ(items_of(task, choice::Prompts::paper, -1).size(), all) << task;
    EXPECT_EQ(items_of(task, choice::Prompts::paper, 0).size(), 0U) << task;
    ASSERT_EQ(items_of(task, choice::Prompts::paper, 1).size(), 1U) << task;
    EXPECT_EQ(items_of(task, choice::Prompts::paper, 1)[0].image_id, "1") << task;
    EXPECT_EQ(items_of(task, choice::Prompts::paper, 2)[1].image_id, "2") << task;
    EXPECT_EQ(items_of(task, choice::Prompts::paper, 99).size(), all) << task;
  }
}

TEST(Items, WhatATaskNeedsMustBeThere) {
  benchmark::Benchmark broken = small_benchmark();
  broken.records[1].vqa.reset();
  broken.records[1].ocr.reset();
  broken.records[1].captions.clear();
  for (const std::string task : {"vqa", "ocr", "caption"}) {
    const auto made = make_task(task, choice::Prompts::paper);
    const std::string line = data_error([&] { made->items(broken, -1); });
    EXPECT_NAMES(line, "discovery.jsonl:2");
    EXPECT_NAMES(line, "'" + task + "'");
    // Records beyond the limit are not asked for it.
    EXPECT_EQ(made->items(broken, 1).size(), 1U) << task;
  }
  EXPECT_EQ(make_task("retrieval", choice::Prompts::paper)->items(broken, -1).size(), 2U);
}

TEST(Items, OneTaskDoesNotNeedTheFieldsOfAnother) {
  benchmark::Benchmark only = small_benchmark();
  for (benchmark::Record& record : only.records) {
    record.ocr.reset();
    record.captions.clear();
  }
  EXPECT_EQ(make_task("vqa", choice::Prompts::paper)->items(only, -1).size(), 3U);
}

TEST(Tasks, NamesMetricsAndKinds) {
  EXPECT_EQ(task_names(), (Texts{"vqa", "ocr", "caption", "retrieval"}));
  const Texts metrics{"vqa_accuracy:normalize_always", "anls:rrc", "bleu4:sentence", "ndcg5:tie_average"};
  for (std::size_t t = 0; t < 4; ++t) {
    const std::string name = task_names()[t];
    const auto task = make_task(name, choice::Prompts::paper);
    EXPECT_EQ(task->name(), name);
    EXPECT_EQ(task->metric(), metrics[t]);
    EXPECT_EQ(task->generates(), name != "retrieval");
    EXPECT_EQ(task->open_ended(), name == "caption");
  }
}

TEST(Tasks, UnknownNamesAreRefused) {
  const std::string line = usage_error([] { make_task("VQA", choice::Prompts::paper); });
  EXPECT_NAMES(line, "'VQA'");
  for (const std::string& name : task_names()) EXPECT_NAMES(line, name);
}

TEST(Scores, Vqa) {
  const auto task = make_task("vqa", choice::Prompts::paper);
  Item item;
  item.references = {"yes", "yes", "yes", "yes", "yes", "yes", "yes", "yes", "no", "no"};
  EXPECT_DOUBLE_EQ(task->score(item, "no").utility, 0.6);
  EXPECT_DOUBLE_EQ(task->score(item, "Yes.").utility, 1);
  EXPECT_EQ(task->score(item, "maybe").utility, 0);
  EXPECT_TRUE(task->score(item, "no").counts.empty());
  // Annotators who agree do not make the comparison literal: normalize_always.
  item.references.assign(10, "yes");
  EXPECT_EQ(task->score(item, "Yes").utility, 1);
}

TEST(Scores, Ocr) {
  const auto task = make_task("ocr", choice::Prompts::paper);
  Item item;
  item.references = {"MERRELL"};
  EXPECT_DOUBLE_EQ(task->score(item, "MERELL").utility, 6.0 / 7);
  EXPECT_EQ(task->score(item, "merrell").utility, 1);
  EXPECT_EQ(task->score(item, "MER").utility, 0);
  EXPECT_TRUE(task->score(item, "MERELL").counts.empty());
}

TEST(Scores, Caption) {
  const auto task = make_task("caption", choice::Prompts::paper);
  Item item;
  item.references = {"Something else.", "A B c dog e f g h i Jay."};
  const Score score = task->score(item, "a b C dog.");
  // Two words are closer to four than ten.
  EXPECT_EQ(score.counts, (std::vector<std::int64_t>{4, 3, 2, 1, 4, 3, 2, 1, 4, 2}));
  EXPECT_NEAR(score.utility, 1, 1e-8);
  item.references = {"A B c dog e f g h i Jay."};
  EXPECT_NEAR(task->score(item, "a b C dog.").utility, std::exp(1 - 10.0 / 4), 1e-8);
  EXPECT_EQ(task->score(item, "a b C dog.").counts.at(9), 10);
}

TEST(Scores, RetrievalHasNoAnswers) {
  EXPECT_THROW(make_task("retrieval", choice::Prompts::paper)->score(Item{}, "Yes"), InternalError);
}

TEST(Retrieval, UtilityIsNdcgOfTheAttributedCandidate) {
  Item item;
  item.attributed = 2;
  EXPECT_DOUBLE_EQ(retrieval_utility(item, Scores{-3, -2, -1}), 1);
  EXPECT_DOUBLE_EQ(retrieval_utility(item, Scores{-1, -2, -3}), 0.5);
  EXPECT_DOUBLE_EQ(retrieval_utility(item, Scores{-1, -3, -2}), 1 / std::log2(3.0));
  EXPECT_EQ(retrieval_utility(item, Scores{-1, -2, -9, -3, -4, -5}), 0);
  // Ties share their places.
  EXPECT_DOUBLE_EQ(retrieval_utility(item, Scores{-1, -5, -1}), (1 + 1 / std::log2(3.0)) / 2);
  EXPECT_NEAR(retrieval_utility(item, Scores(50, -0.5)), 0.058969, 5e-7);
  item.attributed = 3;
  EXPECT_THROW(retrieval_utility(item, Scores{-1, -2, -3}), std::out_of_range);
}

TEST(Retrieval, RankingDiffers) {
  EXPECT_FALSE(ranking_differs(Scores{-1, -2, -3}, Scores{-10, -20, -30}));
  EXPECT_TRUE(ranking_differs(Scores{-1, -2, -3}, Scores{-2, -1, -3}));
  EXPECT_TRUE(ranking_differs(Scores{-1, -2, -3}, Scores{-1, -3, -2}));
  // A tie counts as the order of the indices, on either side.
  EXPECT_FALSE(ranking_differs(Scores{-1, -1, -3}, Scores{-1, -2, -3}));
  EXPECT_TRUE(ranking_differs(Scores{-1, -1, -3}, Scores{-2, -1, -3}));
  EXPECT_TRUE(ranking_differs(Scores{-2, -1, -3}, Scores{-1, -1, -3}));
  EXPECT_FALSE(ranking_differs(Scores{-4, -4, -4}, Scores{0, 0, 0}));
  EXPECT_FALSE(ranking_differs(Scores{}, Scores{}));
}

// The item with the digest of its picture as it is now.
Item noted(Item item, const test::Scratch& scratch) {
  item.picture_sha256 = sha256_file(scratch.path() / item.file_name);
  return item;
}

image::Image grey_picture() {
  return {40, 30, std::vector<std::uint8_t>(40 * 30 * 3, 120)};
}

TEST(LoadPicture, DrawsTheBlueBoxOfAnOcrItem) {
  const test::Scratch scratch;
  image::encode_png_file(grey_picture(), scratch.path() / "picture_1.png");
  const Item item = noted(items_of("ocr", choice::Prompts::paper)[0], scratch);  // box x 10..21, y 8..16
  const image::Image picture = load_picture(scratch.path(), item);
  ASSERT_EQ(picture.width, 40);
  ASSERT_EQ(picture.height, 30);
  for (int y = 0; y < 30; ++y) {
    for (int x = 0; x < 40; ++x) {
      const bool outer = x >= 9 && x <= 22 && y >= 7 && y <= 17;
      const bool inner = x >= 12 && x <= 19 && y >= 10 && y <= 14;
      const std::array<int, 3> expected =
          outer && !inner ? std::array<int, 3>{0, 0, 255} : std::array<int, 3>{120, 120, 120};
      const auto at = static_cast<std::size_t>((y * 40 + x) * 3);
      EXPECT_EQ((std::array<int, 3>{picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]}), expected)
          << x << "," << y;
    }
  }
}

TEST(LoadPicture, DrawsTheStrokeAskedFor) {
  const test::Scratch scratch;
  image::encode_png_file(grey_picture(), scratch.path() / "picture_1.png");
  const auto task = make_task("ocr", choice::Prompts::paper, {image::Stroke::outside, image::TextMask::none});
  const Item item = noted(task->items(small_benchmark(), 1)[0], scratch);
  image::Image expected = grey_picture();
  image::draw_blue_box(expected, {10, 8, 12, 9}, image::Stroke::outside);
  EXPECT_EQ(load_picture(scratch.path(), item).rgb, expected.rgb);
}

// The control is for captions alone: the boxes of an OCR picture and its text stay.
TEST(LoadPicture, MasksTheTextOfCaptions) {
  const test::Scratch scratch;
  image::Image picture = grey_picture();
  std::fill(picture.rgb.begin(), picture.rgb.begin() + 300, std::uint8_t{0});
  image::encode_png_file(picture, scratch.path() / "picture_1.png");
  benchmark::Benchmark made = small_benchmark();
  made.records[0].text_boxes = {{2, 2, 4, 3}, {20, 1, 8, 6}};
  made.records[0].text_polygons = {{{2, 2}, {6, 2}, {2, 5}}, {}};
  for (const auto mask : {image::TextMask::mean, image::TextMask::per_box, image::TextMask::polygon}) {
    image::Image expected = picture;
    image::mask_text(expected, made.records[0].text_boxes, made.records[0].text_polygons, mask);
    EXPECT_NE(expected.rgb, picture.rgb);
    const Pictures pictures{image::Stroke::centred, mask};
    const Item caption =
        noted(make_task("caption", choice::Prompts::paper, pictures)->items(made, 1)[0], scratch);
    EXPECT_EQ(load_picture(scratch.path(), caption).rgb, expected.rgb);
    for (const std::string task : {"vqa", "retrieval"}) {
      const Item item = noted(make_task(task, choice::Prompts::paper, pictures)->items(made, 1)[0], scratch);
      EXPECT_EQ(load_picture(scratch.path(), item).rgb, picture.rgb) << task;
    }
  }
}

TEST(LoadPicture, LeavesThePicturesOfOtherTasksAlone) {
  const test::Scratch scratch;
  image::encode_png_file(grey_picture(), scratch.path() / "picture_1.png");
  for (const std::string task : {"vqa", "caption", "retrieval"})
    EXPECT_EQ(load_picture(scratch.path(), noted(items_of(task, choice::Prompts::paper)[0], scratch)).rgb,
              grey_picture().rgb)
        << task;
}

TEST(LoadPicture, NamesWhatIsWrong) {
  const test::Scratch scratch;
  Item item = items_of("ocr", choice::Prompts::paper)[0];
  EXPECT_NAMES(data_error([&] { load_picture(scratch.path(), item); }), "picture_1.png");
  scratch.write("picture_1.png", "not a picture");
  EXPECT_NAMES(data_error([&] { load_picture(scratch.path(), noted(item, scratch)); }), "picture_1.png");
  image::encode_png_file(grey_picture(), scratch.path() / "picture_1.png");
  item = noted(item, scratch);
  item.box = image::Box{50, 8, 12, 9};
  const std::string line = data_error([&] { load_picture(scratch.path(), item); });
  EXPECT_NAMES(line, "outside");
  EXPECT_NAMES(line, "discovery.jsonl:1");
  EXPECT_NAMES(line, "picture_1.png");
}

// Another picture than the benchmark's ends the run; it is not excluded like one that cannot be read.
TEST(LoadPicture, RefusesAnotherPictureThanTheBenchmarkNotes) {
  const test::Scratch scratch;
  Item item = items_of("vqa", choice::Prompts::paper)[0];
  image::encode_png_file(grey_picture(), scratch.path() / "picture_1.png");
  const auto refusal = [&] {
    try {
      load_picture(scratch.path(), item);
    } catch (const ChangedPicture& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data);
      return std::string(error.what());
    }
    return std::string("no refusal");
  };
  EXPECT_NAMES(refusal(), "was not there when the benchmark was prepared");
  item = noted(item, scratch);
  EXPECT_EQ(refusal(), "no refusal");
  image::Image other = grey_picture();
  other.rgb[7] ^= 1;
  image::encode_png_file(other, scratch.path() / "picture_1.png");
  const std::string line = refusal();
  EXPECT_NAMES(line, "discovery.jsonl:1");
  EXPECT_NAMES(line, "picture_1.png is not the one");
}

}  // namespace
}  // namespace hones::task
