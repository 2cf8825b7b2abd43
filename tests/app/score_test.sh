#!/usr/bin/env bash
# `score` as users call it: values, items, and one error line.
#
#   score_test.sh HONES_MPI
set -u
hones=$1
. "$(dirname "$0")/support.sh"
cd "$folder" || exit 1

# gives VALUE METRIC: the one line on standard output.
gives() {
  local said
  said=$("$hones" score --metric "$2" --predictions p.jsonl --references r.jsonl 2>err.txt) || fail "exit code $?: $2: $(cat err.txt)"
  awk -v said="$said" -v wanted="$1" 'BEGIN { exit !(said != "" && (said - wanted) ^ 2 < 1e-24) }' || fail "$2 gave $said instead of $1"
}
# refused CODE PATTERN METRIC [P R]
refused() {
  local rc=0
  "$hones" score --metric "$3" --predictions "${4:-p.jsonl}" --references "${5:-r.jsonl}" >out.txt 2>err.txt || rc=$?
  [ "$rc" = "$1" ] || fail "exit code $rc instead of $1: $3"
  [ "$(grep -c '^hones_mpi: error: ' err.txt)" = 1 ] || fail "not one error line: $(cat err.txt)"
  grep -q -- "$2" err.txt || fail "\"$2\" is not in: $(cat err.txt)"
}

# Ids may be integers or texts; the order of the predictions does not matter.
printf '%s\n' '{"id": "b", "prediction": "SP"}' '{"id": 1, "prediction": "none"}' >p.jsonl
printf '%s\n' '{"id": 1, "references": ["none"]}' '{"id": "b", "references": ["x", "STOP"]}' >r.jsonl
gives 0.75 anls:rrc
gives 0.25 anls:mp_docvqa
"$hones" score --metric anls:rrc --predictions p.jsonl --references r.jsonl --json >out.txt || fail "--json"
[ "$(cat out.txt)" = '{"metric":"anls:rrc","value":0.75,"count":2,"items":[{"id":"1","value":1.0},{"id":"b","value":0.5}]}' ] ||
  fail "--json said $(cat out.txt)"
refused 2 'score.metric = "anls:none": expected one of vqa_accuracy:normalize_always' anls:none
refused 3 'r.jsonl:1: field "answers": missing' vqa_accuracy:official
refused 3 "none.jsonl: no such file" anls:rrc none.jsonl
printf '%s\n' '{"id": 1, "references": ["none"]}' >short.jsonl
refused 3 'p.jsonl:1: field "id": "b" has no reference in ' anls:rrc p.jsonl short.jsonl
printf '%s\n' '{"id": 1, "references": ["none"]}' '{"id": 2, "references": ["a"]}' >other.jsonl
refused 3 'other.jsonl:2: field "id": "2" has no prediction in ' anls:rrc p.jsonl other.jsonl
printf '%s\n' '{"id": 1, "references": ["a"]}' '{"id": 1, "references": ["a"]}' >twice.jsonl
refused 3 'twice.jsonl:2: field "id": "1" stands there twice' anls:rrc p.jsonl twice.jsonl
printf '%s\n' '{"id": 1, "prediction": 5}' >number.jsonl
refused 3 'number.jsonl:1: field "prediction": ' anls:rrc number.jsonl short.jsonl
printf '%s\n' '{"id": 18446744073709551615, "prediction": "none"}' >large.jsonl  # would wrap to -1
refused 3 'large.jsonl:1: field "id": expected an integer' anls:rrc large.jsonl short.jsonl
printf '{"id"\n' >broken.jsonl
refused 3 'broken.jsonl:1: not JSON: ' anls:rrc broken.jsonl
: >empty.jsonl
refused 3 'empty.jsonl: empty' anls:rrc empty.jsonl

ten='"yes","yes","yes","yes","yes","yes","yes","yes","yes","yes"'
printf '%s\n' '{"id": 1, "prediction": "Yes"}' '{"id": 2, "prediction": "no"}' >p.jsonl
printf '%s\n' "{\"id\": 1, \"answers\": [$ten], \"answer_type\": \"yes/no\", \"question_type\": \"is it\"}" \
  '{"id": 2, "answers": ["yes","yes","yes","yes","yes","yes","yes","yes","no","no"], "answer_type": "other"}' >r.jsonl
gives 0.8 vqa_accuracy:normalize_always
gives 0.3 vqa_accuracy:official
gives 0.8 vqa_accuracy:official_on_normalized_prediction
gives 0.8 textvqa_accuracy
"$hones" score --metric vqa_accuracy:official --predictions p.jsonl --references r.jsonl --json >out.txt || fail "--json"
grep -q '"parts":{"answer_type:other":0.[56][0-9]*,"answer_type:yes/no":0.0,"question_type:is it":0.0}' out.txt || fail "types: $(cat out.txt)"

printf '%s\n' '{"id": 1, "answers": ["yes"], "structural": "verify", "isBalanced": true}' '{"id": 2, "answers": ["no"], "structural": "query"}' >r.jsonl
gives 1 gqa_accuracy:after_trim_dot_lower
gives 0.5 gqa_accuracy:official

printf '%s\n' '{"id": 1, "scores": [0.5, 0.5, 0.1]}' >p.jsonl
printf '%s\n' '{"id": 1, "relevance": [0, 1, 0]}' >r.jsonl
gives 1 ndcg5:optimistic
gives 0.6309297535714575 ndcg5:pessimistic
gives 0.6309297535714575 ndcg5:index_order
gives 0.8154648767857288 ndcg5:tie_average
printf '%s\n' '{"id": 1, "scores": [0.5]}' >few.jsonl
refused 3 '1 scores, but 3 relevances' ndcg5:optimistic few.jsonl
printf '%s\n' '{"id": 1, "scores": [0.5, "0.1", 0.2]}' >text.jsonl
refused 3 'text.jsonl:1: field "scores\[1\]": expected a number, found "0.1"' ndcg5:optimistic text.jsonl
printf '%s\n' '{"id": 1, "relevance": [0, 1, 31]}' >high.jsonl
refused 3 'high.jsonl:1: field "relevance\[2\]": expected an integer from 0 to 30, found 31' ndcg5:optimistic p.jsonl high.jsonl
printf '%s\n' '{"id": 1.5, "scores": [0.5]}' >half.jsonl
refused 3 'half.jsonl:1: field "id": expected an integer, found 1.5' ndcg5:optimistic half.jsonl

# A full stop after a one-letter acronym goes with the next caption's sentence; alone it stays.
printf '%s\n' '{"id": 1, "prediction": "it is vitamin A."}' '{"id": 2, "prediction": "The dog eats a bone"}' >p.jsonl
printf '%s\n' '{"id": 1, "references": ["It is vitamin A"]}' '{"id": 2, "references": ["the dog eats a bone."]}' >r.jsonl
for metric in bleu4:corpus bleu4:sentence:lines; do
  value=$("$hones" score --metric $metric --predictions p.jsonl --references r.jsonl)
  case $value in 0.999999999*) ;; *) fail "$metric gave $value" ;; esac
done
for metric in bleu4:corpus:single bleu4:sentence; do
  value=$("$hones" score --metric $metric --predictions p.jsonl --references r.jsonl)
  case $value in 0.[5-8]*) ;; *) fail "$metric gave $value" ;; esac
done

[ "$failures" = 0 ] && echo "score behaves"
exit $((failures > 0))
