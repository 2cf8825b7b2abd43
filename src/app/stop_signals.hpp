// Signals that ask a run to write a checkpoint and stop (docs/outputs.md, "Signals").
#pragma once

namespace hones::app {

// USR1 from now on only sets a mark; TERM and INT too where the launcher leaves the time for a checkpoint: a
// single process, srun. mpirun kills 1 s behind a TERM.
void catch_stop_signals();
// Whether one has come; any thread.
bool stop_asked();

}  // namespace hones::app
