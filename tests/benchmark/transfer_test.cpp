// docs/benchmark.md 1.4-1.6: transfer sets in the record format, and how their readers complain.
#include <array>
#include <functional>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/benchmark/records.hpp>
#include <hones/benchmark/transfer.hpp>

#include "folder.hpp"

namespace hones::benchmark {
namespace {

using nlohmann::json;

class Transfer : public testing::Test {
 protected:
  // Pictures of 12 x 9 pixels.
  void pictures(const std::vector<std::string>& names) const {
    std::filesystem::create_directories(folder_ / "images");
    const image::Image picture{12, 9, std::vector<std::uint8_t>(12 * 9 * 3, 128)};
    for (const std::string& name : names) image::encode_jpeg_file(picture, 90, folder_ / ("images/" + name));
  }
  TransferOptions options(const std::string& dataset, const std::filesystem::path& file) const {
    TransferOptions options;
    options.dataset = dataset;
    options.file = file;
    options.images = folder_ / "images";
    options.out = folder_ / "out";
    options.overwrite = true;
    return options;
  }
  Benchmark made(const TransferOptions& options) const {
    prepare_transfer(options);
    return load(options.out, "test");
  }
  std::string error(const std::string& dataset, const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(folder_ / "images");
    return test::message_of<DataError>(
        [&] { prepare_transfer(options(dataset, folder_.write(name, text))); });
  }
  json manifest() const { return json::parse(read_file(folder_ / "out/manifest.json")); }

