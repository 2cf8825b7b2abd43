#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <jpeglib.h>
#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/benchmark/synth.hpp>

#include "draw.hpp"
#include "unique.hpp"

namespace hones::benchmark {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class Folder {
 public:
  explicit Folder(const std::string& name) : path_(fs::temp_directory_path() / ("hones_synth_" + name)) {
    fs::remove_all(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }
  json file(const std::string& name) const { return json::parse(read_file(path_ / name)); }
  std::size_t pictures() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path_ / "images"), fs::directory_iterator()));
  }
  std::vector<json> scenes() const {
    std::istringstream lines(read_file(path_ / "scenes.jsonl"));
    std::vector<json> result;
    for (std::string line; std::getline(lines, line);) result.push_back(json::parse(line));
    return result;
  }

 private:
  fs::path path_;
};

SynthReport make(const Folder& folder, std::int64_t images, double near_twins, std::uint64_t seed = 7) {
  return synth({images, seed, near_twins, folder.path(), {}});
}

// The line of the UsageError of drawing into a folder.
std::string refused(const fs::path& out, bool overwrite) {
  SynthOptions options{8, 7, 0.0, out, {}};
  options.overwrite = overwrite;
  try {
    synth(options);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "not refused";
}

struct Picture {
  unsigned width, height;
  std::vector<unsigned char> rgb;
  std::array<int, 3> at(double x, double y) const {
    const auto i = 3 * (static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x));
    return {rgb[i], rgb[i + 1], rgb[i + 2]};
  }
};

