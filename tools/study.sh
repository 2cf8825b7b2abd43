#!/usr/bin/env bash
# Does it hold? Masks what a sweep of the embedded model found, on unseen scenes, and draws the
# pictures (docs/results.md).
#
#   tools/study.sh [--ranks R] [--out DIR] [--quick]      2 ranks, results/study; --quick: a sixth
#                                                         of the scenes
#
# The main study, then variants of what is masked: other K, uniform weights, neurons found with
# other operators. Each part is gone on with where an interrupted study stopped. About half an hour
# on 2 idle cores.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib/say.sh
ranks=2 out=results/study few_discover=() few_ablate=()
while [ $# -gt 0 ]; do
  case $1 in
    --ranks) ranks=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --quick) few_discover=(--instances 48 --queries 12); few_ablate=(--instances 80 --queries 16); shift ;;
    *) say "tools/study.sh: unknown argument $1: expected --ranks R, --out DIR, --quick" >&2; exit 2 ;;
  esac
done
tools/setup.sh --python
tools/build.sh release --target hones_mpi
mpi_environment
hones=build/release/hones_mpi config=configs/tiny-study.toml
run() { mpirun -n "$ranks" --mca odls_base_sigkill_timeout 60 "$hones" "$@"; }
discover() { run discover --config "$config" --benchmark "$out/benchmark" "${few_discover[@]}" "$@"; }
ablate() { run ablate --config "$config" --benchmark "$out/benchmark" "${few_ablate[@]}" "$@"; }

mkdir -p "$out"
if [ ! -e "$out/benchmark/manifest.json" ]; then
  phase "scenes" "$hones" synth --config "$config" --out "$out/scenes" --overwrite
  phase "benchmark" "$hones" prepare --config "$config" --source "$out/scenes" --out "$out/benchmark" --overwrite
fi
phase "discover" discover --top-k 10 --out "$out/discover"
phase "ablate" ablate --discovery "$out/discover" --out "$out/ablate"
phase "pictures" .venv/bin/python tools/plot_discovery.py "$out/discover" --ablation "$out/ablate" --out "$out/figures"
# Variants: hones alone, the same scenes; what it is compared with stands in the main study.
only=(--strategies hones,hones_after_mean --set ablate.head_budgets= --budgets 0.01,0.05,0.1)
for k in 3 24; do phase "K = $k" ablate --discovery "$out/discover" --top-k "$k" "${only[@]}" --out "$out/ablate-k$k"; done
phase "uniform weights" ablate --discovery "$out/discover" --weights uniform "${only[@]}" --out "$out/ablate-uniform"
for op in zero gaussian; do
  phase "discover, operator $op" discover --top-k 10 --operator "$op" --rand-head-seeds 0 --out "$out/discover-$op"
  phase "ablate, operator $op" ablate --discovery "$out/discover-$op" "${only[@]}" --out "$out/ablate-$op"
done
.venv/bin/python tools/study_table.py "$out"
