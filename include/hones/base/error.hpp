// Errors of hones_mpi. Each carries the exit code that the program ends with (docs/outputs.md, "Exit codes"),
// and one line for the user: what is wrong, where, what was expected, what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace hones {

enum class ExitCode : int {
  ok = 0,
  usage = 2,          // wrong use or configuration
  bad_data = 3,       // a file or a record is not what it should be
  rank_failed = 4,    // an exception on a rank
  bad_instances = 5,  // too many excluded instances or invalid cells
  stopped = 75,       // stopped on request, state written
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& line) : std::runtime_error(line), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

// Wrong use: flags, settings, a folder that must not be touched.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& line) : Error(ExitCode::usage, line) {}
};

// Bad input data; the line names file and record.
class DataError : public Error {
 public:
  explicit DataError(const std::string& line) : Error(ExitCode::bad_data, line) {}
};

// An own invariant is broken: a defect of this program, never of its input.
class InternalError : public Error {
 public:
  explicit InternalError(const std::string& line) : Error(ExitCode::rank_failed, line) {}
};

[[noreturn]] void fail_assertion(const char* expression, const char* file, int line,
                                 const std::string& detail);

}  // namespace hones

// An invariant with the values that broke it: HONES_ASSERT(i < n, "i=" + std::to_string(i)). Always on.
#define HONES_ASSERT(condition, detail) \
  (static_cast<bool>(condition) ? void() : ::hones::fail_assertion(#condition, __FILE__, __LINE__, (detail)))
