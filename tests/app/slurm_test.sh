#!/usr/bin/env bash
# The batch scripts of slurm/, in a real Slurm on this machine (tests/slurm-lab): interrupted, lost,
# side by side.
#
#   slurm_test.sh HONES_MPI MODEL SAME_HDF5 FAKE_CUDA [ROUNDS]
#
# FAKE_CUDA: folder of a libcuda.so.1 that shows the GPUs which Slurm allots
# (tests/support/fake_cuda.cpp). ROUNDS: how often the interrupted job is done (default 1;
# tools/slurmtest.sh: 20). Exit code 77: no Slurm here, nothing was run.
set -u
hones=$1 model=$2 same=$3 fake_cuda=$4 rounds=${5:-1}
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v sbatch munged slurmctld >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "the Slurm tests step aside: they need root, and Debian's slurm-wlm and munge"
  exit 77
fi
. "$root/tests/app/support.sh"
lab=$(mktemp -d /tmp/labXXXXXX)/lab
trap '"$root/tests/slurm-lab/stop.sh" "$lab"; rm -rf "$folder" "$(dirname "$lab")"' EXIT
if ! "$root/tests/slurm-lab/start.sh" "$lab" --owner $$; then
  echo "the Slurm tests step aside: no lab starts on this machine (above; tests/slurm-lab/README.md, \"Where it starts\")"
  exit 77
fi
. "$lab/env.sh"
export HONES=$hones MODEL=$model BENCHMARK=$folder/benchmark CONFIG=configs/tiny.toml

