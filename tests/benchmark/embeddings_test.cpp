// Vectors from files, and the hard negatives that they make (docs/benchmark.md 2.5).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/benchmark/embeddings.hpp>
#include <hones/benchmark/hardest.hpp>
#include <hones/benchmark/records.hpp>
#include <hones/checkpoint/safetensors.hpp>

#include "folder.hpp"
#include "support/vectors.hpp"

namespace hones::benchmark {
namespace {

template <typename T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string npy(const std::string& type, const std::string& shape, const std::string& data,
                const std::string& fortran = "False") {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': (" + shape + "), }";
  header += std::string(63 - (10 + header.size()) % 64, ' ') + "\n";
  const auto length = static_cast<std::uint16_t>(header.size());
  return std::string("\x93NUMPY\x01\x00", 8) + raw(std::vector{length}) + header + data;
}

using Ids = std::vector<std::int64_t>;

std::filesystem::path write_npy(const test::Folder& folder, const std::vector<std::vector<double>>& rows,
                                const Ids& ids) {
  std::vector<double> flat;
  for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  folder.write("e.ids.npy", npy("<i8", std::to_string(ids.size()) + ",", raw(ids)));
  return folder.write(
      "e.npy",
      npy("<f8", std::to_string(rows.size()) + ", " + std::to_string(rows.front().size()), raw(flat)));
}

struct Tensors {
  std::vector<float> captions{1, 2, 3, 4, 5, 6};
  Ids ids{7, 9};
  std::vector<float> images;
  Ids image_ids;
  checkpoint::Dtype dtype = checkpoint::Dtype::f32;
  std::vector<std::int64_t> shape{2, 3};
};

std::filesystem::path write(const test::Folder& folder, const Tensors& t) {
  std::vector<checkpoint::TensorToWrite> tensors = {
      {"captions", t.dtype, t.shape, std::as_bytes(std::span(t.captions))},
      {"caption_ids", checkpoint::Dtype::i64, {std::int64_t(t.ids.size())}, std::as_bytes(std::span(t.ids))}};
  if (!t.images.empty()) {
    const auto rows = static_cast<std::int64_t>(t.image_ids.size());
    tensors.push_back({"images",
                       checkpoint::Dtype::f32,
                       {rows, std::int64_t(t.images.size()) / rows},
                       std::as_bytes(std::span(t.images))});
    tensors.push_back(
        {"image_caption_ids", checkpoint::Dtype::i64, {rows}, std::as_bytes(std::span(t.image_ids))});
  }
  checkpoint::write_safetensors(folder / "e.safetensors", tensors);
  return folder / "e.safetensors";
}

std::string error(const std::filesystem::path& file) {
  return test::message_of<DataError>([&] { read_embeddings(file); });
}

TEST(Embeddings, ComeFromSafetensors) {
  const test::Folder folder;
  Tensors tensors;
  const Embeddings read = read_embeddings(write(folder, tensors));
  EXPECT_EQ(read.captions.row(9), (std::vector<double>{4, 5, 6}));
  EXPECT_EQ(read.captions.columns(), 3U);
  EXPECT_FALSE(read.images);
  tensors.images = {0.5, 0.25, 0.125};
  tensors.image_ids = {8};
  EXPECT_EQ(read_embeddings(write(folder, tensors)).images->row(8), (std::vector<double>{0.5, 0.25, 0.125}));
}

TEST(Embeddings, ComeFromNumpyInThreeWidths) {
  const test::Folder folder;
  folder.write("e.ids.npy", npy("<i8", "2,", raw(Ids{3, 1})));
  // 1, -2, 2^-24 (the least half), infinity is refused below.
  folder.write("e.npy", npy("<f2", "2, 2", raw(std::vector<std::uint16_t>{0x3c00, 0xc000, 1, 0x3555})));
  const Embeddings halves = read_embeddings(folder / "e.npy");
  EXPECT_EQ(halves.captions.row(3), (std::vector<double>{1, -2}));
  EXPECT_EQ(halves.captions.row(1), (std::vector<double>{std::ldexp(1, -24), 0.333251953125}));
  folder.write("e.npy", npy("<f4", "2, 1", raw(std::vector<float>{1.5F, -0.25F})));
  EXPECT_EQ(read_embeddings(folder / "e.npy").captions.row(1), std::vector<double>{-0.25});
  folder.write("e.npy", npy("<f8", "2, 1", raw(std::vector<double>{0.1, 0.2})));
  EXPECT_EQ(read_embeddings(folder / "e.npy").captions.row(3), std::vector<double>{0.1});
}

TEST(Embeddings, MayBeNone) {
  const test::Folder folder;
  folder.write("e.ids.npy", npy("<i8", "0,", ""));
  folder.write("e.npy", npy("<f4", "0, 2", ""));
  const Embeddings none = read_embeddings(folder / "e.npy");
  EXPECT_EQ(none.captions.rows(), 0U);
  test::expect_says(test::message_of<DataError>([&] { none.captions.row(1); }), {"e.npy", "no row", "1"});
}

TEST(Embeddings, NameWhatIsWrongWithSafetensors) {
  const test::Folder folder;
  Tensors tensors;
  tensors.ids = {7};
  test::expect_says(error(write(folder, tensors)),
                    {"e.safetensors: tensor captions", "2 rows", "1 caption ids"});
  tensors.ids = {7, 7};
  test::expect_says(error(write(folder, tensors)), {"caption id 7", "row 1", "twice"});
  tensors = {};
  tensors.shape = {6};
  test::expect_says(error(write(folder, tensors)), {"tensor captions", "shape [6]", "2 dimension"});
  tensors = {};
  tensors.dtype = checkpoint::Dtype::i64;
  tensors.shape = {1, 3};
  test::expect_says(error(write(folder, tensors)), {"tensor captions", "I64", "F32, F16 or BF16"});
  tensors = {};
  tensors.images = {1, 2};
  tensors.image_ids = {7};
  test::expect_says(error(write(folder, tensors)), {"3 columns", "pictures 2", "one space"});
  checkpoint::write_safetensors(folder / "none.safetensors", {});
  test::expect_says(error(folder / "none.safetensors"), {"tensor captions: missing", "embed_captions.py"});
  test::expect_says(error(folder / "e.bin"), {"cannot read", "e.bin"});
  test::expect_says(error(folder.write("e.bin", std::string("x"))), {"expected a .safetensors or .npy"});
}

TEST(Embeddings, NameWhatIsWrongWithNumpyFiles) {
  const test::Folder folder;
  const auto of = [&](const std::string& text) { return error(folder.write("e.npy", text)); };
  const std::string four = raw(std::vector<float>{1, 2, 3, 4});
  test::expect_says(of(npy("<f4", "2, 2", four)),
                    {"e.ids.npy: no such file", "caption id of each row of e.npy"});
  folder.write("e.ids.npy", npy("<i8", "2,", raw(Ids{1, 2})));
  test::expect_says(of(""), {"e.npy", ".npy file"});
  test::expect_says(of("\x93NUMPY\x01"), {"e.npy", ".npy file", "cut off"});
  test::expect_says(of(npy("<f4", "2, 2", four).substr(0, 40)), {"e.npy", "cut off"});
  test::expect_says(of(npy("<f4", "2, 2", four.substr(1))), {"e.npy", "15 bytes of data"});
  test::expect_says(of(npy("<f4", "18446744073709551615, 2", four)), {"e.npy", "16 bytes of data"});
  test::expect_says(of(npy("<f4", "2, x", four)), {"e.npy", "'shape'"});
  test::expect_says(of(npy("<f4", "2, 2", four, "True")), {"e.npy", "Fortran"});
  test::expect_says(of(npy("<c8", "2, 1", four)), {"e.npy", "<c8", "<f4"});
  test::expect_says(of(npy("|O", "2, 2", four)), {"e.npy", "|O"});
  test::expect_says(of(npy("<f4", "4,", four)), {"e.npy", "[4]", "two dimensions"});
  test::expect_says(of(npy("<f4", "2, 0", "")), {"e.npy", "without columns"});
  folder.write("e.ids.npy", npy("<i4", "2,", four.substr(0, 8)));
  test::expect_says(of(npy("<f4", "2, 2", four)), {"e.ids.npy", "<i4", "<i8"});
}

TEST(Embeddings, NameTheRowThatIsMissingOrNotFinite) {
  const test::Folder folder;
  Tensors tensors;
  tensors.captions[4] = std::numeric_limits<float>::infinity();
  const Embeddings read = read_embeddings(write(folder, tensors));
  test::expect_says(test::message_of<DataError>([&] { read.captions.row(9); }),
                    {"tensor captions", "caption 9", "column 1", "not a finite"});
  test::expect_says(test::message_of<DataError>([&] { read.captions.row(8); }), {"no row for the caption 8"});
}

// The same vectors as HardNegatives.Vectors, through a file and the blocks of fp32 products.
TEST(HardestByVectors, Vectors) {
  const auto file = hones::test::vectors("hard_negatives");
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    std::vector<std::vector<double>> rows = {c["query"]["embedding"]};
    Ids ids = {-1};
    std::vector<PoolCaption> pool;
    for (const auto& p : c["pool"]) {
      rows.push_back(p["embedding"]);
      ids.push_back(p["caption_id"]);
      pool.push_back(
          pool_caption(p["caption_id"], std::to_string(p["image_id"].get<std::int64_t>()), p["caption"]));
    }
    const test::Folder folder;
    const auto embeddings = std::make_shared<const Embeddings>(read_embeddings(write_npy(folder, rows, ids)));
    Record record;
    record.image_id = std::to_string(c["query"]["image_id"].get<std::int64_t>());
    for (const auto& text : c["query"]["captions"]) record.captions.push_back({-1, text});
    const Asked asked{&record, &record.captions.front()};
    const auto chosen = hardest_by_vectors(pool, embeddings, false)->of({&asked, 1}, c["n"]).at(0);
    ASSERT_EQ(chosen.size(), c["expected"].size());
    for (std::size_t i = 0; i < chosen.size(); ++i)
      EXPECT_EQ(pool[chosen[i]].id, c["expected"][i]["caption_id"].get<std::int64_t>());
  }
}

// 1,000 vectors so close to each other that fp32 cannot order them: the choice is that of doubles.
TEST(HardestByVectors, DecidesInDoubleWhatFp32CannotTell) {
  constexpr std::size_t kRows = 1000, kColumns = 37;
  SplitMix64 random(5);
  std::vector<std::vector<double>> rows(kRows + 1, std::vector<double>(kColumns));
  std::vector<PoolCaption> pool;
  Ids ids;
  for (std::size_t i = 0; i <= kRows; ++i) {
    for (double& value : rows[i]) value = 1 + 1e-5 * static_cast<double>(random.below(1000));
    ids.push_back(static_cast<std::int64_t>(i));
    if (i > 0) pool.push_back(pool_caption(ids[i], "i" + std::to_string(i), "caption " + std::to_string(i)));
  }
  std::vector<double> exact;
  for (std::size_t i = 1; i <= kRows; ++i) {
    long double dot = 0, aa = 0, bb = 0;
    for (std::size_t c = 0; c < kColumns; ++c) {
      dot += static_cast<long double>(rows[0][c]) * rows[i][c];
      aa += static_cast<long double>(rows[0][c]) * rows[0][c];
      bb += static_cast<long double>(rows[i][c]) * rows[i][c];
    }
    exact.push_back(static_cast<double>(dot / std::sqrt(aa) / std::sqrt(bb)));
  }
  const test::Folder folder;
  const auto embeddings = std::make_shared<const Embeddings>(read_embeddings(write_npy(folder, rows, ids)));
  Record record;
  record.image_id = "q";
  record.captions = {{0, "the query"}};
  const Asked asked{&record, &record.captions.front()};
  const auto hardest = hardest_by_vectors(pool, embeddings, false);
  EXPECT_EQ(hardest->of({&asked, 1}, 49).at(0),
            hard_negatives("q", std::vector<std::string>{"the query"}, pool, exact, 49));
}

class PrepareWithVectors : public testing::Test {
 protected:
  void SetUp() override {
    options_ = test::Official(32).write(folder_);
    options_.discovery = 18;
    options_.dev = 12;
    options_.test = 0;
    options_.overwrite = true;
  }
  // A vector for every caption of the files; pictures have the vector of a caption two images farther.
  void write_vectors(bool images) {
    Tensors tensors;
    tensors.captions.clear();
    tensors.ids.clear();
    for (int image = 1; image <= 32; ++image) {
      for (int c = 0; c < 5; ++c) {
        tensors.ids.push_back(10 * image + c);
        for (const double value : {std::cos(0.1 * image), std::sin(0.1 * image), 0.01 * c})
          tensors.captions.push_back(static_cast<float>(value));
      }
      if (!images) continue;
      tensors.image_ids.push_back(10 * image + 3);
      for (const double value : {std::cos(0.1 * image + 0.2), std::sin(0.1 * image + 0.2), 0.0})
        tensors.images.push_back(static_cast<float>(value));
    }
    tensors.shape = {160, 3};
    options_.negatives.embeddings = write(folder_, tensors);
  }
  // How far the images of the negatives are from the query's: the mean difference of their numbers.
  double shift() const {
    double sum = 0, all = 0;
    for (const Query& query : load(options_.out, "dev").queries) {
      for (const Candidate& candidate : query.candidates) {
        if (candidate.caption_id == query.positive) continue;
        sum += std::stod(candidate.image_id) - std::stod(query.image_id);
        ++all;
      }
    }
    return sum / all;
  }
  nlohmann::json retrieval() const {
    return nlohmann::json::parse(read_file(options_.out / "manifest.json"))["retrieval"];
  }

