# Sourced by the batch scripts, which are submitted from the repository's root (sbatch
# slurm/discover.sbatch ...).
#
# What a site sets, in the environment or in a file that SITE names:
#   HONES       the program                         (build/release/hones_mpi)
#   MODEL       checkpoint folder or org/name       (checkpoints/tiny-llava)
#   CONFIG      TOML file of settings               (configs/tiny.toml)
#   BENCHMARK   folder that `prepare` made          (results/slurm/benchmark, drawn where MODEL is
#               the tiny one)
#   OUT         folder of the results; a requeued job must find it again, so it lies on a shared
#               file system
#   FLAGS       more flags of the command
#   MODULES     modules to load, e.g. "gcc openmpi hdf5-parallel"
#   RETRIES     how often a job whose node or rank failed goes back into the queue (5)
# Partition, account, time, tasks: on sbatch's command line, which wins over the lines #SBATCH.
if [ -n "${SITE:-}" ]; then . "$SITE"; fi
for module in ${MODULES:-}; do module load "$module"; done
: "${HONES:=build/release/hones_mpi}" "${MODEL:=checkpoints/tiny-llava}" "${CONFIG:=configs/tiny.toml}" "${FLAGS:=}"
: "${BENCHMARK:=results/slurm/benchmark}"

# The demo's benchmark where there is none: for a first try. Several jobs may come here at once.
hones_benchmark() {
  if [ -e "$BENCHMARK/manifest.json" ]; then return; fi
  if [ "$MODEL" != checkpoints/tiny-llava ]; then
    echo "$BENCHMARK is no benchmark: make one with $HONES prepare, and name it in BENCHMARK" >&2
    exit 3
  fi
  local scratch="$BENCHMARK.$SLURM_JOB_ID"
  mkdir -p "$(dirname "$BENCHMARK")"
  "$HONES" synth --config configs/tiny.toml --out "$scratch.scenes" &&
    "$HONES" prepare --config configs/tiny.toml --source "$scratch.scenes" --out "$scratch" || exit 3
  # The first to come keeps its own; mv into a folder that is there would nest.
  mv -T "$scratch" "$BENCHMARK" 2>/dev/null || rm -rf "$scratch" "$scratch.scenes"
}

# hones_run COMMAND FLAGS...: the step, to its end. On USR1 (sbatch --signal=B:USR1@...) the ranks
# write a checkpoint and stop with 75; so they do by themselves before the allocation's end. Then
# the job goes back into the queue and goes on from there.
# -K1: a rank that dies must not leave the others waiting.
hones_run() {
  local code=0 step
  srun --mpi=pmix --kill-on-bad-exit=1 "$HONES" "$@" &
  step=$!
  trap 'kill -USR1 "$step" 2>/dev/null' USR1
  wait "$step" || code=$?
  # `wait` ends with the trap; the step goes on.
  while [ "$code" -gt 128 ] && kill -0 "$step" 2>/dev/null; do
    code=0
    wait "$step" || code=$?
  done
  trap - USR1
  case $code in
    0) return 0 ;;
    2 | 3 | 5) return "$code" ;;  # wrong use, bad data: another try would end alike
    75) echo "stopped behind a checkpoint; back into the queue (${SLURM_RESTART_COUNT:-0} restarts so far)" ;;
    *)
      # A rank or a node failed, or the step could not be started: the ledger has what was done.
      if [ "${SLURM_RESTART_COUNT:-0}" -ge "${RETRIES:-5}" ]; then return "$code"; fi
      echo "the step ended with $code; back into the queue (${SLURM_RESTART_COUNT:-0} restarts so far)" ;;
  esac
  scontrol requeue "$SLURM_JOB_ID" || return "$code"
  sleep 600  # Slurm ends this script
}
