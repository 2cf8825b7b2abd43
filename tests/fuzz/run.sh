#!/usr/bin/env bash
# Builds the fuzz targets (clang, build/fuzz), replays their corpora, then fuzzes, two targets at a
# time.
#
#   tests/fuzz/run.sh [SECONDS [TARGET...]]    in all (default 60; 0: replay alone), of the named
#                                              targets (default: all)
#
# What was found lies in build/fuzz/found: inputs that end in a defect, to be run again with
# build/fuzz/fuzz_TARGET FILE, and corpus/TARGET with inputs that reach new code. Exit code 77: no
# clang with libFuzzer here, nothing was run.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
if [ $# -gt 0 ]; then shift; fi
targets=("$@")
if [ ${#targets[@]} = 0 ]; then targets=(official records text image transfer tables); fi

probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' >"$probe/probe.cpp"
if ! clang++ -fsanitize=fuzzer,address,undefined "$probe/probe.cpp" -o "$probe/probe" 2>"$probe/why"; then
  echo "fuzz targets step aside: no clang with libFuzzer here ($(head -n 1 "$probe/why"))"
  echo "Debian: apt-get install -y --no-install-recommends clang libclang-rt-14-dev"
  exit 77
fi

start=$SECONDS
cmake --preset fuzz >"$probe/log" || { cat "$probe/log"; exit 1; }
cmake --build --preset fuzz --parallel "$(nproc)" >"$probe/log" || { cat "$probe/log"; exit 1; }
echo "built in $((SECONDS - start)) s"

found=build/fuzz/found
mkdir -p "$found"
# Two gigabytes or twenty seconds for one small input are a defect as well.
limits="-timeout=20 -rss_limit_mb=2048 -artifact_prefix=$found/"
export ASAN_OPTIONS=quarantine_size_mb=64 UBSAN_OPTIONS=print_stacktrace=1

# of TARGET SECONDS: one line on how it went; the whole log where it went wrong.
of() {
  local target=$1 time=$2 log=build/fuzz/$1.log rc=0 corpus=(tests/fuzz/corpus/$1) dictionary=() longest=16384 runs
  mkdir -p "$found/corpus/$target"
  case $target in
    image) corpus+=(tests/data/images) longest=65536 ;;
    text | tables) longest=4096 ;;  # a byte more is a little slower, and these files say all in so many
  esac
  if [ -e "tests/fuzz/$target.dict" ]; then dictionary=("-dict=tests/fuzz/$target.dict"); fi
  if [ "$time" = 0 ]; then
    build/fuzz/fuzz_"$target" $limits -runs=0 "${corpus[@]}" >"$log" 2>&1 || rc=$?
  else
    build/fuzz/fuzz_"$target" $limits "${dictionary[@]}" -max_total_time="$time" -print_final_stats=1 \
      -max_len="$longest" "$found/corpus/$target" "${corpus[@]}" >"$log" 2>&1 || rc=$?
  fi
  if [ "$time" = 0 ] && ! grep -q "^read whole: [1-9]" "$log"; then
    echo "$target: FAILED, no input of its corpus is read to the end"
    return 1
  fi
  runs=$(sed -n 's/^#\([0-9]*\).*DONE.*cov: \([0-9]*\).*rss: \([0-9]*Mb\).*/\1 inputs, \2 edges, \3/p' "$log" | tail -n 1)
  if [ "$rc" = 0 ] && [ -n "$runs" ]; then echo "$target: $runs"; return 0; fi
  tail -n 60 "$log"
  echo "$target: FAILED (exit code $rc), see $log and $found"
  return 1
}

failed=0
for target in "${targets[@]}"; do echo -n "replay of "; of "$target" 0 || failed=1; done
if [ "$failed" != 0 ] || [ "$seconds" = 0 ]; then exit "$failed"; fi
each=$((2 * seconds / (${#targets[@]} + ${#targets[@]} % 2)))
for ((i = 0; i < ${#targets[@]}; i += 2)); do
  pids=()
  for target in "${targets[@]:i:2}"; do
    of "$target" "$each" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
done
exit "$failed"
