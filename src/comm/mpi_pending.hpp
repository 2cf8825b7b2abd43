// A set of MPI requests that end together.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <mpi.h>

#include <hones/comm/communicator.hpp>

namespace hones::comm {

class MpiPending final : public Pending {
 public:
  MpiPending();
  ~MpiPending() override;
  bool wait(Deadline deadline) override;

  // The slot for one more request, to be filled by the call it is passed to.
  MPI_Request* add();
  // Memory that the requests use and that must live as long as they do.
  void keep(std::shared_ptr<void> memory) { state_->kept.push_back(std::move(memory)); }
  // Runs once, after the last request has ended.
  void then(std::function<void()> action) { state_->action = std::move(action); }
  // Leaves the requests to the end of the process (their other side will not come).
  void abandon();

 private:
  struct State {
    std::vector<MPI_Request> requests;
    std::vector<std::shared_ptr<void>> kept;
    std::function<void()> action;
  };
  std::shared_ptr<State> state_;  // null once ended
  int exceptions_ = 0;
};

}  // namespace hones::comm
