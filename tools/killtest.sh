#!/usr/bin/env bash
# Kills a random rank at a random moment, checkpoint writing included, goes on with a random number
# of ranks until the run is done, and compares what is left with an undisturbed run: object by
# object in discovery.h5, byte by byte beside it.
#
#   tools/killtest.sh [--rounds N] [--kills K] [--seed S] [--build DIR]
#
# K kills a round (3), every third of them aimed at a checkpoint's writing. A kill is one that ended
# a start of an unfinished run; it fell into the writing when its temporary file was left behind. A
# round counts when a generation had been written, work was left, and the last start computed fewer
# cells than a fresh run; others are drawn again. Ranks, moments and victims follow from the seed;
# where exactly a kill hits depends on the machine.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/tools/lib/say.sh"
mpi_environment
rounds=10 kills_of_round=3 seed=1 build=$here/build/release
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2 ;;
    --kills) kills_of_round=$2 ;;
    --seed) seed=$2 ;;
    --build) build=$2 ;;
    *) echo "killtest.sh: unknown argument $1; expected --rounds N, --kills K, --seed S, --build DIR" >&2; exit 2 ;;
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
mkfifo never && exec 9<>never  # read -t from it is a sleep without a process

# launch RANKS OUT: starts discover in the background; its process (or mpiexec's) is $job.
launch() {
  local command=("$hones" discover --model "$here/checkpoints/tiny-llava" --benchmark benchmark --tasks vqa,caption --instances 8
    --heads 0:0,0:1,1:3,2:3,4:7,5:2 --top-k 3 --stored-heads 3 --checkpoint-minutes 0.001 --out "$2")
  [ "$1" = 1 ] || command=(mpiexec -n "$1" "${command[@]}")
  : >launched
  "${command[@]}" >>"$2.log" 2>&1 &
  job=$!
}
# Bash's own numbers are 15 bits: enough for ranks and thousandths.
draw() { drawn=$((RANDOM % $1)); }
pause() { read -r -t "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" -u 9; } # milliseconds
now() { date +%s%3N; }
running() { kill -0 "$job" 2>/dev/null; }
stages() { # how many starts have begun their head stage: "heads" is a line of its own
  local count
  count=$(grep -c "^heads$" "$1.log" 2>/dev/null)
  echo "${count:-0}"
}
await_stage() { # await_stage OUT STAGES_SEEN
  while running && [ "$(stages "$1")" -le "$2" ]; do pause 20; done
}
# Until this start's Nth checkpoint is being written, or it is over. Writing takes some 10 ms.
await_writing() { # await_writing OUT N
  local written=0 tmp=$1/ledger.h5.tmp
  while running; do
    if [ "$tmp" -nt launched ]; then
      written=$((written + 1))
      [ "$written" -ge "$2" ] && return
      while [ -e "$tmp" ] && running; do pause 1; done
    fi
    pause 1
  done
}
number() { sed -n "s/^  \"$1\": \([0-9]*\),*$/\1/p" "$2/run.json"; }
ended() { echo "FAILED: $*"; tail -n 20 ./*.log; exit 1; }

"$hones" synth --images 60 --out scenes >made.txt 2>&1 && "$hones" prepare --source scenes --discovery 16 --dev 0 --test 0 --queries 1 \
  --out benchmark >>made.txt 2>&1 || ended "no benchmark"
launch 1 undisturbed
await_stage undisturbed 0
begun=$(now)
wait "$job" || ended "the undisturbed run ended with $?"
whole=$(($(now) - begun)) # ms
cells=$(number cells undisturbed)
echo "an undisturbed run on one rank, behind its start: $whole ms, $cells cells; $rounds rounds of $kills_of_round kills, seed $seed"

# One start of $out, and a kill. Sets killed: yes, writing (a checkpoint's), or no: it came too
# late.
kill_one() { # kill_one AIMED
  local ranks seen victim processes
  draw 3; ranks=$((1 + drawn))
  draw "$ranks"; victim=$drawn
  seen=$(stages "$out")
  launch "$ranks" "$out"
  if [ "$1" = yes ]; then
    draw 6; await_writing "$out" $((1 + drawn))
    draw 4; pause "$drawn"
  else
    # One start in five is hit while it loads, or takes over the ledger.
    draw 5; [ "$drawn" = 0 ] || await_stage "$out" "$seen"
    draw 1000; pause $((whole * drawn / 2000 + 1))
  fi
  processes=("$job")
  [ "$ranks" = 1 ] || mapfile -t processes < <(pgrep -P "$job" -x hones_mpi)
  killed=no
  [ "${#processes[@]}" -gt "$victim" ] && kill -KILL "${processes[$victim]}" 2>/dev/null && killed=yes
  wait "$job" 2>/dev/null
  if grep -q '"state": "done"' "$out/run.json" 2>/dev/null; then killed=no; fi # it was done before
  if [ "$killed" = yes ] && [ "$out/ledger.h5.tmp" -nt launched ]; then killed=writing; fi
  told+=" $victim/$ranks"
  [ "$killed" = writing ] && told+=w
}

kills=0 writing=0 counted=0 drawn_again=0 attempt=0
while [ "$counted" -lt "$rounds" ]; do
  attempt=$((attempt + 1))
  [ "$attempt" -le $((10 * rounds)) ] || ended "$counted of $attempt rounds counted: the kills do not hit"
  RANDOM=$((seed * 1000 + attempt))
  out=round_$attempt told="" hits=0 in_writing=0
  for k in $(seq 1 "$kills_of_round"); do
    if [ $((k % 3)) = 2 ]; then kill_one yes; else kill_one no; fi
    [ "$killed" = no ] && break
    hits=$((hits + 1))
    [ "$killed" = writing ] && in_writing=$((in_writing + 1))
  done
  generations=$(find "$out" -name 'ledger.h5*' ! -name '*.tmp' 2>/dev/null | wc -l)
  draw 3; ranks=$((1 + drawn))
  launch "$ranks" "$out"
  wait "$job" || ended "round $attempt: the last start, on $ranks ranks, ended with $?"
  # Right in any case, whether the round counts or not.
  "$same" undisturbed/discovery.h5 "$out/discovery.h5" || ended "round $attempt (kills$told): discovery.h5 differs"
  for file in undisturbed/*.csv undisturbed/rankings.*.json undisturbed/settings.toml; do
    cmp "$file" "$out/$(basename "$file")" || ended "round $attempt (kills$told): $(basename "$file") differs"
  done
  taken=$(number cells_taken_over "$out")
  if [ "$hits" = "$kills_of_round" ] && [ "$generations" -gt 0 ] && [ "$taken" -gt 0 ] && [ "$taken" -lt "$cells" ]; then
    counted=$((counted + 1)) kills=$((kills + hits)) writing=$((writing + in_writing))
    echo "round $counted: killed$told, then $ranks rank(s) computed $((cells - taken)) of $cells cells: the same"
  else
    drawn_again=$((drawn_again + 1))
  fi
  rm -rf "$out" "$out.log"
done
echo "$rounds rounds gave the undisturbed results: $kills kills, $writing of them while a checkpoint was written; $drawn_again more rounds" \
  "ended alike and do not count, because a kill came too late or nothing was saved or left"
[ "$writing" -gt 0 ] || ended "no kill fell into a checkpoint's writing"
