#include <chrono>
#include <cstdio>
#include <optional>

#include <hones/device/placement.hpp>

#include "app/commands.hpp"
#include "app/launch.hpp"

namespace hones::app {

namespace {

constexpr std::chrono::seconds kDeadline{120};  // drivers of many GPUs start slowly

// Collective: rank 0 prints which rank would compute where, so that flags of srun are seen before the night.
// Throws SharedRefusal.
ExitCode show_placement(comm::Communicator& world, const std::string& device, bool share_gpu) {
  device::Placement placement;
  std::optional<Error> refusal;
  try {
    placement = device::place(world, device, share_gpu, comm::after(kDeadline));
  } catch (const UsageError& error) {  // the same on all ranks
    refusal = error;
  }
  share_refusal(world, refusal);
  if (world.rank() != 0) return ExitCode::ok;
  std::fputs(told(placement).c_str(), stdout);
  if (placement.kind == device::Kind::cuda) {
    std::puts("note: this version computes on CPUs only; the GPUs are those that a rank would take");
  } else if (device == "auto") {
    std::puts(("note: no rank sees a GPU (" + placement.places[0].gpus.why_none + ")").c_str());
  }
  return ExitCode::ok;
}

}  // namespace

Job placement(const settings::Settings& settings, const std::vector<std::string>& /*command_line*/) {
  Job job;
  job.run = [device = settings.text("placement.device"), share = settings.boolean("placement.share_gpu")](
                comm::Communicator& world) { return show_placement(world, device, share); };
  return job;
}

}  // namespace hones::app
