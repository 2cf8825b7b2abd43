// The user block of a ledger: what its other bytes must be.
#pragma once

#include <filesystem>
#include <string>

namespace hones::store {

inline constexpr std::size_t kUserBlock = 512;  // the smallest that HDF5 knows

// Computes the block of a closed file and writes it in place. Throws Error(rank_failed).
void write_ledger_sum(const std::filesystem::path& file);
// Empty when the file is what was written; else what is wrong with it.
std::string ledger_damage(const std::filesystem::path& file);

}  // namespace hones::store
