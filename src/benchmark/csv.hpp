// Comma-separated values with quoted fields, as RFC 4180 writes them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace hones::benchmark {

using Cells = std::vector<std::string>;

// Calls visit(cells, "FILE: record N") for every record after the first, whose cells are the names of the
// columns; N counts from 1. Quoted fields may hold commas, line breaks and doubled quotes.
// Throws DataError naming the record for a quote that does not end or stands inside a bare field, and for a
// record with another number of cells than the first.
void visit_csv(
    const std::filesystem::path& file,
    const std::function<void(const Cells& names, const Cells& cells, const std::string& where)>& visit);

}  // namespace hones::benchmark
