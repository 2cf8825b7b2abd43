// Log lines on standard error, one voice: rank 0 speaks unless told otherwise. spdlog does the work behind
// this header (its fmt and the one that LibTorch ships do not compile in one translation unit).
#pragma once

#include <filesystem>
#include <string>

namespace hones::log {

enum class Level { debug, info, warning, error };

// Lines below `level` do not reach standard error. `rank` is prefixed when size > 1 and the rank is not 0.
void configure(Level level, int rank, int size);

// From now on every line, debug ones too, is also appended to `file`, with the time (UTC) and `who` ("node1
// rank 3") before it; flushed at once. A file that cannot be opened is one warning, and logging goes on
// without it.
void also_to(const std::filesystem::path& file, const std::string& who);

void debug(const std::string& line);
void info(const std::string& line);
void warning(const std::string& line);
// "hones_mpi: error: LINE" as docs/outputs.md promises.
void error(const std::string& line);

}  // namespace hones::log
