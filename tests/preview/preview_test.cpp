// Sheets are for eyes; what is tested is what stands on them and that it stands there.
#include <algorithm>

#include <gtest/gtest.h>

#include <hones/base/digest.hpp>
#include <hones/preview/preview.hpp>

#include "support/scratch.hpp"

namespace hones::preview {
namespace {

text::ChatTemplate chat() {
  return {"USER: <image>\n", " ASSISTANT:", "<image>", " "};
}

image::Image grey(int width, int height) {
  return {width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height) * 3, 120)};
}

benchmark::Benchmark three_pictures(const test::Scratch& scratch) {
  benchmark::Benchmark made;
  made.images = scratch.path();
  for (const std::string id : {"1", "2", "3"}) {
    benchmark::Record record;
    record.image_id = id;
    record.file_name = "picture_" + id + ".png";
    record.ocr = benchmark::OcrItem{"7" + id, {10, 8, 12, 9}, "STOP"};
    record.captions = {{1, "A dog."}, {2, "One red dog."}};
    record.text_boxes = {{10, 8, 12, 9}};
    record.where = "discovery.jsonl:" + id;
    if (id != "2") {
      image::encode_png_file(grey(60, 40), scratch.path() / record.file_name);
      record.sha256 = sha256_file(scratch.path() / record.file_name);
    }
    made.records.push_back(record);
  }
  return made;
}

image::ProcessorConfig small_processor() {
  image::ProcessorConfig processor;
  processor.shortest_edge = processor.crop_width = processor.crop_height = 40;
  return processor;
}

std::vector<Cell> cells(const test::Scratch& scratch, const std::string& task, std::int64_t limit) {
  return cells_of(*task::make_task(task, choice::Prompts::paper), three_pictures(scratch), limit, chat(),
                  small_processor());
}

int count(const image::Image& image, const std::array<std::uint8_t, 3>& colour) {
  int found = 0;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3)
    found += std::equal(colour.begin(), colour.end(), image.rgb.begin() + static_cast<std::ptrdiff_t>(i));
  return found;
}

TEST(Cells, ShowThePictureAsProcessedWithItsBox) {
  const test::Scratch scratch;
  const std::vector<Cell> shown = cells(scratch, "ocr", 1);
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].picture.width, 40);
  EXPECT_EQ(shown[0].picture.height, 40);
  // 60 x 40 loses 10 columns on either side: the box's left edge, at 9, goes.
  image::Image expected = grey(60, 40);
  image::draw_blue_box(expected, {10, 8, 12, 9});
  EXPECT_EQ(shown[0].picture.rgb, image::centre_crop(expected, 40, 40).rgb);
  EXPECT_EQ(shown[0].title, "image 1, item 71, 60 x 40 seen as 40 x 40");
  EXPECT_EQ(shown[0].prompt,
            "USER: <image>\nPlease transcribe the text inside the blue box. Output text only. ASSISTANT:");
  EXPECT_EQ(shown[0].target, "target: STOP");
}

TEST(Cells, EqualReferencesStandOnce) {
  const test::Scratch scratch;
  benchmark::Benchmark made = three_pictures(scratch);
  made.records.resize(1);  // the others have no question
  made.records[0].vqa = benchmark::VqaItem{
      "1000", "What?", {"green", "dark", "green", "dark", "green", "lime"}, "green", "what", "other"};
  const auto shown =
      cells_of(*task::make_task("vqa", choice::Prompts::paper), made, 1, chat(), small_processor());
  EXPECT_EQ(shown.at(0).target, "target: green\ngreen  (3 times)\ndark  (2 times)\nlime");
}

TEST(Cells, AreCountedAfterTheFilter) {
  const test::Scratch scratch;
  const auto known =
      task::with_tasks(task::built_in_tasks(), "[last]\nlike = \"ocr\"\nfilter.image_id = \"3\"\n", "x");
  const task::Task last(*task::find_task(known, "last"), choice::Prompts::paper);
  const auto shown = cells_of(last, three_pictures(scratch), 1, chat(), small_processor());
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_NAMES(shown[0].title, "image 3");
}

TEST(Cells, AnUnusablePictureIsShownAsSuch) {
  const test::Scratch scratch;
  const std::vector<Cell> shown = cells(scratch, "caption", 3);
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_TRUE(shown[0].problem.empty());
  EXPECT_NAMES(shown[1].problem, "picture_2.png");
  EXPECT_TRUE(shown[1].picture.rgb.empty());
  EXPECT_EQ(shown[1].target, "A dog.\nOne red dog.");
}

TEST(Sheet, HoldsEveryPictureEnlarged) {
  Cell cell;
  cell.picture = grey(3, 3);
  cell.picture.rgb.assign(27, 0);
  for (std::size_t i = 0; i < 9; ++i) cell.picture.rgb[3 * i + 1] = 200;  // green, nothing else is
  cell.prompt = "USER: what?";
  for (const std::size_t cells : {1U, 4U, 5U, 12U}) {
    const image::Image sheet = draw_sheet("five", std::vector<Cell>(cells, cell));
    EXPECT_EQ(count(sheet, {0, 200, 0}), static_cast<int>(cells) * 300 * 300) << cells;
  }
}

TEST(Sheet, GrowsWithItsTextAndCutsEndlessOnes) {
  const auto height = [](const std::string& prompt) {
    Cell cell;
    cell.prompt = prompt;
    return draw_sheet("", {cell}).height;
  };
  std::string long_text;
  const std::string endless(5000, 'x');
  for (int i = 0; i < 30; ++i) long_text += "some words ";
  EXPECT_GT(height(long_text), height("some words"));
  EXPECT_LE(height(endless), 700);
  EXPECT_GT(height("äöü — 日本語 \x01 \t"), 0);
}

TEST(Sheets, AreNumberedAndRemovedAlone) {
  const test::Scratch scratch;
  const auto folder = scratch.path() / "preview";
  const auto task = task::make_task("ocr", choice::Prompts::paper);
  const auto benchmark = three_pictures(scratch);
  const auto write = [&](std::int64_t limit) {
    return write_sheets(folder, *task, benchmark, limit, chat(), small_processor());
  };
  EXPECT_EQ(write(3), (std::vector<std::filesystem::path>{folder / "ocr.1.png"}));
  EXPECT_GT(image::decode_file(folder / "ocr.1.png").width, 1200);
  scratch.write("preview/ocr.png", "mine");
  scratch.write("preview/notes.1.txt", "mine");
  remove_sheets(folder);
  EXPECT_FALSE(std::filesystem::exists(folder / "ocr.1.png"));
  EXPECT_TRUE(std::filesystem::exists(folder / "ocr.png"));
  EXPECT_TRUE(std::filesystem::exists(folder / "notes.1.txt"));
  remove_sheets(scratch.path() / "nowhere");
}

TEST(Sheets, TwelveCellsEach) {
  const test::Scratch scratch;
  benchmark::Benchmark benchmark = three_pictures(scratch);
  while (benchmark.records.size() < 25) benchmark.records.push_back(benchmark.records[0]);
  const auto files = write_sheets(scratch.path() / "preview", *task::make_task("ocr", choice::Prompts::paper),
                                  benchmark, 25, chat(), small_processor());
  ASSERT_EQ(files.size(), 3U);
  EXPECT_LT(image::decode_file(files[2]).height, image::decode_file(files[0]).height);
}

}  // namespace
}  // namespace hones::preview
