#!/usr/bin/env bash
# Disks that fail while a run writes: one line says what and where within a stated time, the
# checkpoint before is used, and the run ends as an undisturbed one. faults.cpp makes the calls
# fail.
#
#   faults_test.sh HONES_MPI MPIEXEC MODEL SAME_HDF5 FAULTS
set -u
hones=$1 mpiexec=$2 model=$3 same=$4 faults=$5
. "$(dirname "$0")/support.sh"
cd "$folder" || exit 1

does "$hones" synth --images 60 --out scenes
does "$hones" prepare --source scenes --discovery 16 --dev 0 --test 0 --queries 1 --out benchmark
run=("$hones" discover --model "$model" --benchmark benchmark --tasks vqa,caption --instances 8 --heads 0:0,0:1,1:3,2:3,4:7,5:2 --top-k 3
  --stored-heads 3 --checkpoint-minutes 0.001)
does "${run[@]}" --out undisturbed

# broken RANKS FAULT LINE: a run whose disk breaks, then one that goes on. A hang inside HDF5 ends
# within 5 s of looking, and some.
broken() {
  local ranks=$1 fault=$2 line=$3 rc=0 begun=$SECONDS launcher=()
  [ "$ranks" = 1 ] || launcher=("$mpiexec" -n "$ranks")
  rm -rf disk
  HONES_FAULT=$fault LD_PRELOAD=$faults timeout 60 "${launcher[@]}" "${run[@]}" --out disk >out.txt 2>err.txt || rc=$?
  [ "$rc" = 4 ] || fail "$ranks ranks, $fault: exit code $rc after $((SECONDS - begun)) s: $(cat err.txt)"
  [ "$(grep -c "^hones_mpi: error: " err.txt)" = 1 ] || fail "$ranks ranks, $fault: not one error line: $(cat err.txt)"
  grep -Eq "^hones_mpi: error: .*$line" err.txt || fail "$ranks ranks, $fault: \"$line\" is not in: $(grep error: err.txt)"
  [ "$ranks" = 1 ] || grep -Eq "^hones_mpi: error: rank [0-9]+ on [^ ]+: " err.txt || fail "$fault: no rank and node: $(cat err.txt)"
  [ ! -e disk/run.json ] || grep -q '"state": "failed"' disk/run.json || fail "$ranks ranks, $fault: run.json says $(grep state disk/run.json)"
  local generations
  generations=$(find disk -name 'ledger.h5' -o -name 'ledger.h5.previous' | wc -l)
  does "${run[@]}" --out disk
  [ "$generations" = 0 ] || grep -q "going on from disk/ledger.h5" err.txt || fail "$ranks ranks, $fault: nothing was gone on with"
  grep -q "damaged" err.txt && fail "$ranks ranks, $fault: a damaged generation was left: $(grep damaged err.txt)"
  same_results undisturbed disk  # the line below says of which fault
  [ -z "$(find disk -name '*.tmp' -o -name '*.probe.*')" ] || fail "$ranks ranks, $fault: left $(ls disk)"
  echo "$ranks rank(s), $fault, $generations generation(s): ended and gone on with in $((SECONDS - begun)) s"
}
full="disk/ledger.h5.tmp.*No space left on device"
for ranks in 1 2; do
  broken "$ranks" write:ledger.h5.tmp:28:0 "$full"    # at once
  broken "$ranks" write:ledger.h5.tmp:28:60 "$full"   # later, wherever that is
  broken "$ranks" write:ledger.h5.tmp:28:195 "$full"
  broken "$ranks" write:ledger.h5.tmp:122:100 "disk/ledger.h5.tmp.*quota"
  broken "$ranks" open:ledger.h5.tmp:30:3 "disk/ledger.h5.tmp.*Read-only file system"
  broken "$ranks" fsync:ledger.h5.tmp:5:1 "disk/ledger.h5.tmp.*Input/output error"
  broken "$ranks" fsync:/disk:5:1 "cannot sync disk: Input/output error"
  broken "$ranks" rename:ledger.h5.previous:30:0 "cannot rename disk/ledger.h5: Read-only file system"
  broken "$ranks" rename:ledger.h5:5:2 "cannot rename disk/ledger.h5.*: Input/output error"
  broken "$ranks" write:discovery.h5.tmp:28:10 "disk/discovery.h5.tmp.*No space left on device"
done

[ "$failures" = 0 ] && echo "disks may fail"
exit $((failures > 0))
