#!/usr/bin/env bash
# The program as users call it: exit codes, one error line, and a result folder's settings.toml that
# makes the same result again.
#
#   program_test.sh HONES_MPI MPIEXEC MODEL FAKE_CUDA
#
# FAKE_CUDA: folder of a libcuda.so.1 that shows HONES_FAKE_GPUS GPUs (tests/support/fake_cuda.cpp).
set -u
hones=$1 mpiexec=$2 model=$3 fake_cuda=$4
. "$(dirname "$0")/support.sh"
cd "$folder" || exit 1
masked=0

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

does "$hones" --version
grep -Eq '^hones_mpi [0-9.]+, commit ([0-9a-f]{40}(-dirty)?|unknown)$' out.txt || fail "--version said: $(cat out.txt)"
does "$hones" --help

refused 2 "expected one of synth, prepare, generate, score, plan, discover, ablate, rank, bench, watch, placement" "$hones"
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

# Where ranks land. With a driver's library in its place that shows some GPUs: one for each rank, or
# a refusal.
does "$mpiexec" -n 2 "$hones" placement --device cpu
grep -Eq "^1 +$(hostname) +1 of 2 +[0-9,-]+$" out.txt || fail "placement on CPUs said: $(cat out.txt)"
gpus() { env LD_LIBRARY_PATH="$fake_cuda${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" HONES_FAKE_GPUS="$1" "${@:2}"; }
does gpus 2 "$mpiexec" -n 2 "$hones" placement
[ "$(grep -Ec "^([01]) .* \1    2   GPU-.*000\1  Fake GPU \1$" out.txt)" = 2 ] || fail "placement on two GPUs said: $(cat out.txt)"
does gpus 0 "$mpiexec" -n 2 "$hones" placement
grep -q "^note: no rank sees a GPU (the CUDA driver shows this process none)$" out.txt || fail "placement without GPUs said: $(cat out.txt)"
refused 2 "ranks 0 and 2 on $(hostname) would compute on one GPU, GPU-[0-9a-f-]*: expected a GPU for each rank" \
  gpus 2 "$mpiexec" -n 3 "$hones" placement
does gpus 2 "$mpiexec" -n 3 "$hones" placement --share-gpu
refused 2 "rank 0 on $(hostname) sees no GPU (.*): expected one for each rank" gpus 0 "$mpiexec" -n 2 "$hones" placement --device cuda
refused 2 "cuInit of the CUDA driver failed with error 999" env HONES_FAKE_GPU_ERROR=999 LD_LIBRARY_PATH="$fake_cuda" "$hones" placement --device cuda

# What is asked for, before anything is touched.
refused 2 "it is a folder; expected a TOML file" "$hones" synth --config "$folder" --out o
refused 2 "synth.images is given 2 times: 3 and 4" "$hones" synth --images 3 --images 4 --out o
refused 2 "expected a value after it" "$hones" synth --out
refused 2 "at most 1,000,000" "$hones" prepare --discovery 9223372036854775807 --dev 9223372036854775807 --test 10 --out o
refused 2 "discover.instances = 0: expected -1, or" "$hones" discover --model "$model" --benchmark b --out o --instances 0
refused 2 "--queries: prepare.queries = 50: expected at most prepare.discovery = 24 (--discovery)" \
  "$hones" prepare --source s --discovery 24 --queries 50 --out o
refused 2 "unknown flag --engine" "$hones" generate --model "$model" --prompt x --engine plain

# Places that cannot be used: the system's reason, no words of C++, before any work.
touch file
long=$(printf 'x%.0s' {1..300})
refused 2 "--out file/x: cannot hold results: .*/file: not a folder" "$hones" synth --images 8 --out file/x
refused 2 "/file: not a folder" "$hones" discover --model "$model" --benchmark b --out file/x
refused 2 "File name too long" "$hones" discover --model "$model" --benchmark b --out "$long"
refused 3 "no official files at $long: File name too long" "$hones" prepare --source "$long" --out o
refused 3 "no official files at file: not a folder" "$hones" prepare --source file --out o
refused 2 "generate.dump = none/x.safetensors: cannot be written: none: no such folder" \
  "$hones" generate --model "$model" --raw-prompt --prompt x --dump none/x.safetensors
