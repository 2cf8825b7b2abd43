#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>
#include <thread>

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <hones/base/error.hpp>
#include <hones/comm/archive.hpp>
#include <hones/sweep/stage.hpp>

namespace hones::sweep {

namespace {

constexpr int kRequest = 1;
constexpr int kGrant = 2;
constexpr int kRecall = 3;
// A rank without work asks again after a pause that grows: others may be in their last unit for long.
constexpr std::chrono::milliseconds kShortestPause{20}, kLongestPause{500};
constexpr double kUnknownUnit = 60;  // s: what a unit is cut for, before one is done

using comm::seconds_since;

double thread_cpu_seconds() {
  std::timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Rank 0's side. Order of one turn: receive an outcome, book it, answer with a grant. It ends when every rank
// has been told that the stage is done; then every unit has been booked, or the run has failed and nobody
// works any more, or a checkpoint has been the end.
// A rank that begins a unit is answered with the one behind it; its next message comes when the begun one is
// done. A checkpoint is a pause: what was granted ahead is called back (who has begun it meanwhile ends it),
// ranks are told to wait until the last unit is booked, then each is sent to it once; from then on until all
// have come back nothing is booked, so that all see one summary.
class Desk {
 public:
  Desk(comm::Communicator& world, plan::Scheduler& scheduler, const StageHooks& hooks, StageSummary& summary,
       double patience)
      : world_(world),
        scheduler_(scheduler),
        hooks_(hooks),
        summary_(summary),
        patience_(patience),
        start_(comm::Clock::now()),
        due_(hooks.first_checkpoint),
        given_(static_cast<std::size_t>(world.size())),
        ahead_(static_cast<std::size_t>(world.size())) {
    summary_.cells_by_rank.assign(static_cast<std::size_t>(world.size()), 0);
  }

  void run(const std::stop_token& stop) {
    int dismissed = 0;
    double next_tick = 0;
    Sending sending;
    while (dismissed < world_.size() && !stop.stop_requested()) {
      // A checkpoint that falls due while all are at work: told now, so that nobody begins what it holds
      // ahead.
      if (dismissed == 0 && !writing_) pause_if_due(false, sending);
      if (const auto message = world_.receive(kRequest, comm::after(std::chrono::milliseconds(100)))) {
        const double cpu = thread_cpu_seconds();
        const auto outcome = comm::from_bytes<plan::Outcome>(message->bytes);
        if (writing_) due_ = seconds_since(start_) + hooks_.next_checkpoint;
        writing_ = false;
        book(outcome);
        if (dismissed == 0)
          pause_if_due(outcome.stop_asked, sending);  // nobody may be missing at a checkpoint
        const plan::Grant grant = outcome.begins == plan::kNoUnit ? answer(outcome.rank) : behind(outcome);
        dismissed += grant.kind == plan::Grant::Kind::stage_done || grant.stop;
        sending.push_back(world_.send(comm::to_bytes(grant), outcome.rank, kGrant));
        summary_.grants += grant.kind == plan::Grant::Kind::unit;
        summary_.grant_cpu_seconds += thread_cpu_seconds() - cpu;
        std::erase_if(sending, [](const auto& pending) { return pending->wait(comm::Clock::now()); });
      }
      if (const double now = seconds_since(start_); now >= next_tick) {
        if (hooks_.tick) hooks_.tick({scheduler_.progress(), summary_, now, false});
        give_up_silent(now);
        next_tick = now + 1;
      }
    }
    for (const auto& pending : sending) {
      while (!stop.stop_requested() && !pending->wait(comm::after(std::chrono::milliseconds(100)))) {
      }
    }
    if (hooks_.tick && !stop.stop_requested())
      hooks_.tick({scheduler_.progress(), summary_, seconds_since(start_), true});
  }

 private:
  using Sending = std::vector<std::unique_ptr<comm::Pending>>;

  // To a rank that waits for it.
  plan::Grant answer(int rank) {
    const plan::Grant grant = next(rank);
    if (grant.kind == plan::Grant::Kind::unit) given_[index(rank)] = Given{grant.unit, seconds_since(start_)};
    return grant;
  }

  // To a rank that begins a unit granted before.
  plan::Grant behind(const plan::Outcome& outcome) {
    const std::size_t r = index(outcome.rank);
    std::optional<Ahead> begun = std::exchange(ahead_[r], std::nullopt);
    if (begun && begun->unit.id == outcome.begins) given_[r] = Given{std::move(begun->unit), 0};
    HONES_ASSERT(given_[r] && given_[r]->unit.id == outcome.begins,
                 "unit " + std::to_string(outcome.begins) + " begun by a rank that has it not");
    given_[r]->at = seconds_since(start_);
    plan::Grant grant;
    grant.kind = plan::Grant::Kind::wait;
    if (pausing_ || summary_.failure != 0) return grant;
    if (auto unit = scheduler_.ahead(outcome.rank, seconds_left())) {
      grant.kind = plan::Grant::Kind::unit;
      grant.unit = *unit;
      ahead_[r] = Ahead{*std::move(unit)};
      ++summary_.ahead;
    }
    return grant;
  }

  void pause_if_due(bool asked_by_rank, Sending& sending) {
    if (hooks_.checkpoint) begin_pause(asked_by_rank);
    if (pausing_ || summary_.failure != 0) recall(sending);
  }

  // What is held and not begun would only make everybody wait.
  void recall(Sending& sending) {
    for (std::size_t r = 0; r < ahead_.size(); ++r) {
      if (!ahead_[r] || std::exchange(ahead_[r]->recalled, true)) continue;
      sending.push_back(
          world_.send(comm::to_bytes(std::as_const(ahead_[r]->unit.id)), static_cast<int>(r), kRecall));
    }
  }

  double seconds_left() const { return hooks_.seconds_left ? hooks_.seconds_left() : plan::kEver; }
  static std::size_t index(int rank) { return static_cast<std::size_t>(rank); }

  plan::Grant next(int rank) {
    if (summary_.failure != 0) return when_idle(plan::Grant::Kind::stage_done);
    if (!pausing_) {
      plan::Grant grant = scheduler_.next(rank, seconds_since(start_), seconds_left());
      if (!scheduler_.out_of_time() || !hooks_.checkpoint || summary_.out_of_time) return grant;
      summary_.out_of_time = true;  // the ranks come together at a last checkpoint
      begin_pause(true);
    }
    plan::Grant grant = when_idle(plan::Grant::Kind::checkpoint);
    if (grant.kind == plan::Grant::Kind::wait) return grant;
    // Settled with the first rank: all go the same way.
    if (sent_ == 0) summary_.stopped = stop_asked_;
    grant.stop = summary_.stopped;
    if (++sent_ == world_.size()) {
      pausing_ = false;
      writing_ = true;
    }
    return grant;
  }

  // Nothing more is granted, and nobody is dismissed while others are in their last unit.
  plan::Grant when_idle(plan::Grant::Kind kind) const {
    const auto running = scheduler_.progress().running;
    plan::Grant grant;
    grant.kind = std::all_of(running.begin(), running.end(), [](std::int64_t unit) { return unit < 0; })
                     ? kind
                     : plan::Grant::Kind::wait;
    return grant;
  }

  // A rank at work that has been silent for too long will not come back: it is stopped, or gone without a
  // word to the launcher.
  void give_up_silent(double now) const {
    for (std::size_t r = 0; r < given_.size(); ++r) {
      if (!given_[r]) continue;
      const double limit =
          patience_ + 10 * scheduler_.expected_seconds(given_[r]->unit).value_or(kUnknownUnit);
      const double silent = now - given_[r]->at;
      if (silent <= limit) continue;
      const std::string name =
          hooks_.rank_name ? hooks_.rank_name(static_cast<int>(r)) : "rank " + std::to_string(r);
      throw Error(ExitCode::rank_failed,
                  name + " has not been heard of for " + std::to_string(static_cast<int>(silent)) +
                      " s, in unit " + std::to_string(given_[r]->unit.id) + "; it is stopped or unreachable");
    }
  }

  void begin_pause(bool asked_by_rank) {
    stop_asked_ = stop_asked_ || asked_by_rank || hooks_.stop_asked();
    if (pausing_ || (!stop_asked_ && seconds_since(start_) < due_)) return;
    pausing_ = true;
    sent_ = 0;
  }

  void book(const plan::Outcome& outcome) {
    const std::size_t r = index(outcome.rank);
    if (outcome.gives_back != plan::kNoUnit) {
      scheduler_.give_back(outcome.rank, outcome.gives_back);
      ahead_[r].reset();
    }
    if (!outcome.has_unit) return;
    given_[r].reset();
    scheduler_.done(outcome, seconds_since(start_));
    summary_ += outcome.tally;
    summary_.cells_by_rank[r] += outcome.tally.cells;
    if (hooks_.verdict && summary_.failure == 0)
      std::tie(summary_.failure, summary_.failure_line) = hooks_.verdict(summary_);
  }

  comm::Communicator& world_;
  plan::Scheduler& scheduler_;
  const StageHooks& hooks_;
  StageSummary& summary_;
  double patience_;
  comm::Clock::time_point start_;
  double due_;  // of the next checkpoint, from start_
  struct Given {
    plan::Unit unit;
    double at = 0;  // from start_
  };
  std::vector<std::optional<Given>> given_;  // by rank: what it works on
  struct Ahead {
    plan::Unit unit;
    bool recalled = false;
  };
  std::vector<std::optional<Ahead>> ahead_;  // by rank: what it will begin behind that
  bool stop_asked_ = false;
  bool pausing_ = false;  // the next checkpoint is being waited for
  int sent_ = 0;          // ranks sent to it
  bool writing_ = false;  // all were sent, none has come back
};

StageSummary share(comm::Communicator& world, const StageSummary& of_rank_zero, double patience) {
  std::vector<std::byte> bytes = world.rank() == 0 ? comm::to_bytes(of_rank_zero) : std::vector<std::byte>{};
  world.broadcast(bytes, 0, comm::after(std::chrono::duration<double>(patience)));
  return comm::from_bytes<StageSummary>(bytes);
}

// A rank's side.
class Worker {
 public:
  Worker(comm::Communicator& world, const StageHooks& hooks, double patience)
      : world_(world), hooks_(hooks), patience_(patience) {}

  // `summary` is the desk's: looked at on rank 0 alone, at checkpoints.
  void run(const StageSummary& summary) {
    std::chrono::milliseconds pause = kShortestPause;
    plan::Outcome outcome;
    while (true) {
      const auto sending = tell(std::move(outcome));
      const plan::Grant grant = answer();
      outcome = {};
      if (grant.kind == plan::Grant::Kind::stage_done) break;
      if (grant.kind == plan::Grant::Kind::checkpoint) {
        hooks_.checkpoint(share(world_, summary, patience_));
        if (grant.stop) break;
      } else if (grant.kind == plan::Grant::Kind::wait) {
        std::this_thread::sleep_for(pause);
        pause = std::min(2 * pause, kLongestPause);
      } else {
        pause = kShortestPause;
        outcome = work_through(grant.unit);
      }
    }
    recalled(plan::kNoUnit);  // leaves none behind for the next stage
  }

 private:
  // Works on the unit, and then on those granted ahead while there are such. Returns what the last of them
  // came to, which is still to be told.
  plan::Outcome work_through(plan::Unit unit) {
    plan::Outcome outcome;
    while (true) {
      outcome.begins = unit.id;
      const auto sending = tell(std::move(outcome));
      outcome = work_on(unit);
      const plan::Grant ahead = answer();
      if (ahead.kind != plan::Grant::Kind::unit) return outcome;
      if (recalled(ahead.unit.id) || stop_asked()) {
        outcome.gives_back = ahead.unit.id;
        return outcome;
      }
      unit = ahead.unit;
    }
  }

  plan::Outcome work_on(const plan::Unit& unit) {
    const auto start = comm::Clock::now();
    plan::Outcome outcome;
    outcome.tally = hooks_.work(unit);
    outcome.has_unit = true;
    outcome.unit = unit.id;
    outcome.seconds = seconds_since(start);
    return outcome;
  }

  bool stop_asked() const { return hooks_.stop_asked && hooks_.stop_asked(); }

  // What is sent must outlive the answer to it.
  [[nodiscard]] std::unique_ptr<comm::Pending> tell(plan::Outcome outcome) {
    outcome.rank = world_.rank();
    outcome.stop_asked = stop_asked();
    return world_.send(comm::to_bytes(std::as_const(outcome)), 0, kRequest);
  }

  plan::Grant answer() {
    const auto message = world_.receive(kGrant, comm::after(std::chrono::duration<double>(patience_)));
    if (!message) {
      throw Error(ExitCode::rank_failed,
                  (hooks_.rank_name ? hooks_.rank_name(0) : std::string("rank 0")) + " granted nothing for " +
                      std::to_string(static_cast<int>(patience_)) + " s; it is stopped or unreachable");
    }
    return comm::from_bytes<plan::Grant>(message->bytes);
  }

  // Whether the desk wants this unit back. Takes all such messages there are: one that came too late, its
  // unit begun, means nothing any more.
  bool recalled(std::int64_t unit) {
    bool wanted = false;
    while (const auto message = world_.receive(kRecall, comm::Clock::now()))
      wanted = comm::from_bytes<std::int64_t>(message->bytes) == unit || wanted;
    return wanted;
  }

  comm::Communicator& world_;
  const StageHooks& hooks_;
  double patience_;
};

}  // namespace

StageSummary run_stage(comm::Communicator& world, plan::Scheduler* scheduler, const StageHooks& hooks,
                       double patience, plan::Tally before) {
  StageSummary summary;
  static_cast<plan::Tally&>(summary) = std::move(before);
  if (world.rank() == 0) {
    HONES_ASSERT(scheduler != nullptr, "rank 0 schedules");
    Desk desk(world, *scheduler, hooks, summary, patience);
    // A worker's exception leaves through the thread's destructor, which asks the desk to stop and joins it.
    std::jthread thread([&](const std::stop_token& stop) {
      try {
        desk.run(stop);
      } catch (const std::exception& error) {  // the workers wait for grants that will never come
        const std::string line = error.what();
        comm::end(world, ExitCode::rank_failed,
                  line.starts_with("rank ") ? line : "rank 0 on " + world.node() + ": " + line);
      }
    });
    Worker(world, hooks, patience).run(summary);
    thread.join();
    std::sort(summary.exclusions.begin(), summary.exclusions.end(), [](const auto& a, const auto& b) {
      return std::pair(a.task, a.instance) < std::pair(b.task, b.instance);
    });
  } else {
    Worker(world, hooks, patience).run(summary);
  }
  return share(world, summary, patience);
}

}  // namespace hones::sweep
