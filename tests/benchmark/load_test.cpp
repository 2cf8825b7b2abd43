// Loading believes nothing: each malformed line is named by file, line and field.
#include <algorithm>
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

TEST_F(Load, RefusesAFieldTwice) {
  replace("dev.jsonl", 2, [](const std::string& line) { return "{\"width\": 1, " + line.substr(1); });
  test::expect_says(error(), {"dev.jsonl:2", "\"width\"", "stands there twice"});
}

TEST_F(Load, NamesTheFieldOfARecord) {
  test::expect_says(record_error([](json& r) { r.erase("image_id"); }), {"\"image_id\"", "missing"});
  test::expect_says(record_error([](json& r) { r["image_id"] = 7; }), {"\"image_id\"", "expected a string"});
  test::expect_says(record_error([](json& r) { r["file_name"] = ""; }), {"\"file_name\"", "empty"});
  test::expect_says(record_error([](json& r) { r["file_name"] = "../x.jpg"; }),
                    {"\"file_name\"", "in the folder of pictures"});
  test::expect_says(record_error([](json& r) { r.erase("sha256"); }), {"\"sha256\"", "missing"});
  test::expect_says(record_error([](json& r) { r["sha256"] = "12ab"; }), {"\"sha256\"", "64 digits", "12ab"});
  test::expect_says(record_error([](json& r) { r["sha256"] = 5; }), {"\"sha256\"", "string"});
  test::expect_says(record_error([](json& r) { r["width"] = 0; }), {"\"width\"", "at least 1"});
  test::expect_says(record_error([](json& r) { r["height"] = 1.5; }), {"\"height\"", "integer"});
  test::expect_says(record_error([](json& r) { r["split"] = "test"; }), {"\"split\"", "\"dev\"", "\"test\""});
  test::expect_says(record_error([](json& r) { r["vqa"] = 1; }), {"\"vqa\"", "expected an object"});
  test::expect_says(record_error([](json& r) { r["vqa"].erase("question"); }),
                    {"\"vqa.question\"", "missing"});
  test::expect_says(record_error([](json& r) { r["vqa"]["answers"].erase(0); }),
                    {"\"vqa.answers\"", "found 9"});
  test::expect_says(record_error([](json& r) { r["vqa"]["answers"][4] = 4; }),
                    {"\"vqa.answers[4]\"", "string"});
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
  test::expect_says(query_error([](json& q) { q["candidates"][7] = q["candidates"][6]; }),
                    {"\"candidates[7].caption_id\"", "twice"});
  test::expect_says(query_error([](json& q) { q["candidates"][7]["image_id"] = "1000"; }),
                    {"\"candidates[7].image_id\"", "\"1000\" is not an image of the split"});
  test::expect_says(query_error([](json& q) { q["candidates"][7]["caption_id"] = 999999; }),
                    {"\"candidates[7].caption_id\"", "999999 is not a caption of the image"});
  test::expect_says(query_error([](json& q) { q["candidates"][7]["text"] = "another"; }),
                    {"\"candidates[7].text\"", "not the text of the caption"});
}

