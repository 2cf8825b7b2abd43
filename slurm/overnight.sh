#!/usr/bin/env bash
# The full benchmark overnight: all tasks, backbones side by side as a job array, and masking behind
# each sweep that ended well.
#
#   BACKBONES='7b llava-hf/llava-1.5-7b-hf configs/llava-1.5-7b.toml
#     13b llava-hf/llava-1.5-13b-hf configs/llava-1.5-13b.toml' \
#     BENCHMARK=/data/benchmark OUT=/scratch/night \
#     slurm/overnight.sh [sbatch flags, e.g. --partition gpu --nodes 4]
#
# Run it from the repository's root. A site sets what slurm/lib.sh and slurm/backbone.sh list.
# Prints the two job ids.
set -euo pipefail
count=$(($(grep -c . <<<"${BACKBONES:-one}") - 1))
discover=$(sbatch --parsable --array "0-$count" "$@" slurm/overnight-discover.sbatch)
# aftercorr: each backbone's masking begins when its own sweep has ended with 0.
ablate=$(sbatch --parsable --array "0-$count" --dependency "aftercorr:$discover" "$@" slurm/overnight-ablate.sbatch)
echo "discover ${discover%%;*}"
echo "ablate ${ablate%%;*}"
