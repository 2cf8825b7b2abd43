// Loading believes nothing: each malformed line is named by file, line and field.
#include <functional>
#include <memory>
#include <sstream>

#include <gtest/gtest.h>

#include <hones/benchmark/prepare.hpp>
#include <hones/benchmark/records.hpp>

#include "folder.hpp"

namespace hones::benchmark {
namespace {

using nlohmann::json;

class Load : public testing::Test {
 protected:
  void SetUp() override {
    PrepareOptions options = test::Official(24).write(folder_);
    options.discovery = 12;
    options.dev = 12;
    options.test = 0;
    options.queries = 2;
    prepare(options);
  }

  // Changes line `number` (from 1) of a file of the benchmark.
  void edit(const std::string& file, int number, const std::function<void(json&)>& change) {
    replace(file, number, [&](const std::string& line) {
      json value = json::parse(line);
      change(value);
      return value.dump();
    });
  }
  void replace(const std::string& file, int number,
               const std::function<std::string(const std::string&)>& change) {
    std::istringstream in(read_file(folder_ / ("out/" + file)));
    std::string line, text;
    for (int at = 1; std::getline(in, line); ++at) text += (at == number ? change(line) : line) + "\n";
    folder_.write("out/" + file, text);
  }

  std::string error(const std::string& split = "dev") {
    return test::message_of<DataError>([&] { load(folder_ / "out", split); });
  }
  // The complaint after one change of line 3 of dev.jsonl; the change is taken back.
  std::string record_error(const std::function<void(json&)>& change) {
    return error_after("dev.jsonl", change);
  }
  std::string query_error(const std::function<void(json&)>& change) {
    return error_after("retrieval/dev.jsonl", change);
  }

  test::Folder folder_;

