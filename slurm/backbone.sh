# Sourced by the overnight scripts behind lib.sh: MODEL, CONFIG and NAME of this array task.
#   BACKBONES   lines "NAME MODEL CONFIG", one backbone each; the default is the tiny model
: "${BACKBONES:=tiny checkpoints/tiny-llava configs/tiny.toml}" "${OUT:=results/overnight}"
read -r NAME MODEL CONFIG <<<"$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" <<<"$BACKBONES")"
if [ -z "$CONFIG" ]; then echo "BACKBONES has no line $SLURM_ARRAY_TASK_ID: \"NAME MODEL CONFIG\"" >&2; return 2; fi
