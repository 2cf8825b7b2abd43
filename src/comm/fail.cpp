#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include <hones/base/error.hpp>
#include <hones/base/log.hpp>
#include <hones/comm/communicator.hpp>

#include "mpi_call.hpp"

namespace hones::comm {

void finish(std::unique_ptr<Pending> pending, Deadline deadline, const std::string& what) {
  if (pending->wait(deadline)) return;
  abandon(std::shared_ptr<Pending>(std::move(pending)));
  throw Error(ExitCode::rank_failed,
              what + " did not end before its deadline: a rank is missing or much slower");
}

void fail(Communicator& world, const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  const ExitCode code = known ? known->code() : ExitCode::rank_failed;
  // What every rank sees (a missing file) should be said once. Ranks speak in order; the first to speak ends
  // the others.
  const auto turn = std::chrono::milliseconds(200) * std::min(world.rank(), 10);
  if (world.rank() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(300) + turn);
  const std::string who = "rank " + std::to_string(world.rank()) + " on " + world.node() + ": ";
  end(world, code, (code == ExitCode::rank_failed ? who : "") + error.what());
}

void end(Communicator& world, ExitCode code, const std::string& line) {
  log::error(line);
  leave_last_words(world, code, line);
  world.abort(static_cast<int>(code));
  std::_Exit(static_cast<int>(code));  // not reached; the compiler does not believe a virtual [[noreturn]]
}

void leave_last_words(const Communicator& world, ExitCode code, const std::string& line) {
  if (!world.last_words()) return;
  constexpr std::chrono::seconds kPatience{2};
  const auto said = std::make_shared<std::promise<void>>();
  std::thread([words = world.last_words(), code, line, said] {
    words(code, line);
    said->set_value();
  }).detach();
  said->get_future().wait_for(kPatience);
}

}  // namespace hones::comm
