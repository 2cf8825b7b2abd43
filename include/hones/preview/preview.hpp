// Contact sheets for people: pictures as a model will see them, with prompt and target under each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <hones/benchmark/records.hpp>
#include <hones/image/processor.hpp>
#include <hones/task/task.hpp>
#include <hones/text/prompt.hpp>

namespace hones::preview {

// One instance on a sheet.
struct Cell {
  image::Image picture;  // after the processor's resize and crop; empty where it cannot be used
  std::string problem;   // why not
  std::string title;     // which image and item
  std::string prompt;    // as rendered, image token and all
  std::string target;    // what counts as right: the target, then the references, one a line
};

// The first `limit` instances of a task, at least 1, in benchmark order. A picture that a sweep would exclude
// is a cell with its problem, not an error. Throws DataError like Task::items.
std::vector<Cell> cells_of(const task::Task& task, const benchmark::Benchmark& benchmark, std::int64_t limit,
                           const text::ChatTemplate& chat, const image::ProcessorConfig& processor);

// Cells in rows of four under a heading, white ground. Text that needs more than a dozen lines is cut.
image::Image draw_sheet(const std::string& heading, const std::vector<Cell>& cells);

// Removes the sheets that write_sheets left in a folder, nothing else. Throws UsageError where one cannot go.
void remove_sheets(const std::filesystem::path& folder);

// FOLDER/TASK.1.png, TASK.2.png, ... with twelve cells each; the folder is made. Returns the files, none for
// a task without instances. Throws like cells_of, and Error(rank_failed) for what cannot be written.
std::vector<std::filesystem::path> write_sheets(const std::filesystem::path& folder, const task::Task& task,
                                                const benchmark::Benchmark& benchmark, std::int64_t limit,
                                                const text::ChatTemplate& chat,
                                                const image::ProcessorConfig& processor);

}  // namespace hones::preview
