// How a file that was written under a temporary name becomes the one that readers find.
#pragma once

#include <filesystem>

namespace hones::store {

// The data is on disk before the name is, so that a reader after a crash finds the old file or the whole new
// one. With `previous`, the old file keeps that name. Throws Error(rank_failed) with the system's reason.
void publish(const std::filesystem::path& temporary, const std::filesystem::path& file,
             const std::filesystem::path& previous = {});

}  // namespace hones::store
