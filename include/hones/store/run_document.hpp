// run.json, the document that a job leaves whatever becomes of it (docs/outputs.md): it says running once the
// folder is open and how it ended afterwards. A rank that is killed leaves it saying running.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <hones/base/error.hpp>

namespace hones::store {

enum class RunState { running, done, stopped, failed };
// As the document's `state`.
std::string_view word_of(RunState state);

// FOLDER/run.json, indented for people; a reader finds the document before it or this one, whole. Bytes that
// are not UTF-8 (a path on the command line) become U+FFFD. Throws Error(rank_failed).
void write_run_json(const std::filesystem::path& folder, const nlohmann::json& run);

struct Failure {
  ExitCode code = ExitCode::rank_failed;
  std::string line;  // as standard error has it
  int rank = 0;
  std::string host;
};

// Completes a document that says running; `end` is the time of day. Any rank may; of several at once the
// first does. False, and nothing is touched, where the document says something else, another rank is at it,
// or the folder cannot be written: whoever calls has an error of its own to end with.
bool fail_run_json(const std::filesystem::path& folder, const Failure& failure, const std::string& end,
                   double seconds) noexcept;

// What the document says; nothing: there is none. One without a state is of a version that wrote it at the
// end of a run alone; one that is not of this program counts as done, so that nobody overwrites it.
std::optional<RunState> run_state(const std::filesystem::path& folder);

}  // namespace hones::store
