// docs/benchmark.md 2.2-2.4.
#include <algorithm>

#include <gtest/gtest.h>

#include <hones/benchmark/candidates.hpp>
#include <hones/benchmark/clean.hpp>

#include "folder.hpp"
#include "support/vectors.hpp"

namespace hones::benchmark {
namespace {

using Ids = std::vector<std::int64_t>;

Sources read(const test::Folder& folder, const nlohmann::json& files) {
  Sources sources;
  sources.images = read_captions(folder.write("captions.json", files["captions"]));
  sources.scene_text = read_scene_text(folder.write("scene_text.json", files["scene_text"]));
  sources.questions = read_questions(folder.write("questions.json", files["questions"]),
                                     folder.write("annotations.json", files["annotations"]));
  return sources;
}

void compare(const Record& first, const Record& seeded, const nlohmann::json& expected) {
  EXPECT_EQ(seeded.image_id, std::to_string(expected["image_id"].get<std::int64_t>()));
  for (const Record* record : {&first, &seeded}) {
    ASSERT_EQ(record->captions.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(record->captions[i].id, expected["caption_ids"][i].get<std::int64_t>());
      EXPECT_EQ(clean_text(record->captions[i].text), expected["captions"][i].get<std::string>());
    }
  }
  EXPECT_EQ(first.vqa->question_id, std::to_string(expected["question_id_first"].get<std::int64_t>()));
  EXPECT_EQ(seeded.vqa->question_id, std::to_string(expected["question_id_seeded"].get<std::int64_t>()));
  EXPECT_EQ(first.ocr->ann_id, std::to_string(expected["ocr_id_first"].get<std::int64_t>()));
  EXPECT_EQ(seeded.ocr->ann_id, std::to_string(expected["ocr_id_seeded"].get<std::int64_t>()));
  EXPECT_EQ(seeded.ocr->text, expected["ocr_text_seeded"].get<std::string>());
}

TEST(Build, Vectors) {
  const auto file = hones::test::vectors("benchmark_build");
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const test::Folder folder;
    const Sources sources = read(folder, c["files"]);
    const std::uint64_t seed = c["seed"];
    const Candidates first = choose_candidates(sources, seed, Policy::first, Policy::first);
    const Candidates seeded = choose_candidates(sources, seed, Policy::seeded, Policy::seeded);
    const auto& expected = c["expected"];
    ASSERT_EQ(seeded.records.size(), expected["candidates"].size());
    for (const auto& candidate : expected["candidates"]) {
      const std::int64_t id = candidate["image_id"];
      ASSERT_TRUE(seeded.records.contains(id)) << id;
      compare(first.records.at(id), seeded.records.at(id), candidate);
    }
    EXPECT_EQ(seeded.rejected.size(), expected["rejected"].size());
    for (const auto& [id, reason] : seeded.rejected)
      EXPECT_EQ(reason, expected["rejected"].value(std::to_string(id), "none")) << id;

    const auto& sizes = c["split_sizes"];
    for (const auto& [split, records] :
         cut_splits(seeded, sizes["discovery"], sizes["dev"], sizes["test"], seed)) {
      Ids ids;
      for (const Record& record : records) {
        EXPECT_EQ(record.split, split);
        ids.push_back(std::stoll(record.image_id));
      }
      std::sort(ids.begin(), ids.end());
      EXPECT_EQ(ids, expected["splits"][split].get<Ids>()) << split;
    }
  }
}

TEST(Build, NamesHowManyImagesPass) {
  const test::Folder folder;
  const test::Official official(4);
  const auto file = nlohmann::json{{"captions", official.captions},
                                   {"scene_text", official.scene_text},
                                   {"questions", official.questions},
                                   {"annotations", official.annotations}};
  const Candidates candidates = choose_candidates(read(folder, file), 1);
  test::expect_says(test::message_of<DataError>([&] { cut_splits(candidates, 3, 1, 1, 1); }),
                    {"too few images: 4", "5 are asked for"});
}

// The reasons are tested in the order of the page, and boxes beyond the picture hold no text.
TEST(Build, RejectsForTheFirstTestThatFails) {
  test::Official official(8);
  official.captions["annotations"][0]["caption"] = " \n";         // image 1: four captions
  official.scene_text["imgs"].erase("1");                         // and not in scene text, which comes later
  official.scene_text["imgs"].erase("2");                         // image 2
  official.scene_text["anns"]["21"]["legibility"] = "illegible";  // image 3
  official.scene_text["anns"]["28"]["utf8_string"] = "&nbsp;";    // image 4
  official.scene_text["anns"]["35"]["bbox"] = {64, 2, 30, 12};    // image 5: begins where the picture ends
  official.scene_text["anns"]["42"]["bbox"] = {-30, 2, 30, 12};   // image 6: ends where the picture begins
  official.scene_text["anns"]["49"]["bbox"] = {-29.5, 47.9, 30, 12};  // image 7: one pixel is left
  for (auto& annotation : official.annotations["annotations"]) {
    if (annotation["image_id"] == 8) annotation["answers"].erase(9);
  }
  const test::Folder folder;
  const auto file = nlohmann::json{{"captions", official.captions},
                                   {"scene_text", official.scene_text},
                                   {"questions", official.questions},
                                   {"annotations", official.annotations}};
  const Candidates candidates = choose_candidates(read(folder, file), 1);
  const std::map<std::int64_t, std::string> expected = {
      {1, "captions"},        {2, "not_in_scene_text"}, {3, "no_legible_text"}, {4, "no_legible_text"},
      {5, "no_legible_text"}, {6, "no_legible_text"},   {8, "no_question"}};
  EXPECT_EQ(candidates.rejected, expected);
  ASSERT_EQ(candidates.records.size(), 1U);
  EXPECT_EQ(candidates.records.at(7).ocr->text, "W7");
}

}  // namespace
}  // namespace hones::benchmark
