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

// Orders the units not granted yet, next first; `seconds` is what a unit is expected to take, 0 where
// unknown.
using Order = std::function<void(std::deque<Unit>&, const std::function<double(const Unit&)>& seconds)>;

// Units a rank that must be left for some to be granted ahead of their time. What a rank holds nobody else
// can take while it is at work: were the others through with all that is left before, they would wait.
constexpr std::size_t kPlenty = 4;

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
      next_id_ = std::max(next_id_, unit.id + 1);
      queue_.push_back(std::move(unit));
    }
    sort();
  }

  Grant next(int rank, double now, double seconds_left) override {
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
    while (splits(queue_.front())) split_front();
    const auto fits = std::find_if(queue_.begin(), queue_.end(), [&](const Unit& unit) {
      return kCaution * expected_seconds(unit).value_or(0) <= seconds_left;
    });
    if (fits == queue_.end() || seconds_left <= 0) {
      out_of_time_ = true;
      grant.kind = Grant::Kind::wait;
      return grant;
    }
    grant.kind = Grant::Kind::unit;
    grant.unit = give(r, fits);
    return grant;
  }

  std::optional<Unit> ahead(int rank, double seconds_left) override {
    const std::size_t r = index(rank);
    if (queue_.size() <= kPlenty * held_.size()) return std::nullopt;
    if (seconds_left < kEver) {
      double seconds = 0;
      for (const Unit& unit : held_[r]) seconds += expected_seconds(unit).value_or(kEver);
      seconds += expected_seconds(queue_.front()).value_or(kEver);
      if (kCaution * seconds > seconds_left) return std::nullopt;
    }
    return give(r, queue_.begin());
  }

  void give_back(int rank, std::int64_t unit) override {
    auto& mine = held_[index(rank)];
    const auto found = std::find_if(mine.begin(), mine.end(), [&](const Unit& u) { return u.id == unit; });
    HONES_ASSERT(found != mine.end(), "unit " + std::to_string(unit) + " given back by rank " +
                                          std::to_string(rank) + ", which has it not");
    states_[unit] = State::queued;
    queue_.push_back(std::move(*found));
    mine.erase(found);
    sort();
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
    Measured& measured = measured_[{unit->stage, unit->load}];
    measured.cost += unit->cost;
    measured.seconds += outcome.seconds;
    mine.erase(unit);
    state->second = State::done;
    // What was learnt changes the order most at the beginning; sorting at every unit would cost more than it
    // gains.
    if ((progress_.units_done & (progress_.units_done - 1)) == 0) sort();
  }

  bool out_of_time() const override { return out_of_time_; }

  std::optional<double> expected_seconds(const Unit& unit) const override {
    const auto found = measured_.find({unit.stage, unit.load});
    if (found != measured_.end() && found->second.cost > 0)
      return unit.cost * found->second.seconds / found->second.cost;
    double cost = 0, seconds = 0;  // of other loads: better than nothing
    for (const auto& [load, measured] : measured_) {
      cost += measured.cost;
      seconds += measured.seconds;
    }
    if (cost > 0) return unit.cost * seconds / cost;
    return std::nullopt;
  }

  bool finished() const override { return progress_.units_done == progress_.units_all; }

  Progress progress() const override {
    Progress progress = progress_;
    for (const auto& mine : held_) progress.running.push_back(mine.empty() ? -1 : mine.front().id);
    if (progress_.units_done > 0) {
      double seconds = 0;
      const auto add = [&](const Unit& unit) { seconds += expected_seconds(unit).value_or(0); };
      std::for_each(queue_.begin(), queue_.end(), add);
      for (const auto& mine : held_) std::for_each(mine.begin(), mine.end(), add);
      progress.seconds_left = seconds / static_cast<double>(held_.size());
    }
    return progress;
  }

 private:
  enum class State { queued, granted, done };

  std::size_t index(int rank) const {
    HONES_ASSERT(rank >= 0 && static_cast<std::size_t>(rank) < served_.size(),
                 "rank=" + std::to_string(rank));
    return static_cast<std::size_t>(rank);
  }
  Unit give(std::size_t rank, std::deque<Unit>::iterator at) {
    Unit unit = std::move(*at);
    queue_.erase(at);
    served_[rank] = true;
    states_[unit.id] = State::granted;
    held_[rank].push_back(unit);
    return unit;
  }
  // Fewer units than ranks: its parts give more ranks something to do. A layer is never cut.
  bool splits(const Unit& unit) const {
    return queue_.size() < held_.size() && unit.stage == Stage::heads &&
           unit.group_end - unit.group_begin > 1;
  }
  // The upper half goes to the end of the queue; the plain column stays with the lower one.
  void split_front() {
    Unit& unit = queue_.front();
    Unit upper = unit;
    upper.id = next_id_++;
    upper.owns_plain = false;
    const std::int64_t middle = (unit.group_begin + unit.group_end) / 2;
    upper.group_begin = middle;
    upper.cost = unit.cost * static_cast<double>(unit.group_end - middle) /
                 static_cast<double>(unit.group_end - unit.group_begin);
    unit.cost -= upper.cost;
    unit.group_end = middle;
    states_[upper.id] = State::queued;
    ++progress_.units_all;
    queue_.push_back(std::move(upper));
  }
  void sort() {
    order_(queue_, [this](const Unit& unit) { return expected_seconds(unit).value_or(0); });
  }
  std::int64_t unserved() const { return std::count(served_.begin(), served_.end(), false); }

  Order order_;
  std::deque<Unit> queue_;
  std::map<std::int64_t, State> states_;
  std::vector<std::deque<Unit>> held_;  // per rank: granted and not done, oldest first
  std::vector<bool> served_;            // per rank: has had a unit
  struct Measured {
    double cost = 0, seconds = 0;
  };
  std::map<std::pair<Stage, std::int32_t>, Measured> measured_;  // units done, by load
  std::int64_t next_id_ = 0;
  bool out_of_time_ = false;
  bool asked_ = false;
  Progress progress_;  // but for `running`
};

}  // namespace

std::optional<double> Scheduler::Progress::eta_seconds(double now) const {
  if (units_done == units_all) return 0.0;
  if (cost_done <= 0 || now <= started) return std::nullopt;
  return seconds_left;
}

std::unique_ptr<Scheduler> longest_first(int ranks) {
  return std::make_unique<QueueScheduler>(ranks, [](std::deque<Unit>& queue, const auto& seconds) {
    const auto key = [&](const Unit& unit) { return std::pair(seconds(unit), unit.cost); };
    std::sort(queue.begin(), queue.end(), [&](const Unit& a, const Unit& b) {
      const auto left = key(a), right = key(b);
      return left != right ? left > right : a.id < b.id;
    });
  });
}

std::unique_ptr<Scheduler> shuffled(int ranks, std::uint64_t seed) {
  return std::make_unique<QueueScheduler>(ranks, [seed](std::deque<Unit>& queue, const auto& /*seconds*/) {
    std::vector<Unit> units(queue.begin(), queue.end());
    SplitMix64 rng(seed);
    shuffle(std::span(units), rng);
    queue.assign(units.begin(), units.end());
  });
}

}  // namespace hones::plan
