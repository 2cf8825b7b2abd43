#!/bin/sh
# Line coverage by room: builds the preset `coverage`, runs the tests, prints the table, fails below 85 %.
#   tools/coverage.sh [CMAKE_OPTION...]      e.g. tools/coverage.sh -DHONES_MODEL=OFF for the rooms without LibTorch
# COVERAGE_LEAST and COVERAGE_CTEST (options of ctest) in the environment change the limit and the tests.
set -eu
cd "$(dirname "$0")/.."
jobs=$(nproc)

cmake --preset coverage "$@" >/dev/null
cmake --build --preset coverage -j "$jobs"
# Counts of an earlier run would add up with this one's.
find build/coverage -name '*.gcda' -delete
# Debug builds with counters are slow, and a failing test still covers lines: say so, but show the table.
status=0
# shellcheck disable=SC2086
ctest --preset coverage -j "$jobs" ${COVERAGE_CTEST:-} || status=$?
python3 tools/coverage.py build/coverage --least "${COVERAGE_LEAST:-85}" --files
if [ "$status" -ne 0 ]; then
  echo "coverage: some tests failed; the shares above are those of a failing run" >&2
  exit "$status"
fi