[ -e o ] && fail "a refusal left a folder"

does "$hones" synth --images 16 --out drawn
refused 2 "pass --overwrite" "$hones" synth --images 8 --out drawn
does "$hones" synth --config drawn/settings.toml --images 8 --overwrite --out drawn
[ "$(find drawn/images -name '*.jpg' | wc -l)" = 8 ] || fail "--overwrite left pictures of the earlier run"

does "$hones" synth --images 60 --out scenes
does "$hones" prepare --source scenes --discovery 16 --dev 12 --test 12 --queries 1 --out benchmark
does "$hones" prepare --source scenes --discovery 16 --dev 0 --test 0 --queries 1 --preview 3 --preview-model "$model" --mask-text mean \
  --out seen
[ "$(find seen/preview -name '*.1.png' | wc -l)" = 4 ] || fail "--preview left $(ls seen/preview)"
does "$hones" prepare --config seen/settings.toml --preview 0 --overwrite --out seen
[ -z "$(ls seen/preview)" ] || fail "sheets of an earlier benchmark are still there: $(ls seen/preview)"
refused 3 "none: no such" "$hones" prepare --source scenes --preview 1 --preview-model ./none --out unseen
[ -e unseen ] && fail "a refused preview left a folder"
does "$hones" prepare --config benchmark/settings.toml --vqa-policy seeded --ocr-policy first --out drawn_by_seed
for policy in '"vqa": "seeded"' '"ocr": "first"'; do
  grep -q "$policy" drawn_by_seed/manifest.json || fail "the manifest does not say $policy"
done
refused 2 "--out .*drawn_by_seed already holds a benchmark" "$hones" prepare --config benchmark/settings.toml --out drawn_by_seed
refused 2 "/file: not a folder" "$hones" prepare --config benchmark/settings.toml --out file/x
mv drawn_by_seed/retrieval/discovery.jsonl moved.jsonl
refused 3 "drawn_by_seed/retrieval/discovery.jsonl: no such file" "$hones" discover --model "$model" --benchmark drawn_by_seed --out o
picture=$(find scenes/images -name '*.jpg' | sort | head -n 1)
refused 2 "--mask-text: pictures.mask_text = mean: expected --text-regions" \
  "$hones" generate --model "$model" --image "$picture" --prompt x --mask-text mean
refused 2 "--box: generate.box = 1,2,3: expected X,Y,WIDTH,HEIGHT" "$hones" generate --model "$model" --image "$picture" --prompt x --box 1,2,3
for drawn in "" "--box 5,5,20,20" "--box 5,5,20,20 --box-stroke outside" "--mask-text mean --text-regions 5,5,20,20" \
  "--mask-text per_box --text-regions 5,5,20,20" "--mask-text polygon --text-regions 5,5,25,5,15,25"; do
  does "$hones" generate --model "$model" --image "$picture" --prompt "What is it?" $drawn --dump dump.safetensors
  sha256sum <dump.safetensors
done >dumps.txt
[ "$(sort -u dumps.txt | wc -l)" = 6 ] || fail "six pictures differ in what is drawn, but not in what the model is given"
does "$hones" generate --model "$model" --image "$picture" --prompt "What is in the picture?" --json
grep -q '"answer_ids"' out.txt || fail "generate --json said: $(cat out.txt)"
does "$hones" discover --model "$model" --benchmark benchmark --tasks vqa,caption --instances 2 --heads 0:0,2:3 --top-k 2 \
  --stored-heads 2 --dry-run --out first
[ -e first ] && fail "--dry-run made a folder"
does "$hones" plan --model "$model" --benchmark benchmark --tasks vqa,caption --instances 2 --heads 0:0,2:3 --stored-heads 2 --gpus 8 \
  --tflops 200 --out plan.json
