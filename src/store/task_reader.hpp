// The counterpart of task_writer.hpp. Whatever is not as docs/outputs.md has it is a DataError naming file
// and dataset.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/store/discovery_file.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/neurons.hpp>

#include "input_file.hpp"

namespace hones::store {

// What write_header wrote.
FileHeader read_header(const InputFile& in);
// Rows of two indices below the bounds.
std::vector<std::int32_t> read_pairs(const InputFile& in, const std::string& path, std::int64_t rows,
                                     std::int64_t first, std::int64_t second);
std::vector<table::Head> read_heads(const InputFile& in, const std::string& path, const table::Shape& shape);
// Of the task's group: metric, definition, instances, cells and answers; one block per instance in `own`.
table::TaskCells read_cells(const InputFile& in, const std::string& task, const std::string& group,
                            const table::Shape& shape);
// Of the group of its neurons.
table::NeuronSums read_sums(const InputFile& in, const std::string& group, const table::Shape& shape);

}  // namespace hones::store
