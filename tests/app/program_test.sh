#!/usr/bin/env bash
# The program as users call it: exit codes, one error line, and a result folder's settings.toml that makes the same result again.
#
#   program_test.sh HONES_MPI MPIEXEC MODEL
set -u
hones=$1 mpiexec=$2 model=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

fail() { echo "FAILED: $*"; failures=$((failures + 1)); }

# refused CODE PATTERN COMMAND...: ends with CODE and exactly one error line, which holds PATTERN.
refused() {
  local code=$1 pattern=$2 rc=0
  shift 2
  "$@" >out.txt 2>err.txt || rc=$?
  [ "$rc" = "$code" ] || fail "exit code $rc instead of $code: $*"
  local lines
  lines=$(grep "^hones_mpi: error: " err.txt)
  [ "$(grep -c . <<<"$lines")" = 1 ] || fail "not one error line: $* said: $lines"
  grep -q -- "$pattern" <<<"$lines" || fail "\"$pattern\" is not in: $lines"
}
does() { "$@" >out.txt 2>err.txt || { fail "exit code $?: $*"; cat err.txt; }; }

does "$hones" --version
grep -Eq '^hones_mpi [0-9.]+, commit ([0-9a-f]{40}(-dirty)?|unknown)$' out.txt || fail "--version said: $(cat out.txt)"
does "$hones" --help

refused 2 "expected one of synth, prepare, generate, discover, rank" "$hones"
refused 2 "nearest known one is --top-k" "$hones" discover --topk 3
refused 2 "discover needs --benchmark" "$hones" discover --model "$model" --out o
refused 2 "generate needs --image" "$hones" generate --model "$model" --prompt x
refused 2 "at most ranking.stored_heads = 2 (--stored-heads)" \
  "$hones" discover --model "$model" --benchmark b --out o --stored-heads 2
refused 3 "hf download nowhere/none" "$hones" discover --model nowhere/none --benchmark b --out o
refused 3 "none/discovery.h5" "$hones" rank none
refused 2 "under a launcher with 2 ranks" "$mpiexec" -n 2 "$hones" synth --out o
refused 2 "ranking.top_k = x: expected an integer" "$mpiexec" -n 2 "$hones" discover --top-k x
refused 3 "hf download nowhere/none" "$mpiexec" -n 3 "$hones" discover --model nowhere/none --benchmark b --out o
refused 3 "no benchmark at b" "$mpiexec" -n 2 "$hones" discover --model "$model" --benchmark b --out p

does "$hones" synth --images 60 --out scenes
does "$hones" prepare --source scenes --discovery 16 --dev 12 --test 12 --queries 1 --out benchmark
does "$hones" generate --model "$model" --image "$(ls scenes/images/*.jpg | head -n 1)" --prompt "What is in the picture?" --json
grep -q '"answer_ids"' out.txt || fail "generate --json said: $(cat out.txt)"
does "$hones" discover --model "$model" --benchmark benchmark --tasks vqa,caption --instances 2 --heads 0:0,2:3 --top-k 2 \
  --stored-heads 2 --dry-run --out first
[ -e first ] && fail "--dry-run made a folder"
does "$hones" discover --model "$model" --benchmark benchmark --tasks vqa,caption --instances 2 --heads 0:0,2:3 --top-k 2 \
  --stored-heads 2 --out first
refused 2 "--restart" "$hones" discover --config first/settings.toml
does "$mpiexec" -n 2 "$hones" discover --config first/settings.toml --out second
sed 's#^out = .*/second"$#out = "'"$(pwd)"'/first"#' second/settings.toml | cmp -s - first/settings.toml || fail "settings.toml differs"
does "$hones" rank first
for table in heads.vqa neurons.vqa heads.caption neurons.caption; do
  cmp "first/$table.csv" "second/$table.csv" || fail "$table.csv differs when run again from settings.toml"
  cmp "first/$table.csv" "first/rank/$table.csv" || fail "$table.csv differs in rank"
done

[ "$failures" = 0 ] && echo "the program behaves"
exit $((failures > 0))
