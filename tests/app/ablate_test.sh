#!/usr/bin/env bash
# ablate: an interrupted run ends as an undisturbed one, grows, and refuses what does not fit
# together.
#
#   ablate_test.sh HONES_MPI MPIEXEC MODEL SAME_HDF5
set -u
hones=$1 mpiexec=$2 model=$3 same=$4
. "$(dirname "$0")/support.sh"
. "$(dirname "$0")/../../tools/lib/jobs.sh"
cd "$folder" || exit 1

same_ablation() { # same_ablation A B
  "$same" "$1/ablation.h5" "$2/ablation.h5" || fail "$2/ablation.h5 is not that of $1"
  for file in ablation.csv comparisons.csv; do cmp "$1/$file" "$2/$file" || fail "$2/$file is not that of $1"; done
}
refused() { # refused CODE WORDS COMMAND...
  local code=$1 words=$2 got=0
  shift 2
  "$@" >out.txt 2>err.txt || got=$?
  [ "$got" = "$code" ] || fail "exit code $got, expected $code: $*"
  grep -qF -- "$words" err.txt || fail "\"$words\" is not in: $(cat err.txt)"
  [ "$(wc -l <err.txt)" = 1 ] || fail "more than one line: $(cat err.txt)"
}

does "$hones" synth --images 120 --out scenes
does "$hones" prepare --source scenes --discovery 60 --dev 0 --test 40 --queries 2 --out benchmark
does "$mpiexec" -n 2 "$hones" discover --model "$model" --benchmark benchmark --tasks vqa,ocr --instances 6 --heads 0:0,0:1,2:3,3:4 \
  --top-k 2 --stored-heads 3 --rand-head-seeds 1 --out found
cp -r found before
run=("$hones" ablate --model "$model" --benchmark benchmark --discovery found --tasks vqa,ocr --budgets 0.01,0.1
  --strategies hones,no_head,rand_head,random --random-seeds 3 --head-budgets 0,2 --sets found/neurons.ocr.csv)

does "${run[@]}" --instances 30 --out whole
grep -q "^vqa,hones,test,307,," whole/ablation.csv || fail "no row of hones at 10 %: $(cat whole/ablation.csv)"
grep -q "^ocr,heads,test,0,,[0-9.e-]*,[0-9.e-]*,0,0,0,0,30$" whole/ablation.csv || fail "nothing masked drops something"
grep -q "^vqa,random,test,31,mean," whole/ablation.csv || fail "no mean of the seeds"
grep -q "^vqa,hones,random,31," whole/comparisons.csv || fail "hones is not compared with random"

grep -q "rank 0: cells unit 0: .*, interventions 0-" whole/logs/rank-00000.log || fail "no log of the rank: $(cat whole/logs/*)"
does "$hones" watch whole
grep -q "^whole: done, [0-9,]* cells in " out.txt || fail "watch says: $(cat out.txt)"
refused 3 "nowhere/progress.jsonl: no such file" "$hones" watch nowhere

# Stopped by USR1 on two ranks, gone on with on three.
code=0
"$mpiexec" -n 2 "${run[@]}" --instances 30 --out parts >out.txt 2>log.txt &
job=$!
await '"phase":"cells"' parts/progress.jsonl
sleep 0.5
kill -USR1 "$job"
wait "$job" || code=$?
[ "$code" = 75 ] || fail "exit code $code after USR1: $(cat log.txt)"
[ ! -e parts/ablation.h5 ] || fail "a stopped run left results"
does "$mpiexec" -n 3 "${run[@]}" --instances 30 --out parts
grep -q "going on from parts/ledger.h5" err.txt || fail "it did not go on: $(cat err.txt)"
same_ablation whole parts

# Grown; done already: nothing is computed again.
does "${run[@]}" --instances 8 --out grown
does "$mpiexec" -n 2 "${run[@]}" --instances 30 --out grown
same_ablation whole grown
does "${run[@]}" --instances 30 --out grown
grep -q "^0 cells in" out.txt || fail "a run that was done computed: $(tail -n 3 out.txt)"

# The plain engine masks the same.
does "${run[@]}" --instances 4 --out fast
does "${run[@]}" --instances 4 --engine plain --out plain
cmp <(cut -d, -f1-7,12 fast/ablation.csv) <(cut -d, -f1-7,12 plain/ablation.csv) || fail "the plain engine masks another way"

does "${run[@]}" --dry-run --out dry
grep -q "hones 31" out.txt || fail "the plan says: $(cat out.txt)"
[ ! -e dry ] || fail "--dry-run left a folder"

refused 2 "is the folder of a discover run" "${run[@]}" --instances 30 --out found --restart
refused 2 "files of different names" "${run[@]}" before/neurons.ocr.csv --out bad
refused 2 "--head-budgets 5: expected at most 4" "${run[@]/#0,2/5}" --out bad
refused 2 "ablate.budgets" "${run[@]/#0.01,0.1/2}" --out bad
refused 2 "no neuron of 3072" "${run[@]/#0.01,0.1/0.00001}" --out bad
refused 2 "--top-k 9: expected at most 3" "${run[@]}" --top-k 9 --out bad
refused 2 "holds vqa, ocr" "${run[@]/#vqa,ocr/caption}" --out bad
refused 2 "expected the folder of a discover run" "$hones" ablate --model "$model" --benchmark benchmark --out bad
refused 3 "nowhere/discovery.h5" "${run[@]:0:6}" --discovery nowhere --out bad
refused 2 "was made with ablate.random_seeds = 3, and 2 is asked for" "${run[@]/#3/2}" --instances 30 --out whole
does "$hones" prepare --source scenes --discovery 60 --dev 0 --test 40 --queries 2 --seed 5 --out other
refused 3 "another benchmark" "${run[@]/#benchmark/other}" --out bad
[ ! -e bad ] || fail "a refused run left a folder"
diff -r found before >/dev/null || fail "the discovery was touched"

[ "$failures" = 0 ] && echo "ablations end alike, whatever comes between"
exit $((failures > 0))
