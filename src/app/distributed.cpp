// A command whose work all ranks share, from main's arguments to the end of its job.
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/comm/session.hpp>

#include "app/commands.hpp"
#include "app/launch.hpp"
#include "app/settings/command_line.hpp"
#include "app/stop_signals.hpp"

namespace hones::app {

namespace {

constexpr std::chrono::milliseconds kOthersEndFirst{500};
constexpr std::chrono::seconds kRankZeroSpeaksFirst{5};  // an error must be out within 10

// What the command line asks for: a text to print, on rank 0, a job, or one of the two.
struct Asked {
  std::string text;
  std::function<ExitCode(comm::Communicator&)> run;
};

Asked asked_of(const std::vector<std::string>& command_line, const comm::Communicator& world) {
  const settings::Invocation invocation =
      settings::parse_command_line({command_line.begin() + 1, command_line.end()});
  if (invocation.kind == settings::Invocation::Kind::help) return {invocation.help, {}};
  const settings::Settings& settings = invocation.settings;
  const Job job = entry_of(settings.command()).shared(settings, command_line);
  const bool first = world.rank() == 0;
  if (job.only_tell) return {first ? job.only_tell(world.size()) : "", {}};
  if (first && !job.out.empty()) check_output_folder(job.out_named, job.out);
  return {"", job.run};
}

ExitCode run(const std::vector<std::string>& command_line, comm::Communicator& world) {
  const Asked asked = rank_zero_first(world, [&] { return asked_of(command_line, world); });
  if (world.rank() == 0 && !asked.text.empty()) std::fputs(asked.text.c_str(), stdout);
  return asked.run ? asked.run(world) : ExitCode::ok;
}

// Several ranks end here; main prints the error of a single one.
[[noreturn]] void end_job(comm::Communicator& world, const Error& error) {
  // A broken benchmark comes up on every rank, on a busy machine seconds apart: rank 0 has time to speak for
  // all.
  const bool everyones = error.code() != ExitCode::rank_failed;
  if (everyones && world.rank() != 0) std::this_thread::sleep_for(kRankZeroSpeaksFirst);
  comm::fail(world, error);
}

int with_ranks(int argc, char** argv, int& rank, int& size) {
  const std::vector<std::string> command_line(argv, argv + argc);
  catch_stop_signals();
  comm::Session session(&argc, &argv);
  comm::Communicator& world = session.world();
  rank = world.rank();
  size = world.size();
  log::configure(log::Level::info, rank, size);
  try {
    return static_cast<int>(run(command_line, world));
  } catch (const SharedRefusal& refusal) {
    if (world.rank() == 0) log::error(refusal.what());
    return static_cast<int>(refusal.code());
  } catch (const std::exception& error) {
    if (world.size() == 1) {  // main says it
      comm::leave_last_words(world, error_of(error).code(), error_of(error).what());
      throw;
    }
    end_job(world, error_of(error));
  }
}

}  // namespace

int with_all_ranks(int argc, char** argv) {
  int rank = 0, size = 1;
  const int code = with_ranks(argc, argv, rank, size);
  if (code != static_cast<int>(ExitCode::stopped) || size == 1) return code;
  // One rank says that the job was stopped, when the others are gone: under srun -K1 the first that does not
  // end well has the others killed, and the step's exit code would be that of a killed one.
  if (rank != 0) return static_cast<int>(ExitCode::ok);
  std::this_thread::sleep_for(kOthersEndFirst);
  return code;
}

}  // namespace hones::app