  test::Folder folder_;
};

json gqa_question(const std::string& image, const std::string& structural, const std::string& answer) {
  return {{"question", "Is it?"},
          {"answer", answer},
          {"fullAnswer", "It is."},
          {"imageId", image},
          {"isBalanced", true},
          {"groups", {{"global", nullptr}, {"local", "a"}}},
          {"types", {{"structural", structural}, {"semantic", "obj"}, {"detailed", "x"}}}};
}

json gqa() {
  return {{"07", gqa_question("n12", "verify", "yes")},
          {"201", gqa_question("55", "query", "red")},
          {"13", gqa_question("n12", "query", "dog")}};
}

TEST_F(Transfer, GqaHasALineAQuestion) {
  pictures({"n12.jpg", "55.jpg"});
  json file = gqa();
  file["99"] = gqa_question("55", "query", "blue");
  file["99"]["isBalanced"] = false;
  const Benchmark benchmark = made(options("gqa", folder_.write("gqa.json", file)));
  ASSERT_EQ(benchmark.records.size(), 3U);
  std::vector<std::string> ids;
  for (const Record& record : benchmark.records) {
    ids.push_back(record.vqa->question_id);
    EXPECT_EQ(record.split, "test");
    EXPECT_EQ(record.file_name, record.image_id + ".jpg");
    EXPECT_EQ(record.width, 12);
    EXPECT_EQ(record.height, 9);
    EXPECT_EQ(record.vqa->answers, std::vector<std::string>{record.vqa->target});
    EXPECT_EQ(record.vqa->answer_type, record.vqa->question_type == "query" ? "open" : "binary");
    EXPECT_TRUE(record.captions.empty());
    EXPECT_FALSE(record.ocr);
  }
  const bool n12_first = key(3407, "split", "n12") < key(3407, "split", "55");
  EXPECT_EQ(ids, n12_first ? (std::vector<std::string>{"07", "13", "201"})
                           : (std::vector<std::string>{"201", "07", "13"}));
  EXPECT_EQ(manifest()["rejected"], (json{{"not_balanced", 1}}));
  EXPECT_EQ(manifest()["sizes"], (json{{"test", 3}}));
  EXPECT_FALSE(manifest().contains("retrieval"));
  EXPECT_TRUE(benchmark.queries.empty());
  test::expect_says(test::message_of<DataError>([&] { load(folder_ / "out", "discovery"); }),
                    {"manifest.json", "\"sizes\"", "no split \"discovery\"", "gqa"});
}

TEST_F(Transfer, GqaChunksAreMerged) {
  pictures({"n12.jpg", "55.jpg"});
  json one, two;
  const json all = gqa();
  one["07"] = all["07"];
  two["201"] = all["201"];
  folder_.write("chunks/a.json", one);
  folder_.write("chunks/b.json", two);
  folder_.write("chunks/readme.txt", std::string("no questions"));
  EXPECT_EQ(made(options("gqa", folder_ / "chunks")).records.size(), 2U);
  EXPECT_EQ(manifest()["inputs"].size(), 2U);
  folder_.write("chunks/c.json", one);
  test::expect_says(test::message_of<DataError>([&] { made(options("gqa", folder_ / "chunks")); }),
                    {"c.json: [\"07\"]", "twice"});
  std::filesystem::create_directories(folder_ / "none");
  test::expect_says(test::message_of<DataError>([&] { made(options("gqa", folder_ / "none")); }),
                    {"none", "no .json file"});
}

TEST_F(Transfer, GqaNamesRecordAndField) {
  const auto spoilt = [&](const std::function<void(json&)>& spoil) {
    json file = gqa();
    spoil(file);
    return error("gqa", "gqa.json", file.dump());
  };
  test::expect_says(spoilt([](json& f) { f["13"].erase("answer"); }),
                    {"gqa.json: [\"13\"]", "\"answer\"", "missing"});
  test::expect_says(spoilt([](json& f) { f["13"]["imageId"] = 12; }), {"[\"13\"]", "\"imageId\"", "12"});
  test::expect_says(spoilt([](json& f) { f["13"]["isBalanced"] = "yes"; }),
                    {"[\"13\"]", "\"isBalanced\"", "true or false"});
  test::expect_says(spoilt([](json& f) { f["13"]["types"]["structural"] = "guess"; }),
                    {"[\"13\"]", "\"types.structural\"", "guess"});
  test::expect_says(spoilt([](json& f) { f["13"].erase("types"); }), {"[\"13\"]", "\"types\"", "missing"});
  test::expect_says(spoilt([](json& f) { f["13"] = 3; }), {"[\"13\"]", "expected an object"});
  test::expect_says(spoilt([](json& f) { f["x3"] = f["13"]; }), {"[\"x3\"]", "decimal"});
  test::expect_says(error("gqa", "gqa.json", "[]"), {"gqa.json", "expected an object"});
  test::expect_says(error("gqa", "gqa.json", "{\"13\": {\"question\": \"Is"), {"[\"13\"]", "not JSON"});
  test::expect_says(error("gqa", "gqa.json", "{}"), {"gqa.json", "no record is left"});
}

json textvqa() {
  json file = {{"dataset_name", "textvqa"}, {"data", json::array()}};
  for (int i = 0; i < 3; ++i) {
    json answers = json::array({"b", "a", "a", "b", "c"});
    for (int a = 5; a < 10; ++a) answers.push_back("d" + std::to_string(a));
    file["data"].push_back({{"question_id", 34600 + i},
                            {"question", "what is written?"},
                            {"image_id", i < 2 ? "0054c91397f2fe05" : "ff"},
                            {"image_width", 1024},
                            {"image_height", 730},
                            {"answers", answers}});
  }
  return file;
}

TEST_F(Transfer, TextVqaTakesTheMostFrequentAnswer) {
  pictures({"0054c91397f2fe05.jpg", "ff.jpg"});
  const Benchmark benchmark = made(options("textvqa", folder_.write("t.json", textvqa())));
  ASSERT_EQ(benchmark.records.size(), 3U);
  for (const Record& record : benchmark.records) {
    EXPECT_EQ(record.vqa->target, "b");  // as often as a, and before it
    EXPECT_EQ(record.vqa->answers.size(), 10U);
    EXPECT_EQ(record.width, 1024);
    EXPECT_EQ(record.height, 730);
  }
}

TEST_F(Transfer, DrawsImagesWithAllTheirQuestions) {
  pictures({"0054c91397f2fe05.jpg", "ff.jpg"});
  TransferOptions one = options("textvqa", folder_.write("t.json", textvqa()));
  one.most_images = 1;
  for (one.seed = 1; one.seed < 12; ++one.seed) {
    const bool first = key(one.seed, "image", "ff") > key(one.seed, "image", "0054c91397f2fe05");
    EXPECT_EQ(made(one).records.size(), first ? 2U : 1U) << one.seed;
  }
}

TEST_F(Transfer, CountsRecordsWithoutAReadablePicture) {
  pictures({"0054c91397f2fe05.jpg"});
  folder_.write("images/ff.jpg", std::string("no picture"));
  EXPECT_EQ(made(options("textvqa", folder_.write("t.json", textvqa()))).records.size(), 2U);
  EXPECT_EQ(manifest()["rejected"], (json{{"no_picture", 1}}));
  std::filesystem::remove(folder_ / "images/0054c91397f2fe05.jpg");
  test::expect_says(test::message_of<DataError>([&] { made(options("textvqa", folder_ / "t.json")); }),
                    {"t.json", "no record is left of 3", ".jpg"});
}

TEST_F(Transfer, TextVqaNamesRecordAndField) {
  const auto spoilt = [&](const std::function<void(json&)>& spoil) {
    json file = textvqa();
    spoil(file["data"][1]);
    return error("textvqa", "t.json", file.dump());
  };
  test::expect_says(spoilt([](json& i) { i.erase("answers"); }),
                    {"t.json: data[1]", "\"answers\"", "the test file has none"});
  test::expect_says(spoilt([](json& i) { i["answers"].erase(0); }), {"data[1]", "\"answers\"", "found 9"});
  test::expect_says(spoilt([](json& i) {
                      i["answers"][3] = {{"answer", "a"}};
                    }),
                    {"data[1]", "\"answers[3]\"", "expected a string"});
  test::expect_says(spoilt([](json& i) { i["image_id"] = 54; }), {"data[1]", "\"image_id\"", "string"});
  test::expect_says(spoilt([](json& i) { i["image_width"] = 0; }),
                    {"data[1]", "\"image_width\"", "at least 1"});
  test::expect_says(spoilt([](json& i) { i["question_id"] = 34600; }),
                    {"data[1]", "\"question_id\"", "34600 stands there twice"});
  test::expect_says(error("textvqa", "t.json", "{\"data\": {\"question_id\": 1}}"),
                    {"t.json: field \"data\": expected an array"});
  test::expect_says(spoilt([](json& i) { i["image_id"] = "../54"; }),
                    {"data[1]", "\"image_id\"", "in the folder of pictures", "../54"});
}

constexpr int kImages = 12;

std::string flickr_name(int i) {
  return std::to_string(1000 + i) + ".jpg";
}
std::string flickr_caption(int i, int k) {
  return "A \"thing\" , number " + std::to_string(i) + " seen by " + std::to_string(k) + " .";
}

json karpathy() {
  json file = {{"dataset", "flickr30k"}, {"images", json::array()}};
  for (int i = 0; i < kImages; ++i) {
    json sentences = json::array();
    for (int k = 4; k >= 0; --k)
      sentences.push_back(
          {{"raw", flickr_caption(i, k)}, {"tokens", {"a"}}, {"imgid", i}, {"sentid", 5 * i + k}});
    file["images"].push_back(
        {{"imgid", i}, {"filename", flickr_name(i)}, {"split", "test"}, {"sentences", sentences}});
  }
  return file;
}

std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, "\"");
  return "\"" + text + "\"";
}

