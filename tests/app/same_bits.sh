#!/usr/bin/env bash
# The same datasets, attributes, CSVs and rankings for any number of ranks, threads in the
# environment, unit sizes, grant orders and orders of tasks.
#
#   same_bits.sh HONES_MPI MPIEXEC MODEL [all]     12 runs that hold every pair of choices; all:
#                                                  every combination
set -eu
hones=$1 mpiexec=$2 model=$3 which=${4:-pairs}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

"$hones" synth --images 84 --seed 11 --out scenes 2>synth.txt || { cat synth.txt; exit 1; }
"$hones" prepare --source scenes --discovery 56 --dev 12 --test 12 --queries 2 --out benchmark >prepare.txt 2>&1 || { cat prepare.txt; exit 1; }

orders=("vqa,ocr,caption,retrieval" "retrieval,caption,ocr,vqa" "caption,vqa,retrieval,ocr")
runs=0 failures=0
# run RANKS THREADS INSTANCES SEED ORDER; compared with the first run.
run() {
  local ranks=$1 threads=$2 instances=$3 seed=$4 order=$5 out=run$runs
  local environment=(env -u OMP_NUM_THREADS)
  [ "$threads" = unset ] || environment=(env "OMP_NUM_THREADS=$threads")
  "${environment[@]}" "$mpiexec" -n "$ranks" "$hones" discover --model "$model" --benchmark benchmark --tasks "${orders[$order]}" \
    --instances 9 --queries 1 --heads 0:1,0:4,2:0,2:3,2:6,3:7,5:1,5:5 --top-k 4 --stored-heads 6 --set "units.instances=$instances" \
    --set "units.grant_seed=$seed" --out "$out" >"$out.txt" 2>&1 || { echo "FAILED: $*"; cat "$out.txt"; exit 1; }
  runs=$((runs + 1))
  [ "$out" = run0 ] && return
  # h5diff compares datasets and attributes; two NaN are equal.
  if ! h5diff run0/discovery.h5 "$out/discovery.h5" >differs.txt; then
    echo "FAILED: discovery.h5 of ranks $ranks, OMP_NUM_THREADS $threads, unit $instances, seed $seed, order $order:"; head -n 5 differs.txt
    failures=$((failures + 1))
  fi
  for file in run0/*.csv run0/rankings.*.json; do
    cmp "$file" "$out/${file#run0/}" || { echo "FAILED: $file of run $*"; failures=$((failures + 1)); }
  done
  rm -r "$out"
}

if [ "$which" = all ]; then
  for ranks in 1 2 3 4; do for threads in unset 1 2; do for instances in 1 7; do for order in 0 1 2; do
    run "$ranks" "$threads" "$instances" $((ranks * 100 + instances * 10 + order)) "$order"
  done; done; done; done
else
  # Every pair of (ranks, threads), (ranks, unit), (threads, unit), (ranks, order) and (threads,
  # order) occurs.
  run 1 unset 1 -1 0; run 1 1 7 1 1; run 1 2 1 2 2
  run 2 unset 7 3 1; run 2 1 1 4 2; run 2 2 7 5 0
  run 3 unset 1 6 2; run 3 1 7 7 0; run 3 2 1 8 1
  run 4 unset 7 9 0; run 4 1 1 10 1; run 4 2 7 11 2
fi
echo "$runs runs, $failures differences"
[ "$failures" = 0 ]
