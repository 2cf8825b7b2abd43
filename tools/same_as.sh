#!/usr/bin/env bash
# Whether this tree's program gives, bit for bit, what another commit's does: builds that commit, runs
# both over the same work, and compares all that they leave, HDF5 files object by object.
#
#   tools/same_as.sh COMMIT [--quick] [--build DIR]
#
# COMMIT: a commit, or the path of a hones_mpi that is built already. --quick: a third of the work.
# --build: this tree's build folder, as it stands; without it build/release is built first. Only flags
# that both programs know are used. What is left lies in build/same_as/COMMIT: old and new hold the runs,
# NAME.log what run NAME said. What does not count is listed at the head of tools/same_as.py: times, the
# git commit, checkpoints, and what follows from who computed when. Exit code 1 where anything differs.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
. tools/lib/say.sh
. tools/lib/jobs.sh
mpi_environment
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$here} CCACHE_NOHASHDIR=1  # two trees, one cache

usage() { say "tools/same_as.sh: $1: expected COMMIT [--quick] [--build DIR]" >&2; exit 2; }
asked='' quick=no build=''
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --build) build=${2:-}; [ -n "$build" ] || usage "--build needs a folder"; shift ;;
    -*) usage "unknown argument $1" ;;
    *) [ -z "$asked" ] || usage "one commit too many, $1"; asked=$1 ;;
  esac
  shift
done
[ -n "$asked" ] || usage "no commit"

# The other program is $old; $work holds its tree and all runs.
if [ -f "$asked" ] && [ -x "$asked" ]; then
  old=$(realpath "$asked") work=$here/build/same_as/program
  mkdir -p "$work"
else
  commit=$(git rev-parse --verify --quiet "$asked^{commit}") ||
    { say "tools/same_as.sh: $asked is no commit here; in a shallow clone: git fetch --unshallow" >&2; exit 2; }
  work=$here/build/same_as/${commit:0:12} old=$here/build/same_as/${commit:0:12}/tree/build/release/hones_mpi
  mkdir -p "$work"
fi
build_old() {
  if [ ! -d "$work/tree/.git" ]; then
    git clone -q --no-checkout "$here" "$work/tree"
    git -C "$work/tree" -c advice.detachedHead=false checkout -q "$commit"
  fi
  if [ -e .venv ]; then ln -sfn "$here/.venv" "$work/tree/.venv"; fi
  "$work/tree/tools/build.sh" release --target hones_mpi
}
if [ -n "${commit:-}" ]; then phase "the other program, ${commit:0:12}" build_old; fi
if [ -z "$build" ]; then
  build=$here/build/release
  phase "this tree's program" tools/build.sh release --target hones_mpi --target same_hdf5
fi
new=$(realpath "$build")/hones_mpi same=$(realpath "$build")/tests/store/same_hdf5
for program in "$old" "$new" "$same"; do
  [ -x "$program" ] || { say "tools/same_as.sh: $program is missing; build it: ninja hones_mpi same_hdf5" >&2; exit 2; }
done

# run NAME COMMAND...: in the background, two at once; its exit code goes to NAME.code, its words to
# NAME.log. told: standard output is a result, and goes to NAME.txt. A run that fails is told at the end.
run() {
  local name=$1
  shift
  while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || true; done
  { local code=0; "$@" >"$name.log" 2>&1 || code=$?; echo "$code" >"$name.code"; } &
}
told() {
  local name=$1
  shift
  run "$name" eval "$(printf '%q ' "$@") 2>&1 >$name.txt"
}

model=$here/checkpoints/tiny-llava grouped=$here/tests/data/tiny-llava-gqa
few=(--heads 0:1,0:6,1:0,1:7,2:3,5:4 --top-k 3 --stored-heads 4)
discover() { # discover NAME FLAGS...
  run "$1" "$hones" discover --model "$model" --benchmark benchmark "${few[@]}" --out "$@"
}
full() { [ "$quick" = no ]; }

draw() {
  run scenes "$hones" synth --images 120 --seed 11 --near-twins 0.3 --out scenes
  wait
  run benchmark "$hones" prepare --source scenes --discovery 56 --test 50 --dev 0 --queries 2 --preview 2 --preview-model "$model" --out benchmark
  run prepared "$hones" prepare --source scenes --discovery 60 --test 0 --dev 0 --queries 3 --seed 5 --vqa-policy seeded --ocr-policy first \
    --mask-text mean --box-stroke outside --preview 2 --out prepared
  wait
}

