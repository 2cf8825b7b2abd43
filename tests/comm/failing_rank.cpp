// Three ranks, one of which fails in the way that argv[1] names. tests/support/failing_job.cmake judges how
// the job ends.
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>

#include <hones/base/error.hpp>
#include <hones/comm/communicator.hpp>
#include <hones/comm/session.hpp>

namespace {

using hones::comm::after;
using hones::comm::Communicator;

void compute_for_a_minute() {
  const auto end = after(std::chrono::minutes(1));
  volatile double x = 1;
  while (hones::comm::Clock::now() < end) x = x * 1.0000001;
}

void act(Communicator& world, const std::string& way) {
  const bool victim = world.rank() == 2;
  if (way == "throw_in_barrier" || way == "unwind_session") {
    // The others wait in a collective; the victim throws with an own one under way.
    const auto pending = world.barrier();
    if (victim) throw std::runtime_error("the victim's words");
    pending->wait(after(std::chrono::minutes(1)));
    finish(world.barrier(), after(std::chrono::minutes(1)), "barrier");
  } else if (way == "throw_while_others_compute") {
    if (victim) throw std::runtime_error("the victim's words");
    compute_for_a_minute();
  } else if (way == "throw_everywhere") {
    throw std::runtime_error("everyone's words");
  } else if (way == "deadline") {
    if (victim) std::this_thread::sleep_for(std::chrono::minutes(1));
    finish(world.barrier(), after(std::chrono::seconds(1)), "the stage's end");
  } else if (way == "data_error") {
    throw hones::DataError("questions.json: no such file");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string way = argc > 1 ? argv[1] : "";
  if (way == "unwind_session") {
    try {
      hones::comm::Session session(&argc, &argv);
      act(session.world(), way);
    } catch (const std::exception&) {
      std::puts("the session should have ended the job");
      return 0;
    }
    return 0;
  }
  hones::comm::Session session(&argc, &argv);
  try {
    act(session.world(), way);
  } catch (const std::exception& error) {
    fail(session.world(), error);
  }
  return 0;
}
