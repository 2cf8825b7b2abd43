#include "mpi_pending.hpp"

#include <exception>
#include <utility>

#include "backoff.hpp"
#include "mpi_call.hpp"

namespace hones::comm {

MpiPending::MpiPending() : state_(std::make_shared<State>()), exceptions_(std::uncaught_exceptions()) {}

MpiPending::~MpiPending() {
  if (!state_) return;
  // An exception on this rank is on its way to whoever ends the job. Waiting here for ranks that may wait for
  // this one would keep it from getting there.
  if (aborting() || std::uncaught_exceptions() != exceptions_) {
    abandon();
    return;
  }
  try {
    while (!wait(after(std::chrono::hours(1)))) {
    }
  } catch (...) {
    // Nobody asked for the outcome; the request has ended, which is all that the buffers need.
  }
}

MPI_Request* MpiPending::add() {
  return &state_->requests.emplace_back(MPI_REQUEST_NULL);
}

bool MpiPending::wait(Deadline deadline) {
  if (!state_) return true;
  auto& requests = state_->requests;
  const bool ended = poll_until(deadline, [&] {
    int all = 1;
    if (!requests.empty()) {
      check_mpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &all, MPI_STATUSES_IGNORE),
                "MPI_Testall");
    }
    return all != 0;
  });
  if (!ended) return false;
  const auto state = std::exchange(state_, nullptr);
  if (state->action) state->action();
  return true;
}

void MpiPending::abandon() {
  comm::abandon(std::exchange(state_, nullptr));
}

}  // namespace hones::comm
