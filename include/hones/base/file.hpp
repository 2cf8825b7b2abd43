// Small files, whole: read, and written so that a reader never sees half a file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace hones {

// Throws DataError naming the file when it cannot be read.
std::string read_file(const std::filesystem::path& file);

// Writes FILE.tmp, syncs it, renames it to FILE. Throws Error(rank_failed) naming the file and the system's
// reason.
void write_file(const std::filesystem::path& file, std::string_view text);

// Appends LINE and a newline in one write, so that a reader who follows the file sees whole lines. Throws
// like write_file.
void append_line(const std::filesystem::path& file, std::string_view line);

}  // namespace hones
