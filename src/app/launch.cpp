#include "app/launch.hpp"

#include <chrono>
#include <cstdlib>
#include <initializer_list>

#include <boost/serialization/string.hpp>

#include <hones/comm/archive.hpp>

namespace hones::app {

namespace {

constexpr std::chrono::seconds kStartTogether{600};

// The first of these variables that holds a number.
std::optional<int> number_in(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* text = std::getenv(name);
    if (text == nullptr) continue;
    char* end = nullptr;
    const long number = std::strtol(text, &end, 10);
    if (end != text && *end == '\0') return static_cast<int>(number);
  }
  return std::nullopt;
}

struct Verdict {
  int code = 0;
  std::string line;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& code& line;
  }
};

}  // namespace

Launch launch_of_environment() {
  // A batch script has SLURM_PROCID as well; only a step of srun has SLURM_STEP_ID.
  const bool step = std::getenv("SLURM_STEP_ID") != nullptr;
  const auto size =
      number_in({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", step ? "SLURM_STEP_NUM_TASKS" : "PMI_SIZE"});
  const auto rank = number_in({"OMPI_COMM_WORLD_RANK", "PMI_RANK", step ? "SLURM_PROCID" : "PMI_RANK"});
  return {rank.value_or(0), size.value_or(1)};
}

void share_refusal(comm::Communicator& world, const std::optional<Error>& of_rank_zero) {
  Verdict verdict;
  if (of_rank_zero) verdict = {static_cast<int>(of_rank_zero->code()), of_rank_zero->what()};
  std::vector<std::byte> bytes = comm::to_bytes(std::as_const(verdict));
  world.broadcast(bytes, 0, comm::after(kStartTogether));
  verdict = comm::from_bytes<Verdict>(bytes);
  if (verdict.code != 0) throw SharedRefusal(static_cast<ExitCode>(verdict.code), verdict.line);
}

}  // namespace hones::app
