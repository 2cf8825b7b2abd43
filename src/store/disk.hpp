// HDF5 over MPI-IO loses the system's reason for a failed write, and when metadata cannot be written on one
// rank its collective calls may never return on any. What is wrong with the disk is therefore found by
// writing to it.
#pragma once

#include <filesystem>
#include <string>

#include <hones/base/error.hpp>

namespace hones::store {

// Why nothing can be written where `file` lies, in the system's words, found by writing a megabyte beside it
// (and removing it); empty when that works. `rank` keeps the ranks' files apart.
std::string disk_trouble(const std::filesystem::path& file, int rank);

// Runs `action`, which writes `file`. A failed call's Error(rank_failed) becomes one that says what is wrong
// with the disk, where that can be told, and ends in `advice`. An InternalError is no matter of disks and
// passes.
template <typename Action>
auto writing(const std::filesystem::path& file, int rank, const std::string& advice, Action action) {
  try {
    return action();
  } catch (const InternalError&) {
    throw;
  } catch (const Error& error) {
    if (error.code() != ExitCode::rank_failed) throw;
    const std::string trouble = disk_trouble(file, rank);
    throw Error(ExitCode::rank_failed,
                (trouble.empty() ? error.what() : "cannot write " + file.string() + ": " + trouble) + advice);
  }
}

}  // namespace hones::store
