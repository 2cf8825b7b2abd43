#!/usr/bin/env bash
# The main job from nothing: sets up, builds, draws a benchmark, and finds over MPI which heads and neurons the tiny model needs.
#
#   tools/demo.sh [--instances N] [--queries Q] [--ranks R] [--out DIR]
#
# Defaults: the sizes of configs/tiny.toml, 2 ranks, results/demo. HONES_SKIP_SETUP=1 skips set-up and build.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib/say.sh

ranks=2 out=results/demo sizes=()
while [ $# -gt 0 ]; do
  case $1 in
    --instances | --queries | --ranks | --out)
      if [ $# -lt 2 ]; then say "tools/demo.sh: $1 needs a value" >&2; exit 2; fi ;;
    *) say "tools/demo.sh: unknown argument $1: expected --instances N, --queries Q, --ranks R, --out DIR" >&2; exit 2 ;;
  esac
  case $1 in
    --ranks) ranks=$2 ;;
    --out) out=$2 ;;
    *) sizes+=("$1" "$2") ;;
  esac
  shift 2
done

if [ "${HONES_SKIP_SETUP:-}" != 1 ]; then
  tools/setup.sh
  tools/build.sh release --target hones_mpi
fi
hones=build/release/hones_mpi
data=build/demo

draw() { rm -rf "$data/scenes"; "$hones" synth --config configs/tiny.toml --out "$data/scenes"; }
prepare() { "$hones" prepare --config configs/tiny.toml --source "$data/scenes" --out "$data/benchmark" --overwrite; }
# The job's own time to end after a TERM (write, say so): mpirun's default is 1 s.
discover() {
  mpirun -n "$ranks" --mca odls_base_sigkill_timeout 60 "$hones" discover --config configs/tiny.toml --benchmark "$data/benchmark" \
    --out "$out" --restart "${sizes[@]}"
}

mpi_environment
phase "draw scenes" draw
phase "prepare the benchmark" prepare
phase "discover, $ranks ranks" discover
say "results: $out"