grep -q "for 8 rank(s), 12 cells" out.txt || fail "plan said: $(cat out.txt)"
grep -q '"tflops_per_rank": 200.0' plan.json || fail "plan.json holds: $(cat plan.json)"
does "$hones" plan --model "$model" --benchmark benchmark --instances 2 --queries 1 --out plan.json
refused 2 "plan.changed = 1.5: expected a number of at least 0 and at most 1" "$hones" plan --model "$model" --benchmark benchmark --changed 1.5
refused 2 "file: not a folder; name another file" "$hones" plan --model "$model" --benchmark benchmark --out file/plan.json
refused 2 "--instances 99" "$hones" plan --model "$model" --benchmark benchmark --instances 99 --out refused.json
[ -e refused.json ] && fail "a refused plan left a file"
does "$hones" discover --model "$model" --benchmark benchmark --tasks vqa,caption --instances 2 --heads 0:0,2:3 --top-k 2 \
  --stored-heads 2 --out first
refused 2 "discover needs --out" "$hones" discover --config first/settings.toml
refused 2 "ranking.top_k = 2, and 1 is asked for; name another folder, or pass --restart" \
  "$hones" discover --config first/settings.toml --top-k 1 --out first
cp -r first kept
does "$hones" discover --config first/settings.toml --out first
grep -q "going on from first/ledger.h5: 12 of 12 cells are done" err.txt || fail "a finished run went on without saying so: $(cat err.txt)"
for file in kept/*.csv kept/rankings.*.json kept/settings.toml kept/ledger.h5; do
  cmp "$file" "first/${file#kept/}" || fail "${file#kept/} of a finished run changed when it was run again"
done
grep -q '"state": "done"' first/run.json || fail "run.json of a finished run says $(grep state first/run.json)"
# A start that is refused leaves the document as it is; one that fails says so in it, and what holds
# no checkpoint begins again.
cp first/run.json before.json
refused 2 "ranking.top_k = 2, and 1 is asked for" "$hones" discover --config first/settings.toml --top-k 1 --out first
cmp before.json first/run.json || fail "a refused start touched run.json"
mv scenes/images scenes/elsewhere && mkdir scenes/images
for launcher in "" "$mpiexec -n 2"; do
  refused 5 "instances are unusable" $launcher "$hones" discover --config first/settings.toml --out broken
  grep -q '"state": "failed"' broken/run.json && grep -q '"exit_code": 5' broken/run.json &&
    grep -q '"line": "task .*unusable' broken/run.json || fail "run.json of a failed run says: $(cat broken/run.json)"
  does "$hones" watch broken
  grep -q "failed after .*unusable" out.txt || fail "watch said: $(cat out.txt)"
done
rmdir scenes/images && mv scenes/elsewhere scenes/images
does "$hones" discover --config first/settings.toml --out broken
grep -q '"state": "done"' broken/run.json || fail "run.json of the run begun again says $(grep state broken/run.json)"
rm kept/ledger.h5*
refused 2 "no ledger to go on from; name another folder, or pass --restart" "$hones" discover --config first/settings.toml --out kept
does "$mpiexec" -n 2 "$hones" discover --config first/settings.toml --out second
cmp -s first/settings.toml second/settings.toml || fail "settings.toml differs"
does "$hones" rank first
for table in heads.vqa neurons.vqa heads.caption neurons.caption; do
  cmp "first/$table.csv" "second/$table.csv" || fail "$table.csv differs when run again from settings.toml"
  cmp "first/$table.csv" "first/rank/$table.csv" || fail "$table.csv differs in rank"
done

# A transfer set: another split, a metric of its own, sheets.
printf '{"data":[{"question_id":1,"question":"what is it?","image_id":"%s","image_width":80,"image_height":80,"answers":["a","a","a","a","a","a","a","a","b","b"]}]}' \
  "$(basename "$picture" .jpg)" >textvqa.json
does "$hones" prepare --textvqa textvqa.json --images scenes/images --preview 1 --out transfer
[ -e transfer/preview/vqa.1.png ] || fail "no sheet of the transfer set: $(ls transfer)"
printf '[textvqa]\nlike = "vqa"\nmetric = "textvqa_accuracy"\n' >textvqa.toml
transfer=("$hones" discover --model "$model" --benchmark transfer --tasks-file textvqa.toml --tasks textvqa --heads 0:0,2:3 --top-k 2 --stored-heads 2)
refused 3 'no split "discovery" in this benchmark (textvqa)' "${transfer[@]}" --out t
does "${transfer[@]}" --split test --out t
grep -q "textvqa_accuracy" t/rankings.textvqa.json || fail "rankings.textvqa.json does not name its metric"
grep -q '"split": "test"' t/rankings.textvqa.json || fail "rankings.textvqa.json does not name its split"
does "$hones" rank t --benchmark transfer --out t_ranked

# A run and its benchmark belong together: another one is refused, and so is a picture that is not
# the benchmark's.
does "$hones" rank first --benchmark benchmark --out first_ranked
sed 's/"question":"/"question":"Really: /' benchmark/discovery.jsonl >edited.jsonl
cp -r benchmark edited && mv edited.jsonl edited/discovery.jsonl
refused 3 "edited: not the benchmark of first/discovery.h5" "$hones" rank first --benchmark edited --out refused
[ -e refused ] && fail "a refused rank made a folder"
named=$(sed -n '1s/.*"file_name":"\([^"]*\)".*/\1/p' benchmark/discovery.jsonl)
cp "scenes/images/$named" kept.jpg
printf x >>"scenes/images/$named"
refused 3 "$named is not the one that the benchmark was prepared with" \
  "$hones" discover --model "$model" --benchmark benchmark --tasks vqa --instances 1 --heads 0:0 --out changed
