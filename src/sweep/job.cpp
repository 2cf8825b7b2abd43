#include "job.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace hones::sweep {

JobContext::JobContext(const Options& asked, comm::Communicator& ranks)
    : options(asked), world(ranks), start(comm::Clock::now()) {
  record.begun = utc_now();
  record.cells_by_rank.assign(static_cast<std::size_t>(world.size()), 0);
}

std::string JobContext::share(const std::string& of_rank_zero, double seconds) const {
  const auto view = std::as_bytes(std::span(of_rank_zero.data(), of_rank_zero.size()));
  std::vector<std::byte> bytes(view.begin(), view.end());
  world.broadcast(bytes, 0, comm::after(std::chrono::duration<double>(seconds)));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Phase::Phase(JobContext& job, std::string name)
    : job_(job), name_(std::move(name)), start_(comm::Clock::now()) {}

void Phase::end() {
  const auto mine = static_cast<std::int64_t>(comm::seconds_since(start_) * 1000);
  std::vector<std::int64_t> all(static_cast<std::size_t>(job_.world.size()), 0);
  all[static_cast<std::size_t>(job_.world.rank())] = mine;
  job_.finish(job_.world.sum({all}), "the end of phase " + name_);
  job_.record.phases[name_] = static_cast<double>(*std::max_element(all.begin(), all.end())) / 1000;
}

}  // namespace hones::sweep
