#!/usr/bin/env bash
# The fast engine and each of its savings against the plain engine, on more of the demo's scenes
# than ctest takes.
#
#   tools/engines.sh [IMAGES [QUERIES]]      default 64 and 16: more than an hour of two cores
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib/say.sh
mpi_environment
tools/build.sh release --target test_sweep_engines
HONES_ENGINE_IMAGES=${1:-64} HONES_ENGINE_QUERIES=${2:-16} mpirun -n 2 build/release/tests/engine/test_sweep_engines
