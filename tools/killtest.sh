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
  local command=("$hones" discover --model "$here/checkpoints/tiny-llava" --benchmark benchmark --tasks vqa,caption --instances 8
    --heads 0:0,0:1,1:3,2:3,3:1,3:2,4:7,5:2 --top-k 3 --stored-heads 3 --checkpoint-minutes 0.001 --out "$2")
  [ "$1" = 1 ] || command=(mpiexec -n "$1" "${command[@]}")
  "${command[@]}" >>"$2.log" 2>&1 &
  job=$!
}
# draw BELOW NAME: a number into a variable. Bash's own are 15 bits: enough for ranks and thousandths; in a subshell they would not
# follow from the seed.
draw() { printf -v "$2" %d $((RANDOM % $1)); }
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

# Sends KILL to one of $job's ranks, when a checkpoint is being written if $1 is 1 and one comes within a second. True if it was there.
strike() { # strike IN_WRITING OUT RANKS VICTIM
  local processes=("$job") tries=0
  [ "$3" = 1 ] || mapfile -t processes < <(pgrep -P "$job" -x hones_mpi)
  [ "${#processes[@]}" -gt "$4" ] || return 1
  if [ "$1" = 1 ]; then
    until [ -e "$2/ledger.h5.tmp" ] || [ $((tries += 1)) -gt 500 ]; do sleep 0.002; done
  fi
  kill -KILL "${processes[$4]}" 2>/dev/null
}
cells_of_last_start() { sed -n '/"cells_by_rank"/,/\]/p' "$1/run.json" | tr -dc '0-9\n' | awk '{ sum += $1 } END { print sum + 0 }'; }

kills=0 in_writing=0 counted=0 round=0
whole_cells=$(cells_of_last_start undisturbed)
# A round counts where a generation had been written and work was left: the last start computed some cells, and fewer than all.
while [ "$counted" -lt "$rounds" ]; do
  round=$((round + 1))
  [ "$round" -le $((3 * rounds + 3)) ] || ended "only $counted of $((round - 1)) rounds left work behind a generation"
  RANDOM=$((seed * 1000 + round))
  out=round_$round told=""
  for _ in 1 2 3 4; do
    draw 3 ranks
    ranks=$((ranks + 1))
    draw 300 moment
    moment=$((whole * moment / 1000))
    draw "$ranks" victim
    draw 3 aim   # 0: at a checkpoint's writing
    draw 6 early # 0: while it loads, or takes over the ledger
    seen=$(stages "$out")
    launch "$ranks" "$out"
    [ "$early" = 0 ] || await_stage "$out" "$seen"
    sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
    struck=0
    strike "$((aim == 0))" "$out" "$ranks" "$victim" && struck=1
    wait "$job" 2>/dev/null
    if [ "$struck" = 1 ]; then
      kills=$((kills + 1)) told+=" $victim/$ranks@$moment"
      # What is left half written says where the kill hit; the next checkpoint overwrites it.
      if [ -e "$out/ledger.h5.tmp" ]; then
        in_writing=$((in_writing + 1)) told+="w"
        rm -f "$out/ledger.h5.tmp"
      fi
    fi
  done
  draw 3 ranks
  ranks=$((ranks + 1))
  launch "$ranks" "$out"
  wait "$job" || ended "round $round: the last start, on $ranks ranks, ended with $?"
  "$same" undisturbed/discovery.h5 "$out/discovery.h5" || ended "round $round (kills$told): discovery.h5 differs"
  for file in undisturbed/*.csv undisturbed/rankings.*.json undisturbed/settings.toml; do
    cmp "$file" "$out/$(basename "$file")" || ended "round $round (kills$told): $(basename "$file") differs"
  done
  cells=$(cells_of_last_start "$out") verdict="not counted, nothing was left or nothing held"
  if [ "$cells" -gt 0 ] && [ "$cells" -lt "$whole_cells" ]; then counted=$((counted + 1)) verdict="counted"; fi
  echo "round $round: kills$told, done on $ranks rank(s) with $cells of $whole_cells cells: the same, $verdict"
  rm -rf "$out" "$out.log"
done
echo "$kills kills, $in_writing of them in a checkpoint's writing; $counted rounds with work left gave the undisturbed results"
[ "$kills" -ge "$((2 * rounds))" ] || ended "few kills: a start ended before it was hit"