TEST_F(Load, AQueryHasItsPositiveAndNoOtherCaptionOfItsImage) {
  const std::vector<Record> records = load(folder_ / "out", "dev").records;
  const auto caption = [](const Record& record, std::size_t i) {
    return json{{"caption_id", record.captions[i].id},
                {"image_id", record.image_id},
                {"text", record.captions[i].text}};
  };
  const auto stands_there = [](const json& q, const json& candidate) {
    return std::count(q["candidates"].begin(), q["candidates"].end(), candidate) > 0;
  };
  test::expect_says(query_error([&](json& q) {
                      for (const Record& record : records) {
                        if (record.image_id != q["image_id"]) continue;
                        const std::size_t other = record.captions[0].id == q["positive"] ? 1 : 0;
                        const std::size_t at = q["candidates"][0]["caption_id"] == q["positive"] ? 1 : 0;
                        q["candidates"][at] = caption(record, other);
                      }
                    }),
                    {"image_id\"", "of the query's image"});
  test::expect_says(query_error([&](json& q) {
                      json unused;
                      for (const Record& record : records) {
                        for (std::size_t i = 0; i < 5; ++i) {
                          if (record.image_id != q["image_id"] && !stands_there(q, caption(record, i)))
                            unused = caption(record, i);
                        }
                      }
                      for (json& c : q["candidates"]) {
                        if (c["caption_id"] == q["positive"]) c = unused;
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

TEST_F(Load, RefusesAPictureUnderTwoNames) {
  const Record other = load(folder_ / "out", "dev").records[2];
  const std::string before = read_file(folder_ / "out/dev.jsonl");
  edit("dev.jsonl", 5, [&](json& r) { r["file_name"] = other.file_name; });
  test::expect_says(error(), {"dev.jsonl:5", "\"file_name\"", "also the file of the image", other.image_id});
  folder_.write("out/dev.jsonl", before);
  edit("discovery.jsonl", 4, [&](json& r) { r["file_name"] = other.file_name; });
  test::expect_says(error(), {"discovery.jsonl:4", "\"file_name\"", "also a file of the split dev"});
}

TEST_F(Load, ChecksTheOtherSplitsToo) {
  const std::string text = read_file(folder_ / "out/discovery.jsonl");
  folder_.write("out/discovery.jsonl", text.substr(0, text.rfind('\n', text.size() - 2) + 1));
  test::expect_says(error(), {"discovery.jsonl", "11 records", "12"});
  std::filesystem::remove(folder_ / "out/discovery.jsonl");
  test::expect_says(error(), {"cannot read", "discovery.jsonl"});
}

// Nobody believes a split because another one is loaded.
TEST_F(Load, ChecksEveryRecordOfTheOtherSplits) {
  const std::string text = read_file(folder_ / "out/discovery.jsonl");
  edit("discovery.jsonl", 4, [](json& r) { r["width"] = 0; });
  test::expect_says(error(), {"discovery.jsonl:4", "\"width\"", "at least 1"});
  folder_.write("out/discovery.jsonl", text);
  folder_.write("out/retrieval/discovery.jsonl", std::string("{}\n"));
  test::expect_says(error(), {"retrieval/discovery.jsonl:1", "\"image_id\"", "missing"});
}

// Neither of the two is the split that is loaded.
TEST_F(Load, RefusesAnImageThatTwoOtherSplitsShare) {
  PrepareOptions options = test::Official(30).write(folder_);
  options.discovery = 6;
  options.queries = 0;
  options.overwrite = true;
  options.dev = options.test = 12;
  prepare(options);
  const std::string id = load(folder_ / "out", "discovery").records[2].image_id;
  edit("test.jsonl", 4, [&](json& r) { r["image_id"] = id; });
  test::expect_says(error(), {"test.jsonl:4", "also an image of the split discovery"});
}

TEST_F(Load, RefusesABenchmarkOfAnotherDigest) {
  const Benchmark benchmark = load(folder_ / "out", "dev");
  require_digest(benchmark, benchmark.digest, "results/discovery.h5");
  const std::string message = test::message_of<DataError>(
      [&] { require_digest(benchmark, std::string(64, '0'), "results/discovery.h5"); });
  test::expect_says(message, {"out", "not the benchmark of results/discovery.h5",
                              benchmark.digest.substr(0, 12), "000000000000"});
}

// Lines cut short, fields of all wrong types and missing fields, at every place of a record and of a query:
// each is refused by file and line, whatever it is.
TEST_F(Load, RefusesWhateverIsSpoiltInALine) {
  const json wrong[] = {nullptr, true, -7, 1.5, "", json::array(), json::object(), json::array({nullptr})};
  for (const std::string file : {"dev.jsonl", "retrieval/dev.jsonl"}) {
    const std::string before = read_file(folder_ / ("out/" + file));
    const std::string first = before.substr(0, before.find('\n'));
    const json record = json::parse(first);
    const auto refused = [&](const std::string& line, const std::string& what) {
      folder_.write("out/" + file, line + before.substr(first.size()));
      const std::string message = error();
      EXPECT_NE(message.find(file + ":1: "), std::string::npos) << what << ": " << message;
    };
    for (std::size_t length = 0; length < first.size(); length += 97) refused(first.substr(0, length), "cut");
    for (const auto& [field, good] : record.items()) {
      json spoilt = record;
      if (field != "vqa" && field != "ocr") {  // a record may lack these tasks
        spoilt.erase(field);
        refused(spoilt.dump(), field + " missing");
      }
      for (const json& value : wrong) {
        const bool allowed = (value.is_null() && (field == "vqa" || field == "ocr" || field == "sha256")) ||
                             (value == json::array() && field == "text_boxes");
        if (allowed || (value == json::array() && field == "captions")) continue;
        spoilt[field] = value;
        refused(spoilt.dump(), field + " = " + value.dump());
      }
    }
    folder_.write("out/" + file, before);
  }
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
  std::filesystem::remove(folder_ / "out/retrieval/dev.jsonl");  // its queries need the captions
  json manifest = json::parse(read_file(folder_ / "out/manifest.json"));
  manifest.erase("retrieval");
  folder_.write("out/manifest.json", manifest);
  const Benchmark benchmark = load(folder_ / "out", "dev");
  EXPECT_FALSE(benchmark.records[2].vqa);
  EXPECT_FALSE(benchmark.records[2].ocr);
  EXPECT_TRUE(benchmark.records[2].captions.empty());
}

TEST_F(Load, TheDigestFollowsEveryPart) {
  const std::string before = load(folder_ / "out", "dev").digest;
  const std::string other = load(folder_ / "out", "discovery").digest;
  EXPECT_NE(before, other);
  edit("retrieval/dev.jsonl", 2, [](json& q) { std::swap(q["candidates"][0], q["candidates"][1]); });
  const std::string retrieval = load(folder_ / "out", "dev").digest;
  EXPECT_NE(retrieval, before);
  edit("dev.jsonl", 2, [](json& r) { r["ocr"]["text"] = "another"; });
  const std::string records = load(folder_ / "out", "dev").digest;
  EXPECT_NE(records, retrieval);
  EXPECT_EQ(load(folder_ / "out", "discovery").digest, other);
  edit("dev.jsonl", 2, [](json& r) { r["sha256"] = std::string(64, 'a'); });
  EXPECT_NE(load(folder_ / "out", "dev").digest, records);
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
  bad["schema_version"] = 1;
  test::expect_says(manifest_error(bad.dump()),
                    {"manifest.json", "\"schema_version\"", "prepare the benchmark again"});
  bad = good;
  bad["dataset"] = "imagenet";
  test::expect_says(manifest_error(bad.dump()), {"manifest.json", "\"dataset\"", "imagenet"});
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