std::string csv() {
  std::string text = "raw,sentids,split,filename,img_id\r\n";
  for (int i = 0; i < kImages; ++i) {
    json raw = json::array(), ids = json::array();
    for (int k = 0; k < 5; ++k) {
      raw.push_back(flickr_caption(i, k));
      ids.push_back(5 * i + k);
    }
    text += quoted(raw.dump(1)) + "," + quoted(ids.dump()) + ",test," + flickr_name(i) + "," +
            std::to_string(i) + "\r\n";
  }
  return text;
}

std::string tokens() {
  std::string text;
  for (int i = 0; i < kImages; ++i) {
    for (int k = 0; k < 5; ++k)
      text += flickr_name(i) + "#" + std::to_string(k) + "\t" + flickr_caption(i, k) + "\r\n";
  }
  return text + "\n";
}

class Flickr : public Transfer {
 protected:
  void SetUp() override {
    std::vector<std::string> names;
    for (int i = 0; i < kImages; ++i) names.push_back(flickr_name(i));
    pictures(names);
  }
  std::string json_error(const std::function<void(json&)>& spoil) const {
    json file = karpathy();
    spoil(file["images"]);
    return error("flickr30k", "f.json", file.dump());
  }
};

TEST_F(Flickr, TheThreeFormsGiveTheSameLines) {
  const Benchmark benchmark = made(options("flickr30k", folder_.write("f.json", karpathy())));
  ASSERT_EQ(benchmark.records.size(), static_cast<std::size_t>(kImages));
  ASSERT_EQ(benchmark.queries.size(), static_cast<std::size_t>(kImages));
  const Record& record = benchmark.records.front();
  EXPECT_EQ(record.image_id, record.file_name);
  ASSERT_EQ(record.captions.size(), 5U);
  const int number = std::stoi(record.image_id) - 1000;
  EXPECT_EQ(record.captions[2].id, 5 * number + 2);
  EXPECT_EQ(record.captions[2].text, flickr_caption(number, 2));
  const std::string lines = read_file(folder_ / "out/test.jsonl"),
                    queries = read_file(folder_ / "out/retrieval/test.jsonl");
  const std::string mark = "\xEF\xBB\xBF";
  for (const auto& [name, text] :
       {std::pair("f.csv", csv()), std::pair("results.token", tokens()),
        std::pair("marked.csv", mark + csv()), std::pair("marked.token", mark + tokens())}) {
    made(options("flickr30k", folder_.write(name, text)));
    EXPECT_EQ(read_file(folder_ / "out/test.jsonl"), lines) << name;
    EXPECT_EQ(read_file(folder_ / "out/retrieval/test.jsonl"), queries) << name;
  }
}