Picture decode(const std::string& bytes) {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg_start_decompress(&jpeg);
  Picture picture{jpeg.output_width, jpeg.output_height, {}};
  picture.rgb.resize(3UL * picture.width * picture.height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = picture.rgb.data() + 3UL * picture.width * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return picture;
}

TEST(Synth, WritesTheOfficialCaptionFile) {
  const Folder folder("captions");
  make(folder, 24, 0.5);
  const json file = folder.file("captions_train2014.json");
  EXPECT_TRUE(file.contains("info"));
  ASSERT_EQ(file["licenses"].size(), 1U);
  ASSERT_EQ(file["images"].size(), 24U);
  std::map<std::int64_t, int> captions;
  for (const auto& image : file["images"]) {
    const std::string name = image["file_name"];
    EXPECT_EQ(name.size(), std::string("COCO_train2014_000000000001.jpg").size());
    EXPECT_TRUE(fs::exists(folder.path() / "images" / name)) << name;
    EXPECT_EQ(image["width"], 80);
    captions[image["id"]] = 0;
  }
  std::set<std::int64_t> ids;
  for (const auto& annotation : file["annotations"]) {
    ++captions.at(annotation["image_id"]);
    EXPECT_TRUE(ids.insert(annotation["id"].get<std::int64_t>()).second);
    EXPECT_EQ(annotation["caption"].get<std::string>().back(), '.');
  }
  for (const auto& [image, count] : captions) EXPECT_EQ(count, 5) << image;
}

TEST(Synth, WritesTheOfficialSceneTextFile) {
  const Folder folder("text");
  const auto report = make(folder, 40, 0.0);
  EXPECT_GT(report.illegible_words, 0);
  const json file = folder.file("cocotext.v2.json");
  ASSERT_EQ(file["imgs"].size(), 40U);
  std::int64_t words = 0;
  for (const auto& [image, list] : file["imgToAnns"].items()) {
    EXPECT_EQ(file["imgs"][image]["id"], std::stoll(image));
    for (const auto& id : list) {
      ++words;
      const auto& ann = file["anns"][std::to_string(id.get<std::int64_t>())];
      EXPECT_EQ(ann["id"], id);
      EXPECT_EQ(ann["image_id"], std::stoll(image));
      EXPECT_EQ(ann["mask"].size(), 8U);
      EXPECT_DOUBLE_EQ(ann["area"], ann["bbox"][2].get<double>() * ann["bbox"][3].get<double>());
      EXPECT_EQ(ann["utf8_string"].get<std::string>().empty(), ann["legibility"] == "illegible");
    }
  }
  EXPECT_EQ(words, report.legible_words + report.illegible_words);
  EXPECT_EQ(file["anns"].size(), static_cast<std::size_t>(words));
}

TEST(Synth, WritesTheOfficialQuestionFiles) {
  const Folder folder("questions");
  const auto report = make(folder, 200, 0.0);
  const json questions = folder.file("v2_OpenEnded_mscoco_train2014_questions.json")["questions"];
  const json annotations = folder.file("v2_mscoco_train2014_annotations.json")["annotations"];
  ASSERT_EQ(questions.size(), annotations.size());
  EXPECT_EQ(static_cast<std::int64_t>(questions.size()), report.questions);
  std::map<std::int64_t, json> by_id;
  for (const auto& question : questions) by_id[question["question_id"]] = question;
  int disputed = 0;
  for (const auto& annotation : annotations) {
    const auto& question = by_id.at(annotation["question_id"]);
    EXPECT_EQ(question["image_id"], annotation["image_id"]);
    EXPECT_EQ(annotation["question_id"].get<std::int64_t>() / 1000, annotation["image_id"]);
    ASSERT_EQ(annotation["answers"].size(), 10U);
    std::map<std::string, int> votes;
    for (const auto& answer : annotation["answers"]) ++votes[answer["answer"]];
    EXPECT_GE(votes[annotation["multiple_choice_answer"]], 6);
    disputed += votes.size() > 1 ? 1 : 0;
  }
  EXPECT_GT(disputed, static_cast<int>(annotations.size()) / 3);
  EXPECT_LT(disputed, static_cast<int>(annotations.size()));
  std::set<std::string> kinds;
  for (const auto& scene : folder.scenes()) {
    for (const auto& question : scene["questions"]) kinds.insert(question["kind"].get<std::string>());
  }
  EXPECT_EQ(kinds.size(), 8U);
}

TEST(Synth, EveryCaptionIsTrueOfItsSceneAndOfNoOther) {
  constexpr std::uint64_t kSeed = 3;
  auto set = draw_scenes(kSeed, 400, 0.5);
  draw_captions(set, kSeed);
  make_unique(set, kSeed);
  std::set<int> patterns;
  for (std::size_t i = 0; i < set.size(); ++i) {
    for (const auto& caption : set[i].captions) {
      patterns.insert(caption.pattern);
      EXPECT_LE(token_cost(caption.text), kCaptionTokens) << caption.text;
      for (std::size_t k = 0; k < set.size(); ++k) {
        ASSERT_EQ(holds(caption.meaning, set[k].scene), i == k)
            << "caption of scene " << i << " at scene " << k << ": " << caption.text;
      }
    }
    for (const auto& foil : draw_foils(set[i], kSeed)) {
      for (const auto& caption : set[i].captions) EXPECT_NE(foil.text, caption.text);
    }
  }
  EXPECT_EQ(count_true_elsewhere(set), 0);
  EXPECT_GE(patterns.size(), 24U);
}

TEST(Synth, TheTruthCheckerKnowsCountsAndRelations) {
  Scene scene;
  scene.objects = {{Shape::star, Colour::red, Size::large, 20, 20, 10},
                   {Shape::star, Colour::red, Size::small, 60, 20, 6}};
  scene.words = {{"CAT", 10, 60, true}, {"DOG", 50, 60, false}};
  const Spec star{std::nullopt, Colour::red, Shape::star, ""};
  const Spec small{Size::small, Colour::red, Shape::star, ""};
  const Spec blue{std::nullopt, Colour::blue, std::nullopt, ""};
  const Spec cat{std::nullopt, std::nullopt, std::nullopt, "CAT"};
  const Spec dog{std::nullopt, std::nullopt, std::nullopt, "DOG"};
  EXPECT_TRUE(holds({exists(star), exactly(2, star), exactly(0, blue), exactly(2, Spec{})}, scene));
  EXPECT_FALSE(holds({exactly(1, star)}, scene));
  EXPECT_TRUE(holds({related(cat, Relation::below, star), related(small, Relation::right_of, cat)}, scene));
  EXPECT_FALSE(holds({related(cat, Relation::above, star)}, scene));
  EXPECT_FALSE(holds({related(small, Relation::above, small)}, scene));
  EXPECT_FALSE(holds({exists(dog)}, scene)) << "nobody can read illegible print";
}

TEST(Synth, FamiliesDifferInOneThing) {
  std::set<Difference> seen;
  for (std::int64_t family = 0; family < 16; ++family) {
    const auto scenes = family_scenes(5, family, 0);
    ASSERT_EQ(scenes.size(), 8U);
    const Difference difference = scenes[0].family->difference;
    seen.insert(difference);
    std::set<std::string> tellings;
    for (const auto& scene : scenes) {
      EXPECT_EQ(scene.background, scenes[0].background);
      std::ostringstream telling;
      for (const auto& o : scene.objects)
        telling << name(o.size) << name(o.colour) << name(o.shape) << o.x << ',' << o.y;
      for (const auto& w : scene.words) telling << w.text << w.y;
      EXPECT_TRUE(tellings.insert(telling.str()).second) << "two members are the same";
      EXPECT_EQ(scene.words.size(), scenes[0].words.size());
      if (difference != Difference::word) {
        EXPECT_EQ(scene.words[0].text, scenes[0].words[0].text);
      }
      if (difference != Difference::count) {
        EXPECT_EQ(scene.objects.size(), scenes[0].objects.size());
      }
      if (difference == Difference::word || difference == Difference::relation) {
        for (std::size_t i = 0; i < scene.objects.size(); ++i) {
          EXPECT_EQ(scene.objects[i].radius, scenes[0].objects[i].radius);
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), 4U);
}

TEST(Synth, TheSameSeedGivesTheSameBytesAndALargerSetBeginsWithASmallerOne) {
  const Folder a("a");
  const Folder b("b");
  make(a, 16, 0.5);
  make(b, 16, 0.5);
  for (const auto& entry : fs::recursive_directory_iterator(a.path())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_file(entry.path()), read_file(b.path() / fs::relative(entry.path(), a.path())))
        << entry.path();
  }
  const auto few = draw_scenes(9, 16, 0.5);
  const auto many = draw_scenes(9, 64, 0.5);
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_EQ(draw_jpeg(few[i].scene), draw_jpeg(many[i].scene));
  EXPECT_NE(draw_jpeg(few[0].scene), draw_jpeg(draw_scenes(10, 16, 0.5)[0].scene));
}

TEST(Synth, PicturesShowWhatTheTruthSays) {
  const Folder folder("pixels");
  make(folder, 24, 0.0);
  for (const auto& scene : folder.scenes()) {
    const auto picture = decode(read_file(folder.path() / "images" / scene["file_name"].get<std::string>()));
    ASSERT_EQ(picture.width, 80U);
    ASSERT_EQ(picture.height, 80U);
    for (const auto& object : scene["objects"]) {
      const auto [r, g, b] = picture.at(object["centre"][0], object["centre"][1]);
      if (object["colour"] == "red") {
        EXPECT_GT(r, g + b) << scene["file_name"];
      }
      if (object["colour"] == "black") {
        EXPECT_LT(r + g + b, 150) << scene["file_name"];
      }
      if (object["colour"] == "blue") {
        EXPECT_GT(b, r + 100) << scene["file_name"];
      }
    }
    for (const auto& word : scene["words"]) {
      if (!word["legible"].get<bool>()) continue;
      for (const auto& letter : word["letters"]) {
        const auto& box = letter["box"];
        int darkest = 255;
        for (int y = 0; y < box[3].get<int>(); ++y) {
          for (int x = 0; x < box[2].get<int>(); ++x) {
            darkest = std::min(darkest, picture.at(box[0].get<int>() + x, box[1].get<int>() + y)[0]);
          }
        }
        EXPECT_LT(darkest, 130) << scene["file_name"] << " letter " << letter["letter"];
        // The 3 px stroke of the OCR prompt paints two pixels inwards from the word's box and must leave
        // letters alone.
        EXPECT_GE(box[0].get<double>(), word["box"][0].get<double>() + 2);
        EXPECT_LE(box[0].get<double>() + box[2].get<double>(),
                  word["box"][0].get<double>() + word["box"][2].get<double>() - 2);
      }
    }
  }
}

TEST(Synth, ReportsProgressAndCounts) {
  const Folder folder("progress");
  std::int64_t last = 0;
  const auto report = synth({32, 1, 1.0, folder.path(), [&](std::int64_t done, std::int64_t all) {
                               EXPECT_EQ(all, 32);
                               last = done;
                             }});
  EXPECT_EQ(last, 32);
  EXPECT_EQ(report.family_images, 32);
  EXPECT_EQ(report.captions, 160);
  EXPECT_EQ(report.share_true_elsewhere(), 0.0);
}

// The command line checks them; what gets here is a defect.
TEST(Synth, OptionsThatMakeNoSenseAreADefectOfTheCaller) {
  const Folder folder("refused");
  EXPECT_THROW(make(folder, 0, 0.0), InternalError);
  EXPECT_THROW(make(folder, 8, 1.5), InternalError);
  EXPECT_THROW(make(folder, 8, std::nan("")), InternalError);
  EXPECT_THROW(synth({8, 1, 0.0, "", {}}), InternalError);
  EXPECT_FALSE(fs::exists(folder.path()));
}

TEST(Synth, ScenesAreReplacedOnlyOnRequest) {
  const Folder folder("overwrite");
  make(folder, 16, 0.0);
  write_file(folder.path() / "notes.txt", "mine");
  write_file(folder.path() / "images" / "mine.jpg", "mine");
  const std::string before = read_file(folder.path() / "scenes.jsonl");
  EXPECT_NE(refused(folder.path(), false)
                .find("holds scenes.jsonl already; name another folder, or pass "
                      "--overwrite"),
            std::string::npos);
  EXPECT_EQ(read_file(folder.path() / "scenes.jsonl"), before);
  EXPECT_EQ(refused(folder.path(), true), "not refused");
  EXPECT_EQ(folder.scenes().size(), 8U);
  EXPECT_EQ(folder.pictures(), 9U) << "pictures of the earlier run are left, or another's are gone";
  EXPECT_EQ(read_file(folder.path() / "notes.txt"), "mine");
}

// As an interruption leaves it: pictures, and no annotation files yet.
TEST(Synth, AnUnfinishedFolderIsReplacedOnRequest) {
  const Folder folder("unfinished");
  make(folder, 16, 0.0);
  fs::remove(folder.path() / "captions_train2014.json");
  EXPECT_NE(refused(folder.path(), false).find("--overwrite"), std::string::npos);
  EXPECT_EQ(refused(folder.path(), true), "not refused");
  EXPECT_EQ(folder.pictures(), 8U);
}

// The names are COCO's: nothing that might be the real thing is touched.
TEST(Synth, WhatItDidNotMakeIsNeverReplaced) {
  const Folder folder("foreign");
  fs::create_directories(folder.path() / "images");
  const fs::path picture = folder.path() / "images" / "COCO_train2014_000000000001.jpg";
  write_file(picture, "a photograph");
  for (const bool overwrite : {false, true}) {
    EXPECT_NE(refused(folder.path(), overwrite).find("but no scenes.jsonl, so synth did not make it"),
              std::string::npos);
  }
  EXPECT_EQ(read_file(picture), "a photograph");
  fs::remove(picture);
  write_file(folder.path() / "scenes.jsonl", "{\"another\": 1}\n");
  SynthOptions options{8, 7, 0.0, folder.path(), {}};
  options.overwrite = true;
  EXPECT_THROW(synth(options), DataError);
}

}  // namespace
}  // namespace hones::benchmark