  test::Folder folder_;
  PrepareOptions options_;
};

TEST_F(PrepareWithVectors, NegativesAreTheNearestCaptions) {
  write_vectors(false);
  prepare(options_);
  EXPECT_EQ(retrieval()["negatives"], "embeddings");
  EXPECT_EQ(retrieval()["embed"], "text");
  EXPECT_EQ(retrieval()["columns"], 3);
  EXPECT_EQ(retrieval()["inputs"][0]["file"], "e.safetensors");
  // 49 of the 55 captions of others: the six left out are of the two images that are farthest away.
  for (const Query& query : load(options_.out, "dev").queries) {
    std::vector<double> distances;
    std::map<std::string, int> of_image;
    for (const Candidate& candidate : query.candidates) ++of_image[candidate.image_id];
    for (const Record& record : load(options_.out, "dev").records)
      distances.push_back(std::abs(std::stod(record.image_id) - std::stod(query.image_id)));
    std::sort(distances.begin(), distances.end(), std::greater<>());
    for (const auto& [image, captions] : of_image) {
      const bool far = std::abs(std::stod(image) - std::stod(query.image_id)) >= distances[1];
      EXPECT_TRUE(captions == 5 || far || image == query.image_id) << image << " " << captions;
    }
  }
}

TEST_F(PrepareWithVectors, ThePictureIsTheOtherReading) {
  write_vectors(true);
  prepare(options_);
  const double by_text = shift();
  options_.negatives.by_image = true;
  prepare(options_);
  EXPECT_EQ(retrieval()["embed"], "image");
  EXPECT_GT(shift(), by_text);
  write_vectors(false);
  test::expect_says(test::message_of<DataError>([&] { prepare(options_); }),
                    {"e.safetensors", "no vectors of pictures", "--embed image"});
}

TEST_F(PrepareWithVectors, NamesTheCaptionWithoutAVector) {
  Tensors tensors;
  options_.negatives.embeddings = write(folder_, tensors);
  test::expect_says(test::message_of<DataError>([&] { prepare(options_); }),
                    {"e.safetensors: tensor captions", "no row for the caption"});
}

TEST_F(PrepareWithVectors, DisjointPoolsAskAsDiscoveryDoes) {
  options_.disjoint_pools = true;
  options_.dev = 14;
  prepare(options_);
  const Benchmark dev = load(options_.out, "dev");
  ASSERT_EQ(dev.queries.size(), 4U);
  for (const Query& query : dev.queries) {
    for (const Query& other : dev.queries) {
      for (const Candidate& candidate : query.candidates)
        EXPECT_TRUE(candidate.image_id == query.image_id || candidate.image_id != other.image_id);
    }
  }
  EXPECT_EQ(retrieval()["dev_and_test"], "disjoint_pools");
}

TEST_F(PrepareWithVectors, FiltersAreTestsOfTheWord) {
  test::Official official(32);
  auto& anns = official.scene_text["anns"];
  for (auto& ann : anns) ann["language"] = "english";
  anns["7"]["language"] = "not english";
  anns["14"]["bbox"] = {60.5, 2, 30, 12};  // 3.5 px are inside
  anns["21"]["utf8_string"] = "\u00e9\u00e9";
  const std::filesystem::path out = options_.out;
  options_ = official.write(folder_);
  options_.discovery = 16;
  options_.dev = 12;
  options_.test = 0;
  options_.queries = 1;
  options_.overwrite = true;
  options_.filters.english_only = true;
  EXPECT_EQ(prepare(options_).rejected, (std::map<std::string, std::int64_t>{{"no_legible_text", 1}}));
  options_.filters.min_box_side = 3.5;
  EXPECT_EQ(prepare(options_).rejected.at("no_legible_text"), 1);
  options_.filters.min_box_side = 3.75;
  EXPECT_EQ(prepare(options_).rejected.at("no_legible_text"), 2);
  options_.filters.min_text_length = 3;  // W1 to W9 and the two letters go, W10 to W32 stay
  options_.discovery = 11;
  EXPECT_EQ(prepare(options_).rejected.at("no_legible_text"), 9);
  EXPECT_EQ(nlohmann::json::parse(read_file(out / "manifest.json"))["filters"],
            (nlohmann::json{{"min_box_side", 3.75}, {"min_text_length", 3}, {"english_only", true}}));
}

}  // namespace
}  // namespace hones::benchmark
