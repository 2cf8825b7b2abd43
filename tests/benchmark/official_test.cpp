// docs/benchmark.md 1.1-1.3: what the readers accept, and how they complain.
#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include <hones/benchmark/official.hpp>

#include "folder.hpp"

namespace hones::benchmark {
namespace {

using nlohmann::json;

std::string captions_error(const std::function<void(json&)>& spoil) {
  const test::Folder folder;
  test::Official official(2);
  spoil(official.captions);
  return test::message_of<DataError>(
      [&] { read_captions(folder.write("captions.json", official.captions)); });
}

std::string scene_text_error(const std::function<void(json&)>& spoil) {
  const test::Folder folder;
  test::Official official(2);
  spoil(official.scene_text);
  return test::message_of<DataError>(
      [&] { read_scene_text(folder.write("text.json", official.scene_text)); });
}

std::string questions_error(const std::function<void(test::Official&)>& spoil) {
  const test::Folder folder;
  test::Official official(2);
  spoil(official);
  return test::message_of<DataError>([&] {
    read_questions(folder.write("questions.json", official.questions),
                   folder.write("annotations.json", official.annotations));
  });
}

TEST(ReadCaptions, JoinsInAnyOrder) {
  const test::Folder folder;
  test::Official official(2);
  auto& annotations = official.captions["annotations"];
  std::reverse(annotations.begin(), annotations.end());
  const auto images = read_captions(folder.write("captions.json", official.captions));
  ASSERT_EQ(images.size(), 2U);
  EXPECT_EQ(images.at(2).file_name, "COCO_train2014_2.jpg");
  EXPECT_EQ(images.at(2).width, 64);
  EXPECT_EQ(images.at(2).height, 48);
  ASSERT_EQ(images.at(2).captions.size(), 5U);
  EXPECT_EQ(images.at(2).captions.front().id, 20);
  EXPECT_EQ(images.at(2).captions.back().text, "A thing number 2 seen by 4.");
}

TEST(ReadCaptions, NamesRecordAndField) {
  test::expect_says(captions_error([](json& f) { f["images"][1].erase("file_name"); }),
                    {"captions.json: images[1]", "\"file_name\"", "missing"});
  for (const char* astray : {"../COCO_train2014_2.jpg", "/etc/passwd", "train/../../x.jpg", "./x.jpg"}) {
    test::expect_says(captions_error([&](json& f) { f["images"][1]["file_name"] = astray; }),
                      {"images[1]", "\"file_name\"", "in the folder of pictures", astray});
  }
  test::expect_says(
      captions_error([](json& f) { f["images"][1]["file_name"] = f["images"][0]["file_name"]; }),
      {"images[1]", "\"file_name\"", "COCO_train2014_1.jpg\" stands there twice"});
  test::expect_says(captions_error([](json& f) { f["images"][0]["width"] = "wide"; }),
                    {"images[0]", "\"width\"", "expected an integer", "\"wide\""});
  test::expect_says(captions_error([](json& f) { f["images"][0]["height"] = 0; }),
                    {"images[0]", "\"height\"", "at least 1"});
  test::expect_says(captions_error([](json& f) { f["images"][1]["id"] = 1; }),
                    {"images[1]", "\"id\"", "1 stands there twice"});
  test::expect_says(captions_error([](json& f) { f["annotations"][7]["id"] = 10; }),
                    {"annotations[7]", "\"id\"", "twice"});
  test::expect_says(captions_error([](json& f) { f["annotations"][3]["image_id"] = 99; }),
                    {"annotations[3]", "\"image_id\"", "99 is not among the images"});
  test::expect_says(captions_error([](json& f) { f["annotations"][3]["caption"] = nullptr; }),
                    {"annotations[3]", "\"caption\"", "expected a string", "null"});
  test::expect_says(captions_error([](json& f) { f["annotations"][3]["id"] = 1.5; }),
                    {"annotations[3]", "\"id\"", "1.5"});
  test::expect_says(captions_error([](json& f) { f["annotations"][3]["id"] = 18446744073709551615ULL; }),
                    {"annotations[3]", "\"id\"", "18446744073709551615"});
  test::expect_says(captions_error([](json& f) { f["annotations"][2] = 5; }),
                    {"annotations[2]", "expected an object", "5"});
  test::expect_says(captions_error([](json& f) { f["annotations"][2] = json::array({1}); }),
                    {"annotations[2]", "expected an object"});
}

TEST(ReadCaptions, NamesWhatIsWrongWithTheFile) {
  const test::Folder folder;
  const auto error = [&](const std::string& text) {
    return test::message_of<DataError>([&] { read_captions(folder.write("captions.json", text)); });
  };
  test::expect_says(error("{\"images\": ["), {"captions.json", "not JSON: parse error"});
  test::expect_says(
      error(
          "{\"images\": [], \"annotations\": [{\"id\": 1, \"image_id\": 2, \"caption\": \"a\"}, {\"id\": 2"),
      {"captions.json: annotations[1]:", "not JSON: parse error"});
  test::expect_says(error("{\"images\": [{\"id\": 1, \"file_name\": \"\xff\"}]}"),
                    {"captions.json: images[0]:", "not JSON"});
  test::expect_says(error(""), {"captions.json", "not JSON"});
  test::expect_says(error("[]"), {"captions.json", "expected an object"});
  test::expect_says(error("7"), {"captions.json", "expected an object"});
  test::expect_says(error("{\"images\": []}"), {"captions.json", "\"annotations\"", "missing"});
  test::expect_says(error("{\"images\": 5, \"annotations\": []}"),
                    {"captions.json", "\"images\"", "expected an array"});
  test::expect_says(error("{\"images\": [], \"annotations\": {}}"),
                    {"captions.json", "\"annotations\"", "expected an array"});
  test::expect_says(error("{\"images\": [], \"images\": [], \"annotations\": []}"), {"\"images\"", "twice"});
  test::expect_says(test::message_of<DataError>([&] { read_captions(folder / "none.json"); }),
                    {"cannot read", "none.json: no such file"});
  test::expect_says(test::message_of<DataError>([&] { read_captions(folder.path()); }), {"it is a folder"});
}

TEST(ReadSceneText, KeepsAllInstancesById) {
  const test::Folder folder;
  test::Official official(2);
  auto& anns = official.scene_text["anns"];
  anns["3"] = {{"id", 3},
               {"image_id", 2},
               {"bbox", {-1, -2.5, 3, 4}},
               {"legibility", "illegible"}};  // v1: no utf8_string
  anns["99"] = {{"id", 99},
                {"image_id", 12345},
                {"bbox", {0, 0, 1, 1}},
                {"legibility", "legible"}};        // of no image here
  official.scene_text["imgs"]["5"] = {{"id", 5}};  // without text
  const auto images = read_scene_text(folder.write("text.json", official.scene_text));
  ASSERT_EQ(images.size(), 3U);
  EXPECT_TRUE(images.at(5).empty());
  ASSERT_EQ(images.at(2).size(), 2U);
  EXPECT_EQ(images.at(2)[0].id, 3);
  EXPECT_FALSE(images.at(2)[0].legible);
  EXPECT_EQ(images.at(2)[0].text, "");
  EXPECT_EQ(images.at(2)[0].box, (image::Box{-1, -2.5, 3, 4}));
  EXPECT_TRUE(images.at(2)[0].polygon.empty());
  EXPECT_TRUE(images.at(2)[1].legible);
  EXPECT_EQ(images.at(2)[1].text, "W2");
}

TEST(ReadSceneText, TakesThePolygonOfEitherVersion) {
  const test::Folder folder;
  test::Official official(2);
  official.scene_text["anns"]["7"]["mask"] = {1, 2, 30.5, 2, 30, 12};
  official.scene_text["anns"]["14"]["polygon"] = {1, 2, 30, 2, 30, 12, 1, 12};
  const auto images = read_scene_text(folder.write("text.json", official.scene_text));
  EXPECT_EQ(images.at(1)[0].polygon, (image::Polygon{{1, 2}, {30.5, 2}, {30, 12}}));
  EXPECT_EQ(images.at(2)[0].polygon.size(), 4U);
  for (const json& wrong :
       {json{1, 2, 3, 4}, json{1, 2, 3, 4, 5, 6, 7}, json{1, 2, 3, 4, 5, "x"}, json("x")}) {
    test::expect_says(scene_text_error([&](json& f) { f["anns"]["7"]["mask"] = wrong; }),
                      {"anns[\"7\"]", "\"mask\"", "polygon", wrong.dump()});
  }
}

TEST(ReadSceneText, NamesRecordAndField) {
  test::expect_says(scene_text_error([](json& f) {
                      f["anns"]["7"]["bbox"] = {1, 2, 3};
                    }),
                    {"text.json: anns[\"7\"]", "\"bbox\"", "four numbers", "[1,2,3]"});
  test::expect_says(scene_text_error([](json& f) { f["anns"] = json::array(); }),
                    {"field \"anns\"", "expected an object"});
  test::expect_says(scene_text_error([](json& f) { f["anns"]["7"]["bbox"][2] = "x"; }),
                    {"anns[\"7\"]", "\"bbox\""});
  test::expect_says(scene_text_error([](json& f) { f["anns"]["7"]["bbox"][3] = -2; }),
                    {"anns[\"7\"]", "\"bbox\"", "a width and a height of at least 0"});
  test::expect_says(scene_text_error([](json& f) { f["anns"]["7"]["legibility"] = "foo"; }),
                    {"anns[\"7\"]", "\"legibility\"", "legible or illegible", "foo"});
  test::expect_says(scene_text_error([](json& f) { f["anns"]["7"]["mask"] = nullptr; }),
                    {"anns[\"7\"]", "\"mask\"", "null"});
  test::expect_says(scene_text_error([](json& f) { f["anns"]["7"].erase("legibility"); }),
                    {"anns[\"7\"]", "\"legibility\"", "missing"});
  test::expect_says(scene_text_error([](json& f) { f["anns"]["7"]["utf8_string"] = 7; }),
                    {"anns[\"7\"]", "\"utf8_string\""});
  test::expect_says(scene_text_error([](json& f) { f["anns"]["7"]["id"] = 8; }),
                    {"anns[\"7\"]", "\"id\"", "8 under the key \"7\""});
  test::expect_says(scene_text_error([](json& f) { f["imgs"]["2"]["id"] = 8; }), {"imgs[\"2\"]", "\"id\""});
  test::expect_says(scene_text_error([](json& f) { f.erase("imgs"); }), {"text.json", "\"imgs\"", "missing"});
}

TEST(ReadQuestions, JoinsByIdAndKeepsTheAnnotatedOnes) {
  const test::Folder folder;
  test::Official official(2);
  auto& questions = official.questions["questions"];
  std::reverse(questions.begin(), questions.end());
  official.annotations["annotations"].erase(0);
  const auto images = read_questions(folder.write("q.json", official.questions),
                                     folder.write("a.json", official.annotations));
  ASSERT_EQ(images.at(1).size(), 1U);
  EXPECT_EQ(images.at(1)[0].id, 1001);
  EXPECT_EQ(images.at(1)[0].question, "What is it?");
  EXPECT_EQ(images.at(1)[0].question_type, "what is");
  EXPECT_EQ(images.at(1)[0].answer_type, "other");
  EXPECT_EQ(images.at(1)[0].target, "thing");
  ASSERT_EQ(images.at(1)[0].answers.size(), 10U);
  EXPECT_EQ(images.at(1)[0].answers[9], "dog");
  EXPECT_EQ(images.at(2).front().id, 2000);
}

TEST(ReadQuestions, NamesRecordAndField) {
  test::expect_says(questions_error([](auto& o) { o.questions["questions"][1].erase("question"); }),
                    {"questions.json: questions[1]", "\"question\"", "missing"});
  test::expect_says(questions_error([](auto& o) { o.questions["questions"][1]["question_id"] = 1000; }),
                    {"questions[1]", "\"question_id\"", "1000 stands there twice"});
  test::expect_says(questions_error([](auto& o) { o.annotations["annotations"][2]["question_id"] = 5; }),
                    {"annotations.json: annotations[2]", "\"question_id\"", "5 is not in"});
  test::expect_says(questions_error([](auto& o) { o.annotations["annotations"][1]["question_id"] = 1000; }),
                    {"annotations[1]", "\"question_id\"", "1000 stands there twice"});
  test::expect_says(questions_error([](auto& o) { o.annotations["annotations"][2]["image_id"] = 1; }),
                    {"annotations[2]", "\"image_id\"", "the question has image 2"});
  test::expect_says(
      questions_error([](auto& o) { o.annotations["annotations"][2]["answers"][4].erase("answer"); }),
      {"annotations[2]", "\"answers[4].answer\"", "missing"});
  test::expect_says(questions_error([](auto& o) { o.annotations["annotations"][2]["answers"][4] = "yes"; }),
                    {"annotations[2]", "\"answers[4]\"", "expected an object"});
  test::expect_says(
      questions_error([](auto& o) { o.annotations["annotations"][2]["answer_type"] = "colour"; }),
      {"annotations[2]", "\"answer_type\"", "expected yes/no, number or other", "colour"});
  test::expect_says(questions_error([](auto& o) { o.annotations["annotations"][2]["answers"] = "yes"; }),
                    {"annotations[2]", "\"answers\"", "expected an array"});
}

}  // namespace
}  // namespace hones::benchmark
