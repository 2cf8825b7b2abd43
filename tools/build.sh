#!/usr/bin/env bash
# Configures and builds a preset (default: release) into build/<preset>. More arguments go to cmake
# --build (--target hones_mpi).
#
#   tools/build.sh [PRESET] [--target NAME ...]
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib/say.sh

preset=release
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then preset=$1; shift; fi

# A unit with tensors takes up to 1.5 GB: as many at once as cores and memory allow.
jobs=$(nproc)
by_memory=$(awk '/^MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
if [ "$by_memory" -lt "$jobs" ]; then jobs=$by_memory; fi
if [ "$jobs" -lt 1 ]; then jobs=1; fi

# A terminal gets ninja's own line; elsewhere one line whenever another twentieth is done, and all
# that is not progress.
progress() {
  if [ -t 1 ]; then cat; return; fi
  awk '{
    if (match($0, /^\[[0-9]+\/[0-9]+\]/)) {
      split(substr($0, 2, RLENGTH - 2), part, "/"); twentieth = int(20 * part[1] / part[2])
      if (twentieth != last || part[1] == part[2]) { last = twentieth; print; fflush() }
    } else { print; fflush() }
  }'
}
configure() { cmake --preset "$preset" | { grep -v "^-- \(Found\|Looking\|Performing\|Check\|Detecting\)" || true; }; }
build() { NINJA_STATUS="[%f/%t] %es " cmake --build --preset "$preset" --parallel "$jobs" "$@" | progress; }

phase "configure ($preset)" configure
phase "build ($preset, $jobs at once)" build "$@"
