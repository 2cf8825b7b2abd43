// Small files, whole: read, and written so that a reader never sees half a file. And what can be said of a
// path before work is put into it; no function here lets an exception of std::filesystem through.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <hones/base/error.hpp>

namespace hones {

// Throws DataError naming the file and the reason when it cannot be read.
std::string read_file(const std::filesystem::path& file);
// The same refusal, without reading.
void check_readable(const std::filesystem::path& file);

// Empty for a folder; else why it is none: "no such folder", "not a folder", or the system's words.
std::string why_no_folder(const std::filesystem::path& path);

// Writes FILE.tmp, syncs it, renames it to FILE. Throws Error(rank_failed) naming the file and the system's
// reason.
void write_file(const std::filesystem::path& file, std::string_view text);

// Everything into an open file; 0, or the errno that says why not.
int write_all(int fd, std::string_view text);

// Appends LINE and a newline in one write, so that a reader who follows the file sees whole lines. Throws
// like write_file.
void append_line(const std::filesystem::path& file, std::string_view line);

// Before work: results can go there. The three throw UsageError "NAMED: ...REASON..."; NAMED is how the user
// named the path ("--out results/7b").
// The folder is there and may be written, or the nearest one above it may. Touches nothing.
void check_output_folder(const std::string& named, const std::filesystem::path& folder);
// Makes the folder and those above it, and tries whether a file can be made in it.
void make_output_folder(const std::string& named, const std::filesystem::path& folder);
// The file's folder is there, and the file can be opened for writing. Leaves it as it was.
void check_output_file(const std::string& named, const std::filesystem::path& file);

// What std::filesystem throws, as the one line and exit code of a place that cannot be used: "PATH: REASON".
DataError data_error(const std::filesystem::filesystem_error& error);

// What the program ends with when `error` is not caught: an Error as it is, data_error() of what
// std::filesystem throws, and for everything else its words with ExitCode::rank_failed.
Error error_of(const std::exception& error);

// Words of a parser for people: without the "[json.exception...] " that they begin with.
std::string without_label(std::string_view words);

}  // namespace hones
