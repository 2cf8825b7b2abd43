#include <algorithm>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>
#include <hones/preview/preview.hpp>

namespace hones::preview {

namespace {

constexpr std::size_t kCellsOfASheet = 12;
constexpr const char* kExtension = ".png";

std::string size_of(const image::Image& picture) {
  return std::to_string(picture.width) + " x " + std::to_string(picture.height);
}

std::string title_of(const task::Item& item) {
  std::string title = "image " + item.image_id;
  if (!item.item_id.empty()) title += ", item " + item.item_id;
  if (item.texts.size() > 1) {
    title +=
        ", candidate " + std::to_string(item.attributed + 1) + " of " + std::to_string(item.texts.size());
  }
  return title;
}

// The target, and the references in their order where they are more than that; of equal ones the first, with
// their number.
std::string target_of(const task::Item& item) {
  std::string lines;
  if (!item.target.empty()) lines = "target: " + item.target;
  if (item.references == std::vector<std::string>{item.target}) return lines;
  std::vector<std::string> seen;
  for (const std::string& reference : item.references) {
    if (std::find(seen.begin(), seen.end(), reference) != seen.end()) continue;
    seen.push_back(reference);
    const auto times = std::count(item.references.begin(), item.references.end(), reference);
    lines += (lines.empty() ? "" : "\n") + reference;
    if (times > 1) lines += "  (" + std::to_string(times) + " times)";
  }
  return lines;
}

Cell cell_of(const task::Item& item, const benchmark::Benchmark& benchmark, const text::ChatTemplate& chat,
             const image::ProcessorConfig& processor) {
  Cell cell;
  cell.title = title_of(item);
  cell.prompt = chat.before + item.texts.at(item.attributed) + chat.after;
  cell.target = target_of(item);
  try {
    const image::Image picture = task::load_picture(benchmark.images, item);
    cell.picture = image::resized_and_cropped(picture, processor);
    cell.title += ", " + size_of(picture) + " seen as " + size_of(cell.picture);
  } catch (const DataError& error) {
    cell.problem = error.what();
  }
  return cell;
}

// TASK.NUMBER.png
bool is_sheet(const std::filesystem::path& file) {
  const std::string number = file.stem().extension().string();
  return file.extension() == kExtension && number.size() > 1 &&
         std::all_of(number.begin() + 1, number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::vector<Cell> cells_of(const task::Task& task, const benchmark::Benchmark& benchmark, std::int64_t limit,
                           const text::ChatTemplate& chat, const image::ProcessorConfig& processor) {
  std::vector<task::Item> items = task.items(benchmark, -1);  // a filter may pass few of the first lines
  items.resize(std::min(items.size(), static_cast<std::size_t>(limit)));
  std::vector<Cell> cells;
  for (const task::Item& item : items) cells.push_back(cell_of(item, benchmark, chat, processor));
  return cells;
}

void remove_sheets(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> old;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (is_sheet(entry.path())) old.push_back(entry.path());
  }
  error.clear();  // no such folder: no sheets
  for (const auto& file : old) {
    if (!std::filesystem::remove(file, error))
      throw UsageError(file.string() + " cannot be removed: " + error.message());
  }
}

std::vector<std::filesystem::path> write_sheets(const std::filesystem::path& folder, const task::Task& task,
                                                const benchmark::Benchmark& benchmark, std::int64_t limit,
                                                const text::ChatTemplate& chat,
                                                const image::ProcessorConfig& processor) {
  const std::vector<Cell> cells = cells_of(task, benchmark, limit, chat, processor);
  std::vector<std::filesystem::path> files;
  std::error_code ignored;  // what cannot be made is told when the first sheet is written
  std::filesystem::create_directories(folder, ignored);
  for (std::size_t begin = 0; begin < cells.size(); begin += kCellsOfASheet) {
    const std::size_t end = std::min(begin + kCellsOfASheet, cells.size());
    const std::string heading = task.name() + ": " + task.metric() + ", instances " +
                                grouped(static_cast<std::int64_t>(begin) + 1) + " to " +
                                grouped(static_cast<std::int64_t>(end));
    files.push_back(folder / (task.name() + "." + std::to_string(files.size() + 1) + kExtension));
    image::encode_png_file(draw_sheet(heading, {cells.begin() + static_cast<std::ptrdiff_t>(begin),
                                                cells.begin() + static_cast<std::ptrdiff_t>(end)}),
                           files.back());
  }
  return files;
}

}  // namespace hones::preview
