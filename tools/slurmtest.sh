#!/usr/bin/env bash
# The Slurm tests with more rounds of the interrupted job than ctest takes: each needs three
# allocations at least.
#
#   tools/slurmtest.sh [ROUNDS]      default 20: about half an hour of two cores
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib/say.sh
mpi_environment
tools/build.sh release
tests/app/slurm_test.sh "$PWD/build/release/hones_mpi" "$PWD/checkpoints/tiny-llava" "$PWD/build/release/tests/store/same_hdf5" "$PWD/build/release/fake_cuda" "${1:-20}"
