#!/bin/bash
# The report on a checkpoint in 8 parts as a Slurm array, from the folder of this package:
#
#     CHECKPOINT=/data/model sbatch examples/distributed/slurm_report.sh
#
# and, when it is through (sbatch prints the number of the array):
#
#     sbatch --dependency=afterok:NUMBER --wrap 'deno run -A mod.ts merge report_parts/*.json --out report.html'
#
# A task that was stopped, submitted again, goes on from the tensors that it had finished; one whose
# part is there ends at once.
#
#SBATCH --job-name=report
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=1G
#SBATCH --time=01:00:00
#SBATCH --requeue
# Here, for Slurm opens it before the script makes any folder.
#SBATCH --output=report-%a.log
set -eu

# A task that is submitted again by itself is still one of 8.
PARTS=${PARTS:-8}
PROGRAM=${PROGRAM:-mod.ts}

mkdir -p report_parts
exec deno run -A "$PROGRAM" report "${CHECKPOINT:?is not set: the weights to examine}" --quiet \
  --shard "$SLURM_ARRAY_TASK_ID/$PARTS" \
  --threads "${SLURM_CPUS_PER_TASK:-1}" \
  --out "report_parts/$SLURM_ARRAY_TASK_ID.json"