TEST_F(Flickr, TakesOneSplitAndCountsTheRest) {
  json file = karpathy();
  json more = file["images"][0];
  more["filename"] = "other.jpg";
  more["split"] = "train";
  file["images"].push_back(more);
  EXPECT_EQ(made(options("flickr30k", folder_.write("f.json", file))).records.size(),
            static_cast<std::size_t>(kImages));
  EXPECT_EQ(manifest()["rejected"], (json{{"other_split", 1}}));
}

TEST_F(Flickr, NamesRecordAndField) {
  test::expect_says(json_error([](json& f) { f[3].erase("filename"); }),
                    {"f.json: images[3]", "\"filename\"", "missing"});
  test::expect_says(json_error([](json& f) { f[3]["filename"] = f[0]["filename"]; }),
                    {"images[3]", "\"filename\"", "twice"});
  test::expect_says(json_error([](json& f) { f[3]["sentences"][2]["raw"] = 5; }),
                    {"images[3]", "\"sentences[2].raw\"", "string"});
  test::expect_says(json_error([](json& f) { f[3]["sentences"][2]["sentid"] = 0; }),
                    {"images[3]", "caption id 0", "twice"});
  test::expect_says(json_error([](json& f) { f[3]["split"] = 1; }), {"images[3]", "\"split\""});
  test::expect_says(json_error([](json& f) { f[3]["split"] = "tset"; }),
                    {"images[3]", "\"split\"", "expected train, restval, val or test", "tset"});
  test::expect_says(json_error([](json& f) { f[3]["filename"] = "/etc/passwd"; }),
                    {"images[3]", "\"filename\"", "in the folder of pictures"});
  test::expect_says(error("flickr30k", "f.json", karpathy().dump().substr(0, 400)),
                    {"f.json: images[", "not JSON"});
}

