#!/usr/bin/env bash
# The main job from nothing: sets up, builds, draws a benchmark, and finds over MPI which heads and
# neurons the tiny model needs.
#
#   tools/demo.sh [--full] [--instances N] [--queries Q] [--ranks R] [--out DIR]
#
# Defaults: the sizes of configs/tiny.toml, 2 ranks, results/demo. --full: 600 images and 150
# queries (results/demo-full), two and a half times the sweep. HONES_SKIP_SETUP=1 skips set-up and
# build.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib/say.sh

ranks=2 out= sizes=() full=no
while [ $# -gt 0 ]; do
  case $1 in
    --instances | --queries | --ranks | --out)
      if [ $# -lt 2 ]; then say "tools/demo.sh: $1 needs a value" >&2; exit 2; fi ;;
    --full) full=yes; shift; continue ;;
    *) say "tools/demo.sh: unknown argument $1: expected --full, --instances N, --queries Q, --ranks R, --out DIR" >&2; exit 2 ;;
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
data=build/demo scenes=() splits=()
if [ "$full" = yes ]; then
  data=build/demo/full scenes=(--images 1050) splits=(--discovery 600 --dev 50 --test 50 --queries 150)
  sizes=(--instances 600 --queries 150 "${sizes[@]}")
fi
if [ -z "$out" ]; then if [ "$full" = yes ]; then out=results/demo-full; else out=results/demo; fi; fi

draw() { rm -rf "$data/scenes"; "$hones" synth --config configs/tiny.toml "${scenes[@]}" --out "$data/scenes"; }
prepare() { "$hones" prepare --config configs/tiny.toml "${splits[@]}" --source "$data/scenes" --out "$data/benchmark" --overwrite; }
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