# until_true SECONDS COMMAND...: tries until it succeeds.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" 2>/dev/null; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}
gone() { [ -z "$(squeue -h -j "$1" 2>/dev/null)" ]; }
state() { scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p' | head -n 1; }
# In this allocation work has begun: progress.jsonl is added to by every start.
starts() { grep -c '"phase":"load"' "$1/progress.jsonl" 2>/dev/null; }
working() { [ "$(starts "$1")" -ge "$2" ] && tail -n 1 "$1/progress.jsonl" | grep -q '"phase":"\(heads\|neurons\)"'; }
ended_well() { # ended_well JOB SECONDS WHAT
  until_true "$2" gone "$1" || fail "$3: job $1 is still there after $2 s: $(squeue -j "$1")"
  [ "$(state "$1")" = COMPLETED ] || { fail "$3: job $1 ended as $(state "$1")"; tail -n 20 "$folder"/*-"$1".out; }
}

cd "$folder" || exit 1
does "$hones" synth --config "$root/configs/tiny.toml" --out "$folder/scenes"
does "$hones" prepare --config "$root/configs/tiny.toml" --source "$folder/scenes" --out "$BENCHMARK"
sizes="--instances 40 --queries 3"
does "$hones" discover --config "$root/configs/tiny.toml" --model "$model" --benchmark "$BENCHMARK" $sizes --out "$folder/whole"
cd "$root" || exit 1  # the scripts are submitted from there

# GPUs, two on each node: each task bound to its own by Slurm, or all of a node seen by each of its
# tasks.
placed() { # placed FLAGS...: the rank, node, number and name of every rank's GPU, as `placement` says
  srun -N2 --ntasks-per-node 2 --mpi=pmix "$@" env LD_LIBRARY_PATH="$fake_cuda" HONES_FAKE_GPUS=2 "$hones" placement --device cuda \
    2>"$folder/err.txt" | awk '/Fake GPU/ { print $1, $2, $7, $8, $NF }'
}
wanted() { printf '%s\n' "0 node0 0 $1 0" "1 node0 $2 $1 1" "2 node1 0 $1 0" "3 node1 $2 $1 1"; }
got=$(placed --gpus-per-task 1)
[ "$got" = "$(wanted 1 0)" ] || fail "bound to GPUs: $got $(cat "$folder/err.txt")"
got=$(placed --gpus-per-node 2)
[ "$got" = "$(wanted 2 1)" ] || fail "not bound to GPUs: $got $(cat "$folder/err.txt")"
got=$(placed --gpus-per-node 1)
[ -z "$got" ] || fail "two ranks on one GPU were not refused: $got"
grep -q "hones_mpi: error: ranks 0 and 1 on node0 would compute on one GPU" "$folder/err.txt" || fail "no line refuses: $(cat "$folder/err.txt")"

# Interrupted: USR1 to the batch script, as Slurm sends it before the limit. Checkpoint, 75,
# requeue, resume, until done.
interrupted() { # interrupted ROUND
  local out=$folder/night-$1 job restarts
  job=$(OUT=$out FLAGS="$sizes" sbatch --parsable --output "$folder/%x-%j.out" slurm/discover.sbatch)
  for allocation in 1 2; do
    until_true 120 working "$out" "$allocation" || { fail "round $1: allocation $allocation never worked: $(cat "$folder"/*-"$job".out)"; return; }
    sleep "0.$((RANDOM % 10))"
    scancel -b -s USR1 "$job"
  done
  ended_well "$job" 180 "round $1"
  restarts=$(scontrol show job "$job" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p')
  echo "round $1: done in $((restarts + 1)) allocations"
  [ "$restarts" -ge 2 ] || fail "round $1: $restarts restarts, expected 2"
  same_results "$folder/whole" "$out"
  rm -rf "$out"
}
for round in $(seq "$rounds"); do interrupted "$round"; done

# The allocation's end, as Slurm tells it: nothing is begun that cannot be done by then, and nobody
# sends a signal.
job=$(OUT=$folder/limit FLAGS="$sizes --end-reserve 50" sbatch --parsable --time 1 --signal=B:USR1@0 --output "$folder/%x-%j.out" slurm/discover.sbatch)
ended_well "$job" 200 "the time limit"
grep -q "the allocation ends before another unit would: stopped" "$folder"/*-"$job".out ||
  fail "the time limit said nothing: $(cat "$folder"/*-"$job".out)"
same_results "$folder/whole" "$folder/limit"

# A node is lost: the job goes back into the queue, and is done when there are nodes again.
job=$(OUT=$folder/lost FLAGS="$sizes" sbatch --parsable --nodes 2 --ntasks-per-node 1 --output "$folder/%x-%j.out" slurm/discover-nodes.sbatch)
until_true 60 working "$folder/lost" 1 || fail "the job on two nodes never worked"
"$root/tests/slurm-lab/node.sh" "$lab" fail node1
until_true 90 bash -c "[ \"\$(squeue -h -j $job -o %T)\" = PENDING ]" || fail "a lost node did not requeue the job: $(squeue -j "$job")"
"$root/tests/slurm-lab/node.sh" "$lab" restore node1
ended_well "$job" 180 "the lost node"
same_results "$folder/whole" "$folder/lost"

# Backbones side by side as an array, masking behind each: they write beside each other.
read -r _ discover _ ablate <<<"$(BACKBONES=$(printf 'one %s configs/tiny.toml\ntwo %s configs/tiny.toml' "$model" "$model") \
  OUT=$folder/overnight FLAGS="--instances 6 --queries 1" ABLATE_FLAGS="--instances 4 --queries 1 --random-seeds 1" \
  slurm/overnight.sh --output "$folder/%x-%A_%a.out" | tr '\n' ' ')"
until_true 240 gone "$ablate" || fail "the overnight jobs are still there: $(squeue)"
for backbone in one two; do
  [ -e "$folder/overnight/$backbone/ablate/ablation.csv" ] || fail "no masking of $backbone: $(tail -n 5 "$folder"/hones-*.out)"
done
cmp "$folder/overnight/one/ablate/ablation.csv" "$folder/overnight/two/ablate/ablation.csv"
same_results "$folder/overnight/one/discover" "$folder/overnight/two/discover"

# Scaling: one point after the other, then the table.
RANKS="1 2" OUT=$folder/scaling FLAGS="--instances 6 --queries 1" slurm/scaling.sh --output "$folder/%x-%j.out" >"$folder/jobs.txt"
until_true 120 gone "$(sed -n 's/^table //p' "$folder/jobs.txt")" || fail "the scaling jobs are still there: $(squeue)"
grep -q "^ *2 .* [0-9.]*$" "$folder/scaling/table.txt" || fail "no table: $(cat "$folder/scaling/table.txt")"

# Plain srun, no -K1: a rank that dies or hangs alone on its node ends the job within the stated
# time, with a line.
for way in KILL STOP; do
  start=$SECONDS
  srun -N2 --ntasks-per-node 1 --mpi=pmix "$hones" discover --config configs/tiny.toml --model "$model" --benchmark "$BENCHMARK" $sizes \
    --set units.stage_timeout=10 --out "$folder/silent-$way" >"$folder/silent.out" 2>&1 &
  step=$!
  until_true 60 working "$folder/silent-$way" 1 || fail "plain srun never worked: $(cat "$folder/silent.out")"
  victim=$(pgrep -f "hones_mpi discover.*silent-$way" | while read -r pid; do
    grep -qz '^SLURM_PROCID=1$' "/proc/$pid/environ" 2>/dev/null && echo "$pid"; done | tail -n 1)
  kill "-$way" "$victim"
  until_true 150 bash -c "! kill -0 $step" || { fail "$way: still running after 150 s"; kill "$step"; }
  wait "$step" && fail "$way: plain srun ended well"
  echo "$way: ended $((SECONDS - start)) s after its start: $(grep -m 1 'hones_mpi: error' "$folder/silent.out")"
  grep -q "hones_mpi: error: .*rank 1 on node1" "$folder/silent.out" || fail "$way: no line names rank and node: $(cat "$folder/silent.out")"
done

[ "$failures" = 0 ] && echo "jobs survive limits, requeues and lost nodes"
exit $((failures > 0))
