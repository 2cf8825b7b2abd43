#!/usr/bin/env bash
# A run that is stopped, damaged, gone on with, grown: always what an undisturbed run leaves.
#
#   resume_test.sh HONES_MPI MPIEXEC MODEL SAME_HDF5
set -u
hones=$1 mpiexec=$2 model=$3 same=$4
. "$(dirname "$0")/support.sh"
. "$(dirname "$0")/../../tools/lib/jobs.sh"
cd "$folder" || exit 1

now() { date +%s%3N; }
said() { await "$1" "$2" || fail "no \"$1\" in $2: $(tail -n 3 "$2")"; } # said PATTERN FILE: before long

does "$hones" synth --images 60 --out scenes
does "$hones" prepare --source scenes --discovery 52 --dev 0 --test 0 --queries 2 --out benchmark
run=("$hones" discover --model "$model" --benchmark benchmark --tasks vqa,ocr,caption --top-k 2 --stored-heads 2)

# Growing: instances, then heads; on another number of ranks.
does "$mpiexec" -n 2 "${run[@]}" --heads 0:0,2:3 --instances 48 --out at_once
does "${run[@]}" --heads 0:0,2:3 --instances 24 --out grown
does "$mpiexec" -n 2 "${run[@]}" --heads 0:0,2:3 --instances 48 --out grown
grep -q "going on from grown/ledger.h5: 216 of 432 cells are done" err.txt || fail "growing said: $(cat err.txt)"
same_results at_once grown
queries=("$hones" discover --model "$model" --benchmark benchmark --tasks vqa,retrieval --heads 0:0,2:3 --top-k 2 --stored-heads 2 --instances 3)
does "${queries[@]}" --queries 2 --out two_queries
does "$mpiexec" -n 2 "${queries[@]}" --queries 1 --out asked
does "${queries[@]}" --queries 2 --out asked
grep -q "going on from asked/ledger.h5: 12 of 15 cells are done" err.txt || fail "growing by queries said: $(cat err.txt)"
# A new query shares its picture with other tasks' cells, which would have been packed with it
# (docs/outputs.md): utilities and rankings are the same, last bits of log-probabilities need not
# be.
for task in vqa retrieval; do
  h5diff two_queries/discovery.h5 asked/discovery.h5 "/tasks/$task/heads/utility" || fail "growing by queries: other utilities of $task"
  cmp <(cut -d, -f1-7 "two_queries/heads.$task.csv") <(cut -d, -f1-7 "asked/heads.$task.csv") || fail "growing by queries: other ranks of $task"
  cmp "two_queries/neurons.$task.csv" "asked/neurons.$task.csv" || fail "growing by queries: other neurons of $task"
done
does "${run[@]}" --heads 0:0,2:3,2:4,5:1 --instances 3 --out more_heads
does "${run[@]}" --heads 2:3,5:1 --instances 3 --out heads
does "${run[@]}" --heads 0:0,2:3,2:4,5:1 --instances 3 --out heads
"$same" more_heads/discovery.h5 heads/discovery.h5 || fail "a run grown by heads differs"
"${run[@]}" --heads 0:0,2:3 --instances 24 --out grown 2>err.txt
[ $? = 2 ] && grep -q "48 instances of the task 'vqa', and 24 are asked for: a run can grow, not shrink" err.txt ||
  fail "shrinking said: $(cat err.txt)"
"${run[@]}" --heads 0:0,2:3 --instances 3 --out heads 2>err.txt
[ $? = 2 ] && grep -q "of head 2:4, which is not asked for" err.txt || fail "fewer heads said: $(cat err.txt)"

# Another environment (here: another instruction set) is refused, and with --accept-environment
# noted cell by cell.
cp -r grown moved
ATEN_CPU_CAPABILITY=default "${run[@]}" --heads 0:0,2:3 --instances 49 --out moved 2>err.txt
[ $? = 2 ] && grep -q "was made with cpu_capability = .*, and here it is .*--accept-environment" err.txt || fail "another CPU said: $(cat err.txt)"
ATEN_CPU_CAPABILITY=default does "$mpiexec" -n 2 "${run[@]}" --heads 0:0,2:3 --instances 49 --accept-environment --out moved
does "${run[@]}" --heads 0:0,2:3 --instances 50 --out moved
h5dump -a /environments -a /environments/1/cpu_capability moved/discovery.h5 | grep -q '"DEFAULT' || fail "the other environment is not told"
ones=$(h5dump -d /tasks/vqa/heads/environment -s 48,0 -c 1,1 -y -w 0 moved/discovery.h5 | grep -c '^ *1$')
[ "$ones" = 1 ] || fail "the cells of the other environment are not noted"
h5dump -d /tasks/vqa/heads/environment grown/discovery.h5 >/dev/null 2>&1 && fail "a run of one environment notes it cell by cell"

