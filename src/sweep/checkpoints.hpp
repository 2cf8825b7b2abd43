// Generations of a job's ledger: what is taken over from the last one, what is written to the next. No
// tensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <hones/plan/tally.hpp>
#include <hones/store/ledger.hpp>

#include "filled.hpp"
#include "job.hpp"
#include "resume.hpp"

namespace hones::sweep {

class Checkpoints {
 public:
  // Collective. Every rank reads the ledger (`ledger`: rank 0's word; empty: none) and keeps its share of the
  // cells in `filled`; `header` is this start's. Both and the job must outlive it. Throws UsageError and
  // DataError where the ledger is not of this run; touches nothing.
  Checkpoints(JobContext& job, Filled& filled, store::FileHeader header, const std::string& ledger);

  bool begins_anew() const { return ledger_.empty(); }
  const std::filesystem::path& ledger() const { return ledger_; }
  const Held& held() const { return held_; }  // equal on all ranks; empty without a ledger
  const plan::Tally& cells_before() const { return cells_before_; }  // of the cells' stage
  // What was taken over, but for the cells. Its sums are there to be moved out.
  store::Ledger& taken() { return taken_; }
  // Of this job's files: the environments of all starts included.
  const store::FileHeader& header() const { return header_; }

  // Rank-local: the blocks' cells are this start's.
  void sign(engine::Work& work) const;
  // A generation. Collective, and no unit is under way: `add` completes what every generation has (cells,
  // header) by what the stage under way knows.
  using Add = std::function<void(store::Ledger& ledger)>;
  void write(const Add& add, bool finished);

  double seconds_since_last() const { return comm::seconds_since(saved_); }
  double longest() const { return longest_; }  // s, of this start

 private:
  void take_over();
  void settle_environment();

  JobContext& job_;
  Filled& filled_;
  store::FileHeader header_;
  std::filesystem::path ledger_;
  comm::Clock::time_point saved_;  // the end of the last generation
  double longest_ = 0;
  store::Ledger taken_;
  std::uint8_t environment_ = 0;  // of this start, among header_.environments
  Held held_;
  plan::Tally cells_before_;
};

}  // namespace hones::sweep
