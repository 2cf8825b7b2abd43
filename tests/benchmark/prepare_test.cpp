// docs/benchmark.md 2.4, 2.5: the folder that `prepare` leaves.
#include <algorithm>
#include <set>
#include <tuple>

#include <gtest/gtest.h>

#include <hones/base/digest.hpp>
#include <hones/base/rng.hpp>
#include <hones/benchmark/prepare.hpp>
#include <hones/benchmark/records.hpp>

#include "folder.hpp"

namespace hones::benchmark {
namespace {

// 18 discovery images, 5 of them ask; 12 of dev; no test.
PrepareOptions small(const test::Folder& folder) {
  PrepareOptions options = test::Official(32).write(folder);
  options.discovery = 18;
  options.dev = 12;
  options.test = 0;
  return options;
}

TEST(Prepare, WritesABenchmarkThatLoads) {
  const test::Folder folder;
  PrepareOptions options = small(folder);
  std::vector<std::string> said;
  options.progress = [&](const std::string& line) { said.push_back(line); };
  const PrepareReport report = prepare(options);
  EXPECT_EQ(report.candidates, 32);
  EXPECT_EQ(report.chosen, 30);
  EXPECT_TRUE(report.rejected.empty());
  EXPECT_GE(said.size(), 4U);

  std::set<std::string> ids;
  for (const auto& [split, images, queries] :
       {std::tuple("discovery", 18, 5), std::tuple("dev", 12, 12), std::tuple("test", 0, 0)}) {
    const Benchmark benchmark = load(options.out, split);
    EXPECT_EQ(benchmark.records.size(), static_cast<std::size_t>(images)) << split;
    EXPECT_EQ(benchmark.queries.size(), static_cast<std::size_t>(queries)) << split;
    EXPECT_EQ(std::filesystem::weakly_canonical(benchmark.images),
              std::filesystem::weakly_canonical(options.images));
    EXPECT_EQ(benchmark.digest.size(), 64U);
    for (const Record& record : benchmark.records) EXPECT_TRUE(ids.insert(record.image_id).second);
  }
  EXPECT_EQ(ids.size(), 30U);
}

TEST(Prepare, KeepsTheInstanceOfEveryTask) {
  const test::Folder folder;
  const PrepareOptions options = small(folder);
  prepare(options);
  const Benchmark benchmark = load(options.out, "dev");
  const Record& record = benchmark.records.at(3);
  EXPECT_EQ(record.file_name, "COCO_train2014_" + record.image_id + ".jpg");
  EXPECT_EQ(record.where, (options.out / "dev.jsonl").string() + ":4");
  EXPECT_EQ(record.split, "dev");
  ASSERT_TRUE(record.vqa && record.ocr);
  EXPECT_EQ(record.vqa->question_id, record.image_id + "000");  // policy `first`
  EXPECT_EQ(record.vqa->target, "thing");
  EXPECT_EQ(record.vqa->answers.size(), 10U);
  EXPECT_EQ(record.ocr->text, "W" + record.image_id);
  EXPECT_EQ(record.ocr->box, (image::Box{1.5, 2, 30, 12}));
  EXPECT_EQ(record.text_boxes.size(), 1U);
  EXPECT_TRUE(record.text_polygons.empty());  // these annotations have none
  EXPECT_EQ(record.captions.size(), 5U);
}

TEST(Prepare, LinesStandInSplitOrder) {
  const test::Folder folder;
  const PrepareOptions options = small(folder);
  prepare(options);
  std::uint64_t last = 0;
  for (const char* split : {"discovery", "dev"}) {
    for (const Record& record : load(options.out, split).records) {
      const std::uint64_t next = key(options.seed, "split", record.image_id);
      EXPECT_LT(last, next);
      last = next;
    }
  }
}

void check_query(const Query& query, const std::set<std::string>& sources, std::uint64_t seed) {
  ASSERT_EQ(query.candidates.size(), 50U);
  std::uint64_t last = 0;
  int positives = 0;
  for (const Candidate& candidate : query.candidates) {
    const std::uint64_t next = key(seed, "cand|" + query.image_id, std::to_string(candidate.caption_id));
    EXPECT_LT(last, next);  // shown in key order
    last = next;
    const bool own = candidate.image_id == query.image_id;
    positives += own ? 1 : 0;
    EXPECT_EQ(own, candidate.caption_id == query.positive);
    EXPECT_TRUE(own || sources.contains(candidate.image_id)) << candidate.image_id;
  }
  EXPECT_EQ(positives, 1);
}

TEST(Prepare, DiscoveryQueriesTakeNegativesFromImagesThatDoNotAsk) {
  const test::Folder folder;
  const PrepareOptions options = small(folder);
  prepare(options);
  const Benchmark benchmark = load(options.out, "discovery");
  std::set<std::string> others;
  for (const Record& record : benchmark.records) others.insert(record.image_id);
  std::vector<std::uint64_t> keys;
  for (const Query& query : benchmark.queries) {
    others.erase(query.image_id);
    keys.push_back(key(options.seed, "query", query.image_id));
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  for (const std::string& id : others) EXPECT_GT(key(options.seed, "query", id), keys.back());
  for (const Query& query : benchmark.queries) check_query(query, others, options.seed);
}

TEST(Prepare, DevQueriesStayInTheirSplit) {
  const test::Folder folder;
  const PrepareOptions options = small(folder);
  prepare(options);
  const Benchmark benchmark = load(options.out, "dev");
  std::set<std::string> images;
  for (const Record& record : benchmark.records) images.insert(record.image_id);
  for (std::size_t i = 0; i < benchmark.queries.size(); ++i) {
    EXPECT_EQ(benchmark.queries[i].image_id, benchmark.records[i].image_id);
    EXPECT_EQ(benchmark.queries[i].file_name, benchmark.records[i].file_name);
    check_query(benchmark.queries[i], images, options.seed);
  }
}

TEST(Prepare, TheManifestSaysWhatMadeIt) {
  const test::Folder folder;
  PrepareOptions options = small(folder);
  options.seed = 11;
  options.vqa_policy = Policy::seeded;
  prepare(options);
  const auto manifest = nlohmann::json::parse(read_file(options.out / "manifest.json"));
  EXPECT_EQ(manifest["seed"], 11);
  EXPECT_EQ(manifest["images"], "../source/images");
  EXPECT_EQ(manifest["sizes"]["dev"], 12);
  EXPECT_EQ(manifest["policies"]["vqa"], "seeded");
  EXPECT_EQ(manifest["policies"]["ocr"], "seeded");
  EXPECT_EQ(manifest["retrieval"]["negatives"], "tfidf");
  EXPECT_EQ(manifest["retrieval"]["discovery_queries"], 5);
  EXPECT_EQ(manifest["inputs"]["captions"]["file"], "captions_train2014.json");
  EXPECT_EQ(manifest["inputs"]["captions"]["bytes"], std::filesystem::file_size(options.captions));
  EXPECT_EQ(manifest["inputs"]["annotations"]["sha256"], sha256_file(options.annotations));
  EXPECT_EQ(manifest["chosen"], 30);
}

TEST(Prepare, CountsRejects) {
  const test::Folder folder;
  test::Official official(32);
  official.scene_text["imgs"].erase("4");
  official.scene_text["imgs"].erase("9");
  PrepareOptions options = official.write(folder);
  options.discovery = 18;
  options.dev = 12;
  options.test = 0;
  const PrepareReport report = prepare(options);
  EXPECT_EQ(report.rejected, (std::map<std::string, std::int64_t>{{"not_in_scene_text", 2}}));
  EXPECT_EQ(nlohmann::json::parse(read_file(options.out / "manifest.json"))["rejected"]["not_in_scene_text"],
            2);
}

TEST(Prepare, IsAFunctionOfItsInputs) {
  const test::Folder folder;
  PrepareOptions options = small(folder);
  prepare(options);
  const std::string first = load(options.out, "discovery").digest;
  options.overwrite = true;
  prepare(options);
  EXPECT_EQ(load(options.out, "discovery").digest, first);
  options.seed = 4;
  prepare(options);
  EXPECT_NE(load(options.out, "discovery").digest, first);
}

TEST(Prepare, NamesASplitThatIsTooSmallForItsNegatives) {
  const test::Folder folder;
  PrepareOptions options = small(folder);
  options.dev = 8;  // 35 captions of others
  test::expect_says(test::message_of<DataError>([&] { prepare(options); }),
                    {"split dev", "has only 35", "49 are needed"});
  EXPECT_FALSE(std::filesystem::exists(options.out / "manifest.json"));
  options = small(folder);
  options.queries = 9;  // 45 captions are left
  test::expect_says(test::message_of<DataError>([&] { prepare(options); }),
                    {"split discovery", "has only 45", "fewer queries"});
  options.queries = 0;
  options.dev = 0;
  options.out = folder / "no_queries";
  prepare(options);
  EXPECT_TRUE(load(options.out, "discovery").queries.empty());
}

// The command line checks them; what gets here is a defect.
TEST(Prepare, ImpossibleSizesAreADefectOfTheCaller) {
  const test::Folder folder;
  const auto defect = [&](auto change) {
    PrepareOptions options = small(folder);
    change(options);
    return test::message_of<InternalError>([&] { prepare(options); });
  };
  test::expect_says(defect([](auto& o) { o.dev = -1; }), {"size=-1"});
  test::expect_says(defect([](auto& o) { o.discovery = o.dev = 0; }), {"no images"});
  test::expect_says(defect([](auto& o) { o.queries = 19; }), {"queries=19"});
  test::expect_says(defect([](auto& o) { o.queries = -2; }), {"queries=-2"});
  test::expect_says(defect([](auto& o) { o.seed = ~std::uint64_t{0}; }), {"seed=18446744073709551615"});
}

TEST(Prepare, RefusesPlacesBeforeItReads) {
  const test::Folder folder;
  const PrepareOptions good = small(folder);
  folder.write("source/cocotext.v2.json", std::string("not looked at"));
  const auto usage = [&](const std::filesystem::path& out) {
    PrepareOptions options = good;
    options.out = out;
    return test::message_of<UsageError>([&] { prepare(options); });
  };
  folder.write("full/manifest.json", std::string("{}"));
  test::expect_says(usage(folder / "full"), {"--out", "full already holds a benchmark", "--overwrite"});
  folder.write("file", std::string("text"));
  test::expect_says(usage(folder / "file/out"), {"--out", "file: not a folder"});
  const auto data = [&](auto change) {
    PrepareOptions options = good;
    change(options);
    return test::message_of<DataError>([&] { prepare(options); });
  };
  test::expect_says(data([&](auto& o) { o.images = folder / "file"; }),
                    {"no pictures at", "file: not a folder"});
  test::expect_says(data([&](auto& o) { o.questions = folder / "none"; }),
                    {"cannot read", "none: no such file"});
  test::expect_says(data([&](auto& o) { o.annotations = folder / "source"; }), {"source: it is a folder"});
  EXPECT_FALSE(std::filesystem::exists(good.out));
}

TEST(Prepare, NamesTooFewImagesAndMissingPictures) {
  const test::Folder folder;
  const PrepareOptions good = small(folder);
  PrepareOptions options = good;
  options.discovery = 25;
  options.out = folder / "other";
  test::expect_says(test::message_of<DataError>([&] { prepare(options); }),
                    {"too few images", "37 are asked for"});
  options = good;
  options.images = folder / "nowhere";
  test::expect_says(test::message_of<DataError>([&] { prepare(options); }), {"no pictures at", "nowhere"});
}

TEST(Prepare, NotesThePictures) {
  const test::Folder folder;
  const PrepareOptions options = small(folder);
  EXPECT_EQ(prepare(options).missing_pictures, 0);
  for (const Record& record : load(options.out, "dev").records)
    EXPECT_EQ(record.sha256, sha256_file(options.images / record.file_name));
  const Benchmark before = load(options.out, "dev");
  EXPECT_EQ(before.queries[1].sha256, sha256_file(options.images / before.queries[1].file_name));

  std::filesystem::remove(options.images / before.records[4].file_name);
  folder.write("source/images/" + before.records[5].file_name, std::string("another picture"));
  PrepareOptions again = options;
  again.out = folder / "again";
  std::string said;
  again.progress = [&](const std::string& line) { said += line + "\n"; };
  EXPECT_EQ(prepare(again).missing_pictures, 1);
  test::expect_says(said, {"1 of 30 pictures cannot be read", before.records[4].file_name});
  test::expect_says(said, {"32 of 32 pictures are not named as train2014", "COCO_train2014_1.jpg"});
  const Benchmark after = load(again.out, "dev");
  EXPECT_EQ(after.records[4].sha256, "");
  EXPECT_NE(after.records[5].sha256, before.records[5].sha256);
  EXPECT_EQ(after.records[6].sha256, before.records[6].sha256);
  EXPECT_NE(after.digest, before.digest);

  again.images = folder / "empty";
  std::filesystem::create_directories(again.images);
  again.out = folder / "none";
  test::expect_says(test::message_of<DataError>([&] { prepare(again); }),
                    {"none of the 30 pictures", "empty", "--images"});
}

TEST(FindSources, TakesVersionOneOfSceneTextWhereThereIsNoOther) {
  const test::Folder folder;
  PrepareOptions options = small(folder);
  folder.write("source/COCO_Text.json", read_file(options.scene_text));
  find_sources(folder / "source", options);
  EXPECT_EQ(options.scene_text.filename(), "cocotext.v2.json");
  std::filesystem::remove(options.scene_text);
  find_sources(folder / "source", options);
  EXPECT_EQ(options.scene_text.filename(), "COCO_Text.json");
  prepare(options);
  EXPECT_NE(read_file(options.out / "manifest.json").find("COCO_Text.json"), std::string::npos);
}

TEST(FindSources, NamesWhatIsMissing) {
  const test::Folder folder;
  PrepareOptions options;
  test::expect_says(test::message_of<DataError>([&] { find_sources(folder / "nowhere", options); }),
                    {"nowhere", "no such folder"});
  small(folder);
  std::filesystem::remove(folder / "source/cocotext.v2.json");
  test::expect_says(test::message_of<DataError>([&] { find_sources(folder / "source", options); }),
                    {"lacks cocotext.v2.json"});
}

}  // namespace
}  // namespace hones::benchmark
