#!/usr/bin/env bash
# `bench` as users call it, on small shapes: figures that must hold on any machine, and its
# refusals.
#
#   bench_test.sh HONES_MPI CHECKPOINT PYTHON RIVALS
set -u
hones=$1 model=$2 python=$3 rivals=$4
. "$(dirname "$0")/support.sh"
cd "$folder" || exit 1

refused() {
  local rc=0
  "$hones" bench --model "$model" "${@:2}" >out.txt 2>err.txt || rc=$?
  [ "$rc" = 2 ] || fail "exit code $rc instead of 2: ${*:2}"
  grep -q -- "$1" err.txt || fail "\"$1\" is not in: $(cat err.txt)"
}
# holds FILE CONDITION: of the object b and its rows by (task, form), a Python expression.
holds() {
  "$python" - "$1" "$2" <<'PY' || fail "$2 does not hold in $1: $(cat "$1")"
import json, sys
b = json.load(open(sys.argv[1]))
row = {(r["task"], r["form"]): r for r in b["rows"]}
sys.exit(0 if eval(sys.argv[2]) else 1)
PY
}

refused 'bench.shape = layers=x: "layers=x": expected layers=N' --shape layers=x
refused 'bench.changed = 2: expected numbers from 0 to 1' --changed 2
refused "none.py: no such file" --forms rows --rivals none.py --python "$python"
refused "out of engine, plain, parts, rows, prefix" --forms fast
[ -e bench.json ] && fail "a refused bench wrote bench.json"

"$hones" bench --model "$model" --tasks vqa,retrieval --forms engine,plain,parts --rival-heads 1 --rival-candidates 2 --out own.json \
  >out.txt 2>err.txt || fail "exit code $?: $(cat err.txt)"
holds own.json 'b["peak_gflops"] > 0 and b["shape"] is None and b["environment"]["dtype"] == "fp32"'
holds own.json 'row["vqa", "engine"]["cells"] == 49 and row["vqa", "engine"]["cells_measured"] == 49'
holds own.json 'row["vqa", "plain"]["cells_measured"] == 7 and row["retrieval", "plain"]["candidates_measured"] == 2'
holds own.json 'row["retrieval", "engine"]["forward_equivalents"] < 0.4 < 0.99 < row["retrieval", "plain"]["forward_equivalents"]'
holds own.json 'all(0 < r["peak_share"] < 1.2 and r["ratio_to_rows"] is None for r in b["rows"])'
holds own.json 'all((r["peak_added_mib"] or 0) > 0 and r["forecast_mib"] > 0 for r in b["rows"] if r["form"] == "engine")'
holds own.json 'b["parts"]["heads"] == 8 and b["parts"]["layer"] == 3 and b["parts"]["speed_with_heads"] > 0'
holds own.json '("all", "engine") in row and ("all", "plain") in row'

# transformers is there for tools alone: without it the other forms cannot be tried.
forms=engine
"$python" -c 'import transformers' 2>/dev/null && forms=engine,rows
"$hones" bench --model "$model" --shape layers=2,heads=2,dim=32,ffn=64,image_tokens=16 --tasks caption --changed 0.5 \
  --forms "$forms" --rival-heads 0 --python "$python" --rivals "$rivals" --out random.json >out.txt 2>err.txt ||
  fail "exit code $?: $(cat err.txt)"
holds random.json 'row["caption", "engine"]["changed_share"] == 0.5 and row["caption", "engine"]["decode_equivalents"] > 0'
if [ $forms = engine,rows ]; then
  holds random.json 'row["caption", "rows"]["cells"] == 5 and row["caption", "rows"]["ratio_to_rows"] == 1'
  # The same products counted twice, here and in Python: a cell of rows is a whole prompt and 12
  # ids.
  holds random.json 'row["caption", "engine"]["useful_gflops"] * row["caption", "engine"]["cpu_seconds"] < row["caption", "rows"]["useful_gflops"] * row["caption", "rows"]["cpu_seconds"]'
  grep -q "caption    rows" out.txt || fail "no table: $(cat out.txt)"
else
  echo "no transformers: rows not tried"
fi

[ "$failures" = 0 ] && echo "bench behaves"
exit $((failures > 0))