mv kept.jpg "scenes/images/$named"

# Transfer sets.
printf '{"7":{"question":"What is it?","answer":"dog","imageId":"n1","isBalanced":true,"types":{"structural":"query"}}}' >gqa.json
mkdir gqa_images && cp "scenes/images/$named" gqa_images/n1.jpg
does "$hones" prepare --gqa gqa.json --images gqa_images --out gqa
grep -q '"answer_type":"open"' gqa/test.jsonl || fail "test.jsonl of GQA said: $(cat gqa/test.jsonl)"
does "$hones" prepare --config gqa/settings.toml --out gqa_again
cmp gqa/test.jsonl gqa_again/test.jsonl || fail "test.jsonl of GQA differs when made again from settings.toml"
refused 2 "one set at a time, and --gqa is given" "$hones" prepare --gqa gqa.json --textvqa t.json --images gqa_images --out o
refused 2 "prepare.discovery = 5: expected nothing with --gqa" "$hones" prepare --gqa gqa.json --images gqa_images --discovery 5 --out o
refused 2 "prepare.transfer_images = 5: expected nothing without --gqa" "$hones" prepare --source scenes --transfer-images 5 --out o
refused 2 "prepare.embed = image: expected --embeddings" "$hones" prepare --source scenes --embed image --out o
refused 3 "none/e.npy" "$hones" prepare --source scenes --discovery 16 --dev 12 --test 12 --queries 1 --embeddings none/e.npy --out p
refused 3 'no split "discovery"' "$hones" discover --model "$model" --benchmark gqa --out o

# The caption control reaches the model: other pictures, other log-probabilities.
for mask in none mean; do
  does "$hones" discover --model "$model" --benchmark benchmark --tasks caption --instances 2 --heads 0:0 --mask-text "$mask" --out "mask_$mask"
done
cmp -s mask_none/heads.caption.csv mask_mean/heads.caption.csv && fail "--mask-text changed nothing in discover"

# Tasks of a file: discovered, told with the results, ranked again; their own limit; tasks that are
# none.
cat >own.toml <<'TOML'
[asked]
like = "vqa"
prompt = "{question}"
max_new_tokens = 3

