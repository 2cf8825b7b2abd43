#!/usr/bin/env bash
# tests/data/run-COMMIT: what one version of the program left, for later ones to go on with and to load
# (tests/app/earlier_run_test.sh, tests/data/README.md).
#
#   tools/make_earlier_run.sh HONES_MPI [ARITHMETIC]
#
# HONES_MPI: the version's program. ARITHMETIC: this tree's program of that name, which tells what
# kind of arithmetic the files were made with (build/release/tests/app/arithmetic).
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib/say.sh
. tools/lib/jobs.sh
. tests/app/same_arithmetic.sh
mpi_environment
root=$PWD hones=$(realpath "$1") arithmetic=$(realpath "${2:-build/release/tests/app/arithmetic}")
python=.venv/bin/python3
data=tests/data/run-$("$hones" --version | sed 's/.*commit \(.......\).*/\1/')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
rm -rf "$data"
mkdir -p "$data/benchmark/pictures"

# phase takes errexit away from what it calls: what may fail says exit itself.
# The pictures of the first instances and the queries alone: others are not looked at.
draw() {
  "$hones" synth --images 60 --seed 11 --out "$folder/scenes"
  "$hones" prepare --source "$folder/scenes" --discovery 52 --dev 0 --test 0 --queries 1 \
    --out "$folder/benchmark"
  for file in discovery.jsonl dev.jsonl test.jsonl retrieval/discovery.jsonl; do
    install -Dm 644 "$folder/benchmark/$file" "$data/benchmark/$file"
  done
  sed 's|"images": "[^"]*"|"images": "pictures"|' "$folder/benchmark/manifest.json" \
    >"$data/benchmark/manifest.json"
  local record asked
  asked=$(sed 's/^{"image_id":"\([^"]*\)".*/\1/' "$data/benchmark/retrieval/discovery.jsonl")
  { head -n 6 "$data/benchmark/discovery.jsonl"
    grep "^{\"image_id\":\"$asked\"" "$data/benchmark/discovery.jsonl"
  } | while read -r record; do
    record=${record#*'"file_name":"'}
    cp "$folder/scenes/images/${record%%'"'*}" "$data/benchmark/pictures/"
  done
}

# make NAME PATTERN FILE FLAGS...: a whole run in NAME, and the ledger of one that was stopped when
# PATTERN stood in FILE (log, progress.jsonl).
make() {
  local name=$1 pattern=$2 file=$3 job code=0
  shift 3
  local run=("$hones" discover --benchmark "$data/benchmark" --neuron-share 0.03 "$@")
  "${run[@]}" --out "$folder/$name" >/dev/null 2>"$folder/$name.log" || { cat "$folder/$name.log" >&2; exit 1; }
  mkdir "$folder/$name.stopped"
  "${run[@]}" --unit-layers 1 --checkpoint-minutes 0.0001 --out "$folder/$name.stopped" \
    >/dev/null 2>"$folder/$name.stopped/log" &
  job=$!
  await "$pattern" "$folder/$name.stopped/$file" "$job"
  kill -USR1 "$job"
  wait "$job" || code=$?
  [ "$code" = 75 ] || { say "$name was not stopped: $(tail -n 1 "$folder/$name.stopped/log")" >&2; exit 1; }
  mkdir "$data/$name"
  cp "$folder/$name"/{heads,neurons}.*.csv "$folder/$name"/rankings.*.json "$data/$name"
  sed "s|\"$root/|\"@ROOT@/|" "$folder/$name/settings.toml" >"$data/$name/settings.toml"
  gzip -9nc "$folder/$name.stopped/ledger.h5" >"$data/$name/ledger.h5.gz"
  gzip -9nc "$folder/$name/discovery.h5" >"$data/$name/discovery.h5.gz"
}

phase "benchmark" draw
phase "stopped in the head stage" make heads 'checkpoint 20:' log \
  --model checkpoints/tiny-llava --tasks vqa,ocr,caption,retrieval --instances 6 \
  --heads 0:1,1:0,1:7,2:3,5:4 --top-k 2 --stored-heads 2
# Sums are most of a file, and the trained model's are large: here neurons.*.csv alone tell of them.
"$python" - "$folder/heads/discovery.h5" <<'END'
import sys
import h5py
with h5py.File(sys.argv[1], "r+") as file:
    for task in file["tasks"].values():
        del task["neurons"]
END
h5repack "$folder/heads/discovery.h5" "$folder/small.h5"
gzip -9nc "$folder/small.h5" >"$data/heads/discovery.h5.gz"
phase "stopped in the neuron stage" make neurons '"phase":"neurons"' progress.jsonl \
  --model tests/data/tiny-llava --tasks vqa,caption --instances 6 --top-k 2 --stored-heads 2 --max-new-tokens 6
"$arithmetic" >"$data/arithmetic"
say "$data: $(du -sb "$data" | cut -f1) bytes; $(cat "$data/arithmetic")"