TEST_F(Flickr, NamesRecordAndColumnOfTheCsv) {
  const auto spoilt = [&](const std::string& what, const std::string& by) {
    std::string text = csv();
    text.replace(text.find(what), what.size(), by);
    return error("flickr30k", "f.csv", text);
  };
  test::expect_says(spoilt("sentids", "ids"), {"f.csv: record 1", "\"sentids\""});
  test::expect_says(spoilt(",1002.jpg,2", ",1002.jpg"), {"record 3", "4 columns", "5"});
  test::expect_says(spoilt("[15,16", "[15;16"), {"record 4", "\"sentids\"", "not JSON"});
  test::expect_says(spoilt("[15,16", "[15,1.5"), {"record 4", "\"sentids[1]\"", "1.5"});
  test::expect_says(spoilt("[15,16", "[16"), {"record 4", "\"sentids\"", "expected 5"});
  test::expect_says(spoilt(",1002.jpg", ",10\"02.jpg"), {"record 3: column 4", "quote inside"});
  test::expect_says(spoilt(",1011.jpg", ",\"1011.jpg"), {"record 12: column 4", "does not end"});
  test::expect_says(spoilt(",1011.jpg", ",\"1011\".jpg"), {"record 12: column 4", "after the end"});
  test::expect_says(spoilt("number 3", "number \xFF"), {"record 4: column 1", "not valid UTF-8"});
  test::expect_says(error("flickr30k", "f.csv", ""), {"f.csv", "no record is left"});
}

// What cannot be written takes nothing with it.
TEST_F(Flickr, ARefusedFileLeavesTheOldBenchmark) {
  made(options("flickr30k", folder_.write("f.json", karpathy())));
  const std::string before = read_file(folder_ / "out/test.jsonl");
  error("flickr30k", "r.token", tokens() + "x.jpg#0\t\xFF\n");
  EXPECT_EQ(read_file(folder_ / "out/test.jsonl"), before);
  std::filesystem::create_directories(folder_ / "out/manifest.json.new/in the way");
  EXPECT_THROW(made(options("flickr30k", folder_ / "f.json")), Error);
  EXPECT_EQ(read_file(folder_ / "out/test.jsonl"), before);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/test.jsonl.new"));
  EXPECT_EQ(load(folder_ / "out", "test").records.size(), static_cast<std::size_t>(kImages));
}

TEST_F(Flickr, NamesTheLineOfTheTokenFile) {
  const auto of = [&](const std::string& line) { return error("flickr30k", "r.token", tokens() + line); };
  test::expect_says(error("flickr30k", "r.token", "1000.jpg#9\tA \xC3\x28.\n" + tokens()),
                    {"r.token:1", "not valid UTF-8"});
  test::expect_says(error("flickr30k", "r.token", "a.jpg#0 no tab\n"), {"r.token:1", "no tab"});
  test::expect_says(error("flickr30k", "r.token", "a.jpg#x\tc\n"),
                    {"r.token:1", "NAME.jpg#NUMBER", "a.jpg#x"});
  test::expect_says(error("flickr30k", "r.token", "a.jpg\tc\n"), {"r.token:1", "NAME.jpg#NUMBER"});
  test::expect_says(error("flickr30k", "r.token", "#1\tc\n"), {"r.token:1", "NAME.jpg#NUMBER"});
  test::expect_says(error("flickr30k", "r.token", "a.jpg#1\tc\na.jpg#1\td\n"),
                    {"r.token:2", "a.jpg#1", "twice"});
  test::expect_says(of("x.jpg#0\tc\n"), {"r.token:61", "no tab"});  // the empty line is not the last one
}

}  // namespace
}  // namespace hones::benchmark
