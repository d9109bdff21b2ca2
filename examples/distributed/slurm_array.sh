#!/bin/bash
# A study in 32 parts as a Slurm array, from the folder of this package:
#
#     sbatch examples/distributed/slurm_array.sh
#
# and, when it is through (sbatch prints the number of the array):
#
#     sbatch --dependency=afterok:NUMBER --wrap 'deno run -A mod.ts merge parts/*.json --out study.json'
#
# A part that was preempted or ran out of time has kept what was done; its task goes on with it when
# it is submitted again: sbatch --array=7 examples/distributed/slurm_array.sh
#
#SBATCH --job-name=study
#SBATCH --array=1-32
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=01:00:00
# Slurm ends a task with SIGKILL; a minute before, SIGTERM (to the script itself: B) lets it write
# what it has.
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
# Here, for Slurm opens it before the script makes any folder.
#SBATCH --output=study-%a.log
set -eu

# A task that is submitted again by itself is still one of 32.
PARTS=${PARTS:-32}
SWEEP=${SWEEP:---scale 0.001..1000 --activation relu,tanh,sigmoid,selu --seeds 1000 --depth 10,30}

PROGRAM=${PROGRAM:-mod.ts}

mkdir -p parts
# Nodes may have different processors: --portable makes figures the same on all of them.
# exec: the signal goes to Deno itself. $SWEEP is several words on purpose.
# shellcheck disable=SC2086
exec deno run -A "$PROGRAM" sweep $SWEEP --portable --quiet \
  --shard "$SLURM_ARRAY_TASK_ID/$PARTS" \
  --jobs "${SLURM_CPUS_PER_TASK:-1}" \
  --out "parts/$SLURM_ARRAY_TASK_ID.json" --resume