# The demo, and what is made of its results.
demo() {
  local sizes=(--instances 12 --queries 2)
  full || sizes=(--instances 4 --queries 1)
  run demo mpirun -n 2 "$hones" discover --model "$model" --benchmark benchmark "${sizes[@]}" --top-k 10 --stored-heads 16 --neuron-share 0.05 \
    --rand-head-seeds 2 --out demo
  told plan "$hones" plan --model "$model" --benchmark benchmark "${sizes[@]}" --stored-heads 16 --gpus 8 --tflops 200 --out plan.json
  wait
  run ranked "$hones" rank demo
  run ranked_again "$hones" rank demo --top-k 5 --mode after_mean --weights uniform --out ranked_again
  # Results of the other program, whose turn comes first, under this one.
  cp -r "$first/demo" found
  run ranked_found "$hones" rank found --out ranked_found
  wait
  rm -r found
}
ablate() { # ablate NAME FLAGS...
  run "$1" "$hones" ablate --model "$model" --benchmark benchmark --discovery demo --budgets 0.01,0.1 --head-budgets 0,2,5 --random-seeds 2 --out "$@"
}
ablations() {
  local all=hones,hones_after_mean,no_head,rand_head,random
  full || all=hones,rand_head
  ablate ablated --strategies "$all" --sets demo/neurons.ocr.csv --instances 6 --queries 1
  ablate ablated_plain --strategies hones --tasks vqa,ocr,caption --instances 2 --engine plain
  if full; then
    for operator in zero gaussian none; do ablate "ablated_$operator" --strategies none --instances 4 --queries 1 --operator "$operator"; done
    ablate ablated_bf16 --strategies "$all" --instances 4 --queries 1 --dtype bf16
    ablate ablated_fp16 --strategies hones --instances 2 --queries 1 --dtype fp16
    ablate ablated_grown --strategies "$all" --instances 3 --queries 1
    wait
    ablate ablated_grown --strategies "$all" --instances 6 --queries 2
  fi
  wait
}

# Every operator, number format and engine; each saving of the fast one without the others.
forms() {
  local engine operator dtype saving n=4
  full || n=2
  for operator in mean zero gaussian none; do
    for engine in fast plain; do
      full || [ "$engine" = fast ] || [ "$operator" = mean ] || continue
      discover "$engine.$operator" --instances "$n" --queries 1 --engine "$engine" --operator "$operator"
    done
  done
  discover fast.bf16 --instances "$n" --queries 1 --dtype bf16
  discover fast.fp16 --instances 2 --queries 1 --dtype fp16 --tasks vqa,ocr,caption
  discover plain.bf16 --instances 2 --queries 1 --dtype bf16 --engine plain --tasks vqa,ocr,caption
  discover plain.fp16 --instances 1 --dtype fp16 --engine plain --tasks vqa,ocr,caption
  for saving in resume tree verify; do
    full || [ "$saving" = verify ] || continue
    discover "without.$saving" --instances "$n" --queries 1 --set "engine.$saving=false"
  done
  run grouped "$hones" discover --model "$grouped" --benchmark benchmark --tasks vqa,ocr,caption --instances 3 --top-k 3 --stored-heads 4 \
    --max-new-tokens 6 --out grouped
  run grouped_plain "$hones" discover --model "$grouped" --benchmark benchmark --tasks vqa,ocr,caption --instances 1 --heads 0:1,2:3,3:5 \
    --top-k 2 --stored-heads 3 --max-new-tokens 6 --engine plain --out grouped_plain
  if full; then
    discover fast.bf16.gaussian --instances 2 --queries 1 --dtype bf16 --operator gaussian
    discover fast.fp16.gaussian --instances 1 --dtype fp16 --operator gaussian --tasks vqa,ocr,caption
    discover small_tiles --instances 4 --queries 1 --tile-positions 300
    discover large_units --instances 5 --queries 1 --unit-layers 2 --unit-instances 3
    discover choices --instances 4 --queries 1 --prompts release --open-target-join release_join --caption-importance corpus --mask-text mean \
      --box-stroke outside --mode after_mean --weights uniform --seed 5 --max-new-tokens 9
    discover other_split --split test --instances 4 --queries 1 --tasks caption,vqa
  fi
  wait
}

