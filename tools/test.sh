#!/usr/bin/env bash
# All tests: sets up, builds, ctest, and at the end a small demo with 2 ranks. The last line counts both.
#
#   tools/test.sh [ctest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib/say.sh

tools/setup.sh
tools/build.sh release
mpi_environment
log=build/release/ctest.log
tests=0
phase "tests" bash -c 'set -o pipefail; ctest --preset release "$@" 2>&1 | tee '"$log" ctest "$@" || tests=$?
# A failed test does not keep the demo from telling whether the main job works.
demo=0
phase "small demo (4 instances, 1 query, 2 ranks)" \
  env HONES_SKIP_SETUP=1 tools/demo.sh --instances 4 --queries 1 --out build/demo/small || demo=1

# ctest: "98% tests passed, 2 tests failed out of 100"
read -r failed all <<<"$(sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests\{0,1\} failed out of \([0-9]*\)$/\1 \2/p' "$log")"
if [ -z "${all:-}" ]; then failed=1 all=1; say "ctest ran no test" >&2; tests=1; fi
if [ "$tests" != 0 ]; then say "tests failed: $log" >&2; fi
if [ "$demo" != 0 ]; then say "the small demo failed" >&2; fi
say "$((all - failed + 1 - demo)) passed, $((failed + demo)) failed"
[ "$tests" = 0 ] && [ "$demo" = 0 ]
