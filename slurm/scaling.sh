#!/usr/bin/env bash
# A strong-scaling study: the same sweep on 1, 2, 4, ... ranks, one job after the other, then a
# table.
#
#   RANKS="1 2 4 8" BENCHMARK=... MODEL=... CONFIG=... OUT=/scratch/scaling \
#     slurm/scaling.sh [sbatch flags, e.g. --exclusive]
#
# Run it from the repository's root. A site sets what slurm/lib.sh lists. Prints the job ids; the
# last job's output is the table.
set -euo pipefail
export OUT=${OUT:-results/scaling}
mkdir -p "$OUT"
last=
folders=()
for ranks in ${RANKS:-1 2 4}; do
  folder="$OUT/ranks-$ranks"
  folders+=("$folder")
  # One after the other, so that they do not share cores or disks.
  job=$(OUT="$folder" sbatch --parsable --ntasks "$ranks" ${last:+--dependency "afterok:$last"} "$@" slurm/scaling.sbatch)
  last=${job%%;*}
  echo "ranks $ranks $last"
done
table=$(sbatch --parsable --dependency "afterok:$last" --ntasks 1 --output "$OUT/table.txt" --wrap "python3 tools/scaling_table.py ${folders[*]}")
echo "table ${table%%;*}"