# Grown from one start to the next; stopped by a signal on two ranks; killed between two checkpoints. Then
# gone on with. 'crossed' goes on, with either program, with what the old one left when it was stopped.
stopped() {
  local job code=0
  mpirun -n 2 "$hones" discover --model "$model" --benchmark benchmark "${few[@]}" --tasks vqa,ocr,caption --instances 12 --unit-layers 1 \
    --out stopped >stopped.log 2>&1 &
  job=$!
  await '"phase":"heads"' stopped/progress.jsonl "$job" || true
  kill -USR1 "$job" 2>/dev/null || true
  wait "$job" || code=$?
  [ "$code" = 75 ]
}
killed() {
  local job
  "$hones" discover --model "$model" --benchmark benchmark "${few[@]}" --tasks vqa,ocr,caption --instances 12 --checkpoint-minutes 0.001 \
    --out killed >killed.log 2>&1 &
  job=$!
  await 'checkpoint 2:' killed.log "$job"
  kill -KILL "$job" && ! wait "$job"
}
grow() { # grow FLAGS...
  run grown "$hones" discover --model "$model" --benchmark benchmark --top-k 2 --stored-heads 2 "$@" --out grown
}
resumed() {
  run stop stopped
  if full; then run kill killed; fi
  grow --instances 3 --queries 1 --heads 0:1,1:7
  wait
  cp -r stopped halfway
  mkdir crossed
  cp "$first"/halfway/ledger.h5* crossed
  grow --instances 6 --queries 2 --heads 0:1,0:6,1:7
  discover stopped --tasks vqa,ocr,caption --instances 12 --unit-layers 1
  if full; then discover killed --tasks vqa,ocr,caption --instances 12 --checkpoint-minutes 0.001; fi
  discover crossed --tasks vqa,ocr,caption --instances 12 --unit-layers 1 --accept-environment
  wait
}

# Single answers, and metrics over files.
answers() {
  local picture=$here/tests/data/images/china_420.jpg name
  ask() { # ask NAME FLAGS...
    local name=$1
    shift
    told "$name" "$hones" generate --model "$model" --image "$picture" --prompt "What is in the picture?" --json --dump "$name.safetensors" "$@"
  }
  for name in fp32 bf16 fp16; do ask "answer.$name" --dtype "$name" --replace-head 1:0,1:7,5:4; done
  for name in zero gaussian none; do ask "answer.$name" --operator "$name" --replace-head 0:1,2:3; done
  ask answer.masked --mask-neurons demo/neurons.vqa.csv --replace-head 0:6 --box 20,20,60,40
  ask answer.painted --mask-text polygon --text-regions 5,5,85,5,15,65
  told answer.grouped "$hones" generate --model "$grouped" --image "$picture" --prompt "What is it?" --json --dump answer.grouped.safetensors \
    --replace-head 1:2,1:3
  told answer.text "$hones" generate --model "$model" --raw-prompt --prompt "a red circle is" --max-new-tokens 6 --json
  printf '%s\n' '{"id": 1, "prediction": "a red circle is above the blue square"}' '{"id": 2, "prediction": "none"}' >predictions.jsonl
  printf '%s\n' '{"id": 1, "references": ["a red circle above a blue square", "the red circle is left of it"]}' \
    '{"id": 2, "references": ["one", "nine"]}' >references.jsonl
  for name in anls:rrc anls:stvqa_m4c bleu4:corpus bleu4:sentence; do
    told "score.$name" "$hones" score --metric "$name" --predictions predictions.jsonl --references references.jsonl --json
  done
  wait
}

# Settings hold absolute paths: both programs work in the same folder, one after the other. $first: where
# the old one's runs lie.
work_of() { # work_of SIDE
  mkdir "$work/now"
  cd "$work/now"
  first=$work/now
  if [ "$1" = new ]; then first=$work/old; fi
  draw; demo; ablations; forms; resumed; answers
  cd "$here"
  mv "$work/now" "$work/$1"
}
rm -rf "$work/now" "$work/old" "$work/new"
hones=$old
phase "runs of the other program" work_of old
hones=$new
phase "runs of this tree's program" work_of new
python=$here/.venv/bin/python3
[ -x "$python" ] || python=python3
"$python" tools/same_as.py "$work/old" "$work/new" "$same"