# A damaged generation is named, the one before it used; without a whole one nothing is done.
cp -r at_once damaged
truncate -s -1 damaged/ledger.h5
cp damaged/ledger.h5 damaged/ledger.h5.previous
"${run[@]}" --heads 0:0,2:3 --instances 48 --out damaged 2>err.txt
[ $? = 3 ] && grep -q "damaged/ledger.h5 is damaged: .*no whole generation" err.txt || fail "damage said: $(cat err.txt)"
cp at_once/ledger.h5 damaged/ledger.h5.previous
does "${run[@]}" --heads 0:0,2:3 --instances 48 --out damaged
grep -q "damaged/ledger.h5 is damaged: .*going on from ledger.h5.previous" err.txt || fail "damage said: $(cat err.txt)"
same_results at_once damaged
# A byte flipped, or the file cut, anywhere: told, and the one before it used (the drawn places are
# in the error).
size=$(stat -c %s at_once/ledger.h5)
for draw in 1 2 3 4 5 6; do
  place=$(((RANDOM * 32768 + RANDOM) % size))
  cp at_once/ledger.h5 damaged/ledger.h5.previous
  cp at_once/ledger.h5 damaged/ledger.h5
  if [ $((draw % 3)) = 0 ]; then
    truncate -s "$place" damaged/ledger.h5
  else
    byte=$(od -An -tu1 -j "$place" -N 1 at_once/ledger.h5)
    printf "$(printf '\\%03o' $((byte ^ (1 << (draw % 8)))))" | dd of=damaged/ledger.h5 bs=1 seek="$place" conv=notrunc status=none
  fi
  does "${run[@]}" --heads 0:0,2:3 --instances 48 --out damaged
  grep -q "damaged/ledger.h5 is damaged: .*going on from ledger.h5.previous" err.txt || fail "damage at $place said: $(cat err.txt)"
  same_results at_once damaged
done

# Signals: a checkpoint within 5 s, exit code 75, a second one during it does no harm; then the
# rest, on other ranks.
stopped() { # stopped SIGNAL OUT COMMAND...
  local signal=$1 out=$2 code=0 asked
  shift 2
  "$@" --heads 0:0,1:1,2:3,3:4,4:5,5:6 --instances 16 --set units.layers=1 --out "$out" >out.txt 2>"$out.log" &
  local job=$!
  said '"phase":"heads"' "$out/progress.jsonl"
  asked=$(now)
  kill "-$signal" "$job"
  sleep 0.3
  kill "-$signal" "$job" 2>/dev/null
  said "checkpoint 1:" "$out.log"
  echo "$signal: checkpoint written $(($(now) - asked)) ms behind the signal"
  [ $(($(now) - asked)) -lt 5000 ] || fail "$signal: no checkpoint within 5 s"
  wait "$job" || code=$?
  [ "$code" = 75 ] || fail "$signal: exit code $code: $(cat "$out.log")"
  grep -q "stopped on request" "$out.log" || fail "$signal said: $(cat "$out.log")"
  [ ! -e "$out/discovery.h5" ] || fail "$signal: a stopped run left results"
  grep -q '"state": "stopped"' "$out/run.json" || fail "$signal: run.json says $(grep state "$out/run.json")"
}
does "${run[@]}" --heads 0:0,1:1,2:3,3:4,4:5,5:6 --instances 16 --out whole
stopped USR1 two "$mpiexec" -n 2 "${run[@]}"
does "${run[@]}" --heads 0:0,1:1,2:3,3:4,4:5,5:6 --instances 16 --out two
same_results whole two
for signal in TERM INT; do
  stopped "$signal" "$signal" "${run[@]}"
done
does "$mpiexec" -n 3 "${run[@]}" --heads 0:0,1:1,2:3,3:4,4:5,5:6 --instances 16 --out TERM
same_results whole TERM
grep -q '"interruptions": 1' TERM/run.json || fail "run.json does not tell the interruption"

# The allocation's end: nothing is begun that cannot be done by then.
code=0
"$mpiexec" -n 2 "${run[@]}" --heads 0:0,1:1,2:3,3:4,4:5,5:6 --instances 16 --set units.layers=1 --deadline +2 --end-reserve 1.2 --out night >out.txt 2>err.txt || code=$?
[ "$code" = 75 ] && grep -q "the allocation ends before another unit would: stopped" err.txt || fail "the deadline: exit code $code: $(cat err.txt)"
does "${run[@]}" --heads 0:0,1:1,2:3,3:4,4:5,5:6 --instances 16 --deadline "$(date -d '+1 hour' +%Y-%m-%dT%H:%M:%S)" --out night
same_results whole night
"${run[@]}" --heads 0:0 --instances 1 --deadline tonight --out bad >out.txt 2>err.txt
[ $? = 2 ] && grep -q -- "--deadline: discover.deadline = tonight: expected a local time" err.txt || fail "a bad deadline said: $(cat err.txt)"

[ "$failures" = 0 ] && echo "stopped, damaged and grown runs end alike"
exit $((failures > 0))