[yes_or_no]
like = "vqa"
filter.answer_type = "yes/no"
TOML
does "$hones" discover --model "$model" --benchmark benchmark --tasks-file own.toml --tasks asked,yes_or_no,vqa --instances 16 \
  --heads 0:0,2:3 --top-k 2 --stored-heads 2 --out own
grep -q '^file = ".*own.toml"$' own/settings.toml || fail "settings.toml does not name the tasks' file"
grep -q '"max_new_tokens": 3' own/rankings.asked.json || fail "rankings.asked.json does not tell the task's limit"
grep -q '"contains"\|"is": \[' own/rankings.yes_or_no.json || fail "rankings.yes_or_no.json does not tell the filter"
done_of() { sed -n 's/.*"instances_done": \([0-9]*\).*/\1/p' "own/rankings.$1.json"; }
[ "$(done_of yes_or_no)" -lt "$(done_of vqa)" ] || fail "the filter of yes_or_no took every instance"
does "$hones" rank own
for table in heads.asked neurons.asked heads.yes_or_no neurons.yes_or_no; do
  cmp "own/$table.csv" "own/rank/$table.csv" || fail "$table.csv differs in rank"
done
does "$hones" discover --config own/settings.toml --tasks yes_or_no --restart --out own
[ -e own/heads.asked.csv ] && fail "--restart left the tables of a task of the earlier run"
refused 2 "--tasks: discover.tasks = vqa,asked: expected different tasks out of vqa, ocr, caption, retrieval; asked is none" \
  "$hones" discover --model "$model" --benchmark benchmark --tasks vqa,asked --out o
echo 'filter.colour = "red"' >>own.toml
refused 2 "own.toml:9: task yes_or_no: filter.colour: expected a field with text" "$mpiexec" -n 2 "$hones" discover --model "$model" \
  --benchmark benchmark --tasks-file own.toml --out o
refused 2 "none.toml: no such file" "$hones" discover --model "$model" --benchmark benchmark --tasks-file none.toml --out o

# Fewer heads than the default K: discover takes what there is, and so does rank.
does "$hones" discover --model "$model" --benchmark benchmark --tasks vqa --instances 2 --heads 0:0,2:3 --out few
does "$hones" rank few
cmp few/neurons.vqa.csv few/rank/neurons.vqa.csv || fail "neurons.vqa.csv differs in rank with fewer heads than K"
grep -q '"top_k": 2' few/rank/rankings.vqa.json || fail "rankings.vqa.json does not tell the K in force"
for line in 'top_k = 2' 'neuron_share = 0.01' 'neuron_mode = "per_instance"' 'weights = "importance"'; do
  grep -q "^$line\$" few/rank/settings.toml || fail "rank/settings.toml lacks $line"
done
does "$hones" rank --config few/rank/settings.toml
refused 2 "--top-k: ranking.top_k = 3: expected at most 2" "$hones" rank few --top-k 3
refused 2 "is the folder of a run" "$hones" rank few --out few/.
refused 2 "/file: not a folder" "$hones" rank few --out file/x
head -c 40 few/rankings.vqa.json >cut.json && mv cut.json few/rankings.vqa.json
refused 3 "few/rankings.vqa.json: not JSON: parse error" "$hones" rank few --out cut
[ -e cut ] && fail "a refused rank made a folder"

for set in few/neurons.vqa.csv few/discovery.h5:/tasks/vqa/neurons/top; do
  does "$hones" generate --model "$model" --image "$picture" --prompt "What is it?" --mask-neurons "$set" --json
  grep -q '"intervened"' out.txt || fail "--mask-neurons $set masked nothing: $(cat out.txt)"
  mv out.txt "masked.$((++masked)).txt"
done
cmp -s masked.1.txt masked.2.txt || fail "--mask-neurons: the CSV and the dataset of one set differ in effect"
refused 3 "discovery.h5" "$hones" generate --model "$model" --image "$picture" --prompt x --mask-neurons few/discovery.h5:/none

[ "$failures" = 0 ] && echo "the program behaves"
exit $((failures > 0))