 private:
  std::string error_after(const std::string& file, const std::function<void(json&)>& change) {
    const std::string before = read_file(folder_ / ("out/" + file));
    edit(file, 3, change);
    const std::string message = error();
    folder_.write("out/" + file, before);
    test::expect_says(message, {file + ":3"});
    return message;
  }
};

TEST_F(Load, LinesGoThereAndBack) {
  const Benchmark benchmark = load(folder_ / "out", "dev");
  std::string records, queries;
  for (const Record& record : benchmark.records) records += to_json_line(record) + "\n";
  for (const Query& query : benchmark.queries) queries += to_json_line(query) + "\n";
  EXPECT_EQ(records, read_file(folder_ / "out/dev.jsonl"));
  EXPECT_EQ(queries, read_file(folder_ / "out/retrieval/dev.jsonl"));
}

TEST_F(Load, PolygonsGoThereAndBack) {
  edit("dev.jsonl", 2, [](json& r) { r["text_polygons"] = {{1.5, 2, 31.5, 2, 20, 14}}; });
  const Record record = load(folder_ / "out", "dev").records.at(1);
  EXPECT_EQ(record.text_polygons, (std::vector<image::Polygon>{{{1.5, 2}, {31.5, 2}, {20, 14}}}));
  EXPECT_NE(to_json_line(record).find("\"text_polygons\":[[1.5,2.0,31.5,2.0,20.0,14.0]]"), std::string::npos)
      << to_json_line(record);
}

TEST_F(Load, SurvivesATowerOfBrackets) {
  constexpr std::size_t kDeep = 500'000;
  const std::string tower = std::string(kDeep, '[') + std::string(kDeep, ']');
  replace("dev.jsonl", 1, [&](const std::string&) { return "{\"image_id\": " + tower + "}"; });
  test::expect_says(error(), {"dev.jsonl:1", "\"image_id\"", "expected a string, found a nest of"});
  replace("dev.jsonl", 1, [&](const std::string&) { return tower; });
  test::expect_says(error(), {"dev.jsonl:1", "expected an object, found a nest of"});
}

TEST_F(Load, NamesTheFieldOfARecord) {
  test::expect_says(record_error([](json& r) { r.erase("image_id"); }), {"\"image_id\"", "missing"});
  test::expect_says(record_error([](json& r) { r["image_id"] = 7; }), {"\"image_id\"", "expected a string"});
  test::expect_says(record_error([](json& r) { r["file_name"] = ""; }), {"\"file_name\"", "empty"});
  test::expect_says(record_error([](json& r) { r["width"] = 0; }), {"\"width\"", "at least 1"});
  test::expect_says(record_error([](json& r) { r["height"] = 1.5; }), {"\"height\"", "integer"});
  test::expect_says(record_error([](json& r) { r["split"] = "test"; }), {"\"split\"", "\"dev\"", "\"test\""});
  test::expect_says(record_error([](json& r) { r["vqa"] = 1; }), {"\"vqa\"", "expected an object"});
  test::expect_says(record_error([](json& r) { r["vqa"].erase("question"); }),
                    {"\"vqa.question\"", "missing"});
  test::expect_says(record_error([](json& r) { r["vqa"]["answers"].erase(0); }),
                    {"\"vqa.answers\"", "found 9"});
  test::expect_says(record_error([](json& r) { r["vqa"]["answers"][4] = 4; }), {"\"vqa.answers\"", "string"});
  test::expect_says(record_error([](json& r) {
                      r["ocr"]["bbox"] = {1, 2};
                    }),
                    {"\"ocr.bbox\"", "four numbers"});
  test::expect_says(record_error([](json& r) { r["ocr"]["text"] = ""; }), {"\"ocr.text\"", "empty"});
  test::expect_says(record_error([](json& r) { r["captions"].erase(0); }), {"\"captions\"", "found 4"});
  test::expect_says(record_error([](json& r) { r["captions"][2].erase("text"); }),
                    {"\"captions[2].text\"", "missing"});
  test::expect_says(record_error([](json& r) { r["captions"][2]["id"] = r["captions"][0]["id"]; }),
                    {"\"captions[2].id\"", "twice"});
  test::expect_says(record_error([](json& r) { r["text_boxes"][0] = "box"; }),
                    {"\"text_boxes[0]\"", "four numbers"});
  test::expect_says(record_error([](json& r) { r["text_polygons"] = json::array(); }),
                    {"\"text_polygons\"", "expected one a box, 1, found 0"});
  test::expect_says(record_error([](json& r) {
                      r["text_polygons"] = {{1, 2, 3, 4}};
                    }),
                    {"\"text_polygons[0]\"", "corners"});
  test::expect_says(record_error([](json& r) { r = json::array(); }), {"expected an object"});
}

TEST_F(Load, NamesTheFieldOfAQuery) {
  test::expect_says(query_error([](json& q) { q["image_id"] = "999"; }),
                    {"\"image_id\"", "not an image of the split"});
  test::expect_says(query_error([](json& q) { q["positive"] = "x"; }), {"\"positive\"", "integer"});
  test::expect_says(query_error([](json& q) { q["candidates"].erase(0); }), {"\"candidates\"", "found 49"});
  test::expect_says(query_error([](json& q) { q["candidates"][7].erase("text"); }),
                    {"\"candidates[7].text\"", "missing"});
  test::expect_says(
      query_error([](json& q) { q["candidates"][7]["caption_id"] = q["candidates"][6]["caption_id"]; }),
      {"\"candidates[7].caption_id\"", "twice"});
  test::expect_says(query_error([](json& q) {
                      for (json& c : q["candidates"]) c["image_id"] = q["image_id"];
                    }),
                    {"image_id\"", "of the query's image"});
  test::expect_says(query_error([](json& q) {
                      for (json& c : q["candidates"]) {
                        if (c["caption_id"] == q["positive"])
                          c = {{"caption_id", 999999}, {"image_id", "1000"}, {"text", "x"}};
                      }
                    }),
                    {"\"positive\"", "not among the candidates"});
}

TEST_F(Load, NamesTheLineThatIsNoJson) {
  replace("dev.jsonl", 5, [](const std::string& line) { return line.substr(0, 20); });
  test::expect_says(error(), {"dev.jsonl:5", "not JSON"});
}

TEST_F(Load, RefusesAnImageTwice) {
  const std::string first = read_file(folder_ / "out/dev.jsonl");
  const std::string line = first.substr(0, first.find('\n'));
  replace("dev.jsonl", 6, [&](const std::string&) { return line; });
  test::expect_says(error(), {"dev.jsonl:6", "\"image_id\"", "twice"});
}

TEST_F(Load, RefusesAQueryTwice) {
  const std::string first = read_file(folder_ / "out/retrieval/dev.jsonl");
  const std::string line = first.substr(0, first.find('\n'));
  replace("retrieval/dev.jsonl", 6, [&](const std::string&) { return line; });
  test::expect_says(error(), {"retrieval/dev.jsonl:6", "\"image_id\"", "twice"});
}

TEST_F(Load, RefusesAnImageOfTwoSplits) {
  const std::string id = load(folder_ / "out", "dev").records[2].image_id;
  edit("discovery.jsonl", 4, [&](json& r) { r["image_id"] = id; });
  test::expect_says(error(), {"discovery.jsonl:4", "\"image_id\"", "also an image of the split dev"});
}

TEST_F(Load, RefusesAShortenedSplit) {
  const std::string text = read_file(folder_ / "out/dev.jsonl");
  folder_.write("out/dev.jsonl", text.substr(0, text.rfind('\n', text.size() - 2) + 1));
  std::filesystem::remove(folder_ / "out/retrieval/dev.jsonl");
  test::expect_says(error(), {"dev.jsonl", "11 records", "12"});
}

TEST_F(Load, NamesAMissingFileOfQueries) {
  std::filesystem::remove(folder_ / "out/retrieval/dev.jsonl");
  test::expect_says(error(), {"cannot read", "retrieval/dev.jsonl: no such file"});
}

TEST_F(Load, ABenchmarkThatTellsOfNoRetrievalNeedsNone) {
  std::filesystem::remove(folder_ / "out/retrieval/dev.jsonl");
  json manifest = json::parse(read_file(folder_ / "out/manifest.json"));
  manifest.erase("retrieval");
  folder_.write("out/manifest.json", manifest);
  const Benchmark benchmark = load(folder_ / "out", "dev");
  EXPECT_EQ(benchmark.records.size(), 12U);
  EXPECT_TRUE(benchmark.queries.empty());
}

TEST_F(Load, TakesRecordsWithoutSomeTasks) {
  edit("dev.jsonl", 3, [](json& r) {
    r.erase("vqa");
    r["ocr"] = nullptr;
    r["captions"] = json::array();
  });
  const Benchmark benchmark = load(folder_ / "out", "dev");
  EXPECT_FALSE(benchmark.records[2].vqa);
  EXPECT_FALSE(benchmark.records[2].ocr);
  EXPECT_TRUE(benchmark.records[2].captions.empty());
}

TEST_F(Load, TheDigestFollowsEveryPart) {
  const std::string before = load(folder_ / "out", "dev").digest;
  const std::string other = load(folder_ / "out", "discovery").digest;
  EXPECT_NE(before, other);
  edit("retrieval/dev.jsonl", 2, [](json& q) { q["candidates"][0]["text"] = "another"; });
  const std::string retrieval = load(folder_ / "out", "dev").digest;
  EXPECT_NE(retrieval, before);
  edit("dev.jsonl", 2, [](json& r) { r["ocr"]["text"] = "another"; });
  const std::string records = load(folder_ / "out", "dev").digest;
  EXPECT_NE(records, retrieval);
  EXPECT_EQ(load(folder_ / "out", "discovery").digest, other);
}

TEST_F(Load, NamesWhatIsWrongWithTheManifest) {
  const auto manifest_error = [&](const std::string& text) {
    folder_.write("out/manifest.json", text);
    return error();
  };
  const json good = json::parse(read_file(folder_ / "out/manifest.json"));
  json bad = good;
  bad.erase("images");
  test::expect_says(manifest_error(bad.dump()), {"manifest.json", "\"images\"", "missing"});
  bad = good;
  bad["images"] = "elsewhere";
  test::expect_says(manifest_error(bad.dump()), {"no pictures at", "elsewhere", "manifest.json"});
  bad = good;
  bad["seed"] = -1;
  test::expect_says(manifest_error(bad.dump()), {"manifest.json", "\"seed\""});
  bad = good;
  bad["sizes"]["dev"] = "many";
  test::expect_says(manifest_error(bad.dump()), {"manifest.json", "\"sizes.dev\""});
  test::expect_says(manifest_error("{"), {"manifest.json", "not JSON: parse error"});
  std::filesystem::remove(folder_ / "out/manifest.json");
  test::expect_says(error(), {"manifest.json"});
}

TEST_F(Load, KnowsItsSplits) {
  test::expect_says(test::message_of<UsageError>([&] { load(folder_ / "out", "train"); }),
                    {"no split \"train\""});
  test::expect_says(test::message_of<DataError>([&] { load(folder_ / "nowhere", "dev"); }),
                    {"nowhere", "no such folder"});
  std::filesystem::remove(folder_ / "out/dev.jsonl");
  test::expect_says(error(), {"dev.jsonl"});
}

}  // namespace
}  // namespace hones::benchmark
