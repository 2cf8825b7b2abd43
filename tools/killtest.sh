#!/usr/bin/env bash
# Kills a random rank at a random moment, checkpoint writing included, goes on with a random number of ranks until the run is
# done, and compares what is left with an undisturbed run: object by object in discovery.h5, byte by byte beside it.
#
#   tools/killtest.sh [--rounds N] [--seed S] [--build DIR]
#
# A round's kills, moments and rank counts follow from the seed and the round; where exactly a kill hits depends on the machine.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/tools/lib/say.sh"
mpi_environment
rounds=10 seed=1 build=$here/build/release
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2 ;;
    --seed) seed=$2 ;;
    --build) build=$2 ;;
    *) echo "killtest.sh: unknown argument $1; expected --rounds N, --seed S, --build DIR" >&2; exit 2 ;;
  esac
  shift 2
done
hones=$build/hones_mpi same=$build/tests/store/same_hdf5
for program in "$hones" "$same"; do
  [ -x "$program" ] || { echo "killtest.sh: $program is missing; build it: ninja -C $build hones_mpi same_hdf5" >&2; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

# launch RANKS OUT: starts discover in the background; its process (or mpiexec's) is $job.
launch() {
  local command=("$hones" discover --model "$here/checkpoints/tiny-llava" --benchmark benchmark --tasks vqa,caption --instances 4
    --heads 0:0,0:1,1:3,2:3,4:7,5:2 --top-k 3 --stored-heads 3 --checkpoint-minutes 0.001 --out "$2")
  [ "$1" = 1 ] || command=(mpiexec -n "$1" "${command[@]}")
  "${command[@]}" >>"$2.log" 2>&1 &
  job=$!
}
# Bash's own numbers are 15 bits: enough for ranks and thousandths.
draw() { echo $((RANDOM % $1)); }
now() { date +%s%3N; }
# Until the start under way has begun its head stage, or is over: "heads" is its second word on standard error.
await_stage() { # await_stage OUT STAGES_SEEN
  while kill -0 "$job" 2>/dev/null && [ "$(stages "$1")" -le "$2" ]; do sleep 0.05; done
}
stages() {
  local count
  count=$(grep -c "^heads" "$1.log" 2>/dev/null)
  echo "${count:-0}"
}
ended() { echo "FAILED: $*"; tail -n 20 ./*.log; exit 1; }

"$hones" synth --images 60 --out scenes >made.txt 2>&1 && "$hones" prepare --source scenes --discovery 16 --dev 0 --test 0 --queries 1 \
  --out benchmark >>made.txt 2>&1 || ended "no benchmark"
launch 1 undisturbed
await_stage undisturbed 0
begun=$(now)
wait "$job" || ended "the undisturbed run ended with $?"
whole=$(($(now) - begun))  # ms
echo "an undisturbed run on one rank, behind its start: $whole ms; $rounds rounds of seed $seed"

kills=0 resumed=0
for round in $(seq 1 "$rounds"); do
  RANDOM=$((seed * 1000 + round))
  out=round_$round told=""
  for _ in $(seq 1 $((1 + $(draw 3)))); do
    ranks=$((1 + $(draw 3))) moment=$((whole * $(draw 1000) / 1000)) victim=$(draw "$ranks")
    seen=$(stages "$out")
    launch "$ranks" "$out"
    # One start in five is hit while it loads, or takes over the ledger.
    [ "$(draw 5)" = 0 ] || await_stage "$out" "$seen"
    sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
    processes=("$job")
    [ "$ranks" = 1 ] || mapfile -t processes < <(pgrep -P "$job" -x hones_mpi)
    if [ "${#processes[@]}" -gt "$victim" ] && kill -KILL "${processes[$victim]}" 2>/dev/null; then
      kills=$((kills + 1)) told+=" $victim/$ranks@$moment"
    fi
    wait "$job" 2>/dev/null
  done
  ranks=$((1 + $(draw 3)))
  launch "$ranks" "$out"
  wait "$job" || ended "round $round: the last start, on $ranks ranks, ended with $?"
  "$same" undisturbed/discovery.h5 "$out/discovery.h5" || ended "round $round (kills$told): discovery.h5 differs"
  for file in undisturbed/*.csv undisturbed/rankings.*.json undisturbed/settings.toml; do
    cmp "$file" "$out/$(basename "$file")" || ended "round $round (kills$told): $(basename "$file") differs"
  done
  resumed=$((resumed + $(grep -c "going on from" "$out.log")))
  echo "round $round: kills$told, done on $ranks rank(s), $(grep -c 'checkpoint [0-9]' "$out.log") checkpoints: the same"
  rm -rf "$out" "$out.log"
done
echo "$kills kills, $resumed starts went on from a ledger, $rounds rounds gave the undisturbed results"
[ "$kills" -gt 0 ] && [ "$resumed" -gt 0 ] || ended "nothing was killed, or nothing gone on with"
