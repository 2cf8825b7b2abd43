#!/usr/bin/env bash
# What an older version left is gone on with, loaded and run again, to the same results.
#
#   earlier_run_test.sh HONES_MPI MPIEXEC ROOT SAME_HDF5 ARITHMETIC
#
# Where this machine computes like the one that made the files (tests/support/arithmetic.cpp), every
# bit is compared but for the commit; elsewhere answers and utilities, and log-probabilities to 0.01.
set -u
hones=$1 mpiexec=$2 root=$3 same=$4 arithmetic=$5
. "$(dirname "$0")/support.sh"
. "$(dirname "$0")/same_arithmetic.sh"
data=$root/tests/data/run-2f7a38f
cd "$folder" || exit 1

made_with=$(cat "$data/arithmetic") here=$("$arithmetic") || fail "$arithmetic cannot be run"
exact=no
[ "$here" = "$made_with" ] && exact=yes

without_commit() { sed 's/"git_commit": "[^"]*"/"git_commit": ""/' "$1"; }
# alike FOUND [PATTERN...]: FOUND holds the results of $earlier, but for what the patterns name in
# discovery.h5.
alike() {
  local found=$1 except=(--except '* attribute git_commit') pattern file
  shift
  if [ "$exact" = yes ]; then
    for pattern in "$@"; do except+=(--except "$pattern"); done
    "$same" "${except[@]}" discovery.h5 "$found/discovery.h5" || fail "$found/discovery.h5 is not what $earlier was"
    for file in "$earlier"/*.csv "$earlier"/rankings.*.json; do
      cmp <(without_commit "$file") <(without_commit "$found/${file##*/}") || fail "$found/${file##*/} is not that of $earlier"
    done
    return
  fi
  for file in "$earlier"/heads.*.csv; do
    local task=${file##*/heads.}
    local cells=/tasks/${task%.csv}/heads
    h5diff discovery.h5 "$found/discovery.h5" "$cells/cell" || fail "$found: other answers of ${task%.csv}"
    h5diff -d 1e-9 discovery.h5 "$found/discovery.h5" "$cells/utility" || fail "$found: other utilities of ${task%.csv}"
    h5diff -d 0.01 discovery.h5 "$found/discovery.h5" "$cells/answer_logprob" || fail "$found: other log-probabilities of ${task%.csv}"
  done
}
number() { sed -n "s/^  \"$1\": \([0-9]*\),*$/\1/p" "$2/run.json"; }

for stopped_in in heads neurons; do
  earlier=$data/$stopped_in
  gunzip -c "$earlier/discovery.h5.gz" >discovery.h5
  sed "s|@ROOT@|$root|" "$earlier/settings.toml" >settings.toml
  left_out=()
  [ "$stopped_in" = neurons ] || left_out=('*/neurons*')

  # Its settings, run again.
  does "$hones" discover --config settings.toml --out "again_$stopped_in"
  cmp settings.toml "again_$stopped_in/settings.toml" || fail "settings.toml came out another one"
  alike "again_$stopped_in" "${left_out[@]}"

  # Its ledger, gone on with.
  out=resumed_$stopped_in
  mkdir "$out"
  gunzip -c "$earlier/ledger.h5.gz" >"$out/ledger.h5"
  cp "$out/ledger.h5" before.h5
  if ! "$hones" --version | grep -q "commit 2f7a38f[0-9a-f]*$"; then
    "$hones" discover --config settings.toml --out "$out" >out.txt 2>err.txt
    [ $? = 2 ] && grep -q "was made with .* --accept-environment goes on all the same" err.txt || fail "the ledger: $(cat err.txt)"
    cmp before.h5 "$out/ledger.h5" || fail "a refused run touched the ledger"
  fi
  does "$mpiexec" -n 2 "$hones" discover --config settings.toml --accept-environment --out "$out"
  grep -q "going on from $out/ledger.h5" err.txt || fail "it did not go on: $(cat err.txt)"
  taken=$(number cells_taken_over "$out") cells=$(number cells "$out")
  [ "$taken" -gt 0 ] && [ "$taken" -lt "$cells" ] || fail "$taken of $cells cells were taken over"
  [ "$cells" = "$(number cells "again_$stopped_in")" ] || fail "$cells cells in all"
  alike "$out" '*/heads/environment' '/environments*' '/ attribute environments' "${left_out[@]}"
  echo "stopped in the stage $stopped_in: $taken of $cells cells taken over"
done

# Its results, loaded: nothing here depends on the processor.
mkdir finished
cp discovery.h5 "$earlier"/rankings.*.json finished
does "$hones" rank finished
for file in "$earlier"/heads.*.csv "$earlier"/neurons.*.csv; do
  cmp "$file" "finished/rank/${file##*/}" || fail "rank gives another ${file##*/}"
done
does "$hones" ablate --model "$root/tests/data/tiny-llava" --benchmark "$data/benchmark" --discovery finished --split discovery \
  --tasks vqa,caption --instances 2 --strategies hones --budgets 0.03 --head-budgets 1,2 --dry-run --out dry
grep -q "hones" out.txt || fail "the plan of an ablation says: $(cat out.txt)"

if [ "$exact" = no ]; then
  echo "NOT COMPARED BIT FOR BIT: the files were made with $made_with, and here it is $here"
fi
[ "$failures" = 0 ] && echo "an earlier version's ledgers, settings and results are good still"
exit $((failures > 0))
