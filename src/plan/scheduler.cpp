#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/base/rng.hpp>
#include <hones/plan/scheduler.hpp>

namespace hones::plan {

namespace {

// Orders the units not granted yet, next first.
using Order = std::function<void(std::deque<Unit>&)>;

class QueueScheduler final : public Scheduler {
 public:
  QueueScheduler(int ranks, Order order) : order_(std::move(order)) {
    HONES_ASSERT(ranks >= 1, "ranks=" + std::to_string(ranks));
    served_.assign(static_cast<std::size_t>(ranks), false);
    held_.resize(static_cast<std::size_t>(ranks));
    progress_.busy_seconds.assign(static_cast<std::size_t>(ranks), 0);
  }

  void add(std::vector<Unit> units) override {
    for (Unit& unit : units) {
      HONES_ASSERT(states_.emplace(unit.id, State::queued).second,
                   "unit " + std::to_string(unit.id) + " added twice");
      progress_.cost_all += unit.cost;
      ++progress_.units_all;
      queue_.push_back(std::move(unit));
    }
    order_(queue_);
  }

  Grant next(int rank, double now) override {
    const std::size_t r = index(rank);
    if (!asked_) progress_.started = now;
    asked_ = true;
    Grant grant;
    if (queue_.empty()) {
      grant.kind = finished() ? Grant::Kind::stage_done : Grant::Kind::wait;
      return grant;
    }
    if (served_[r] && static_cast<std::int64_t>(queue_.size()) <= unserved()) {
      grant.kind = Grant::Kind::wait;
      return grant;
    }
    grant.kind = Grant::Kind::unit;
    grant.unit = std::move(queue_.front());
    queue_.pop_front();
    served_[r] = true;
    states_[grant.unit.id] = State::granted;
    held_[r].push_back(grant.unit);
    return grant;
  }

  void done(const Outcome& outcome, double /*now*/) override {
    const std::size_t r = index(outcome.rank);
    const std::string what =
        "unit " + std::to_string(outcome.unit) + " of rank " + std::to_string(outcome.rank);
    HONES_ASSERT(outcome.has_unit, "an outcome without a unit");
    const auto state = states_.find(outcome.unit);
    HONES_ASSERT(state != states_.end(), what + " is unknown");
    HONES_ASSERT(state->second == State::granted,
                 what + (state->second == State::done ? " is done already" : " was not granted"));
    auto& mine = held_[r];
    const auto unit =
        std::find_if(mine.begin(), mine.end(), [&](const Unit& u) { return u.id == outcome.unit; });
    HONES_ASSERT(unit != mine.end(), what + " was granted to another rank");
    progress_.cost_done += unit->cost;
    ++progress_.units_done;
    progress_.busy_seconds[r] += outcome.seconds;
    mine.erase(unit);
    state->second = State::done;
  }

  bool finished() const override { return progress_.units_done == progress_.units_all; }

  Progress progress() const override {
    Progress progress = progress_;
    for (const auto& mine : held_) progress.running.push_back(mine.empty() ? -1 : mine.front().id);
    return progress;
  }

 private:
  enum class State { queued, granted, done };

  std::size_t index(int rank) const {
    HONES_ASSERT(rank >= 0 && static_cast<std::size_t>(rank) < served_.size(),
                 "rank=" + std::to_string(rank));
    return static_cast<std::size_t>(rank);
  }
  std::int64_t unserved() const { return std::count(served_.begin(), served_.end(), false); }

  Order order_;
  std::deque<Unit> queue_;
  std::map<std::int64_t, State> states_;
  std::vector<std::deque<Unit>> held_;  // per rank: granted and not done, oldest first
  std::vector<bool> served_;            // per rank: has had a unit
  bool asked_ = false;
  Progress progress_;  // but for `running`
};

}  // namespace

std::optional<double> Scheduler::Progress::eta_seconds(double now) const {
  if (units_done == units_all) return 0.0;
  if (cost_done <= 0 || now <= started) return std::nullopt;
  return (cost_all - cost_done) * (now - started) / cost_done;
}

std::unique_ptr<Scheduler> longest_first(int ranks) {
  return std::make_unique<QueueScheduler>(ranks, [](std::deque<Unit>& queue) {
    std::sort(queue.begin(), queue.end(),
              [](const Unit& a, const Unit& b) { return a.cost != b.cost ? a.cost > b.cost : a.id < b.id; });
  });
}

std::unique_ptr<Scheduler> shuffled(int ranks, std::uint64_t seed) {
  return std::make_unique<QueueScheduler>(ranks, [seed](std::deque<Unit>& queue) {
    std::vector<Unit> units(queue.begin(), queue.end());
    SplitMix64 rng(seed);
    shuffle(std::span(units), rng);
    queue.assign(units.begin(), units.end());
  });
}

}  // namespace hones::plan
