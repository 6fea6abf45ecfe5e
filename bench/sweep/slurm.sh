#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One shard of a sweep per task of a Slurm job array, as docs/sweeps.md shows: sbatch --array=1-N bench/sweep/slurm.sh SWEEP FOLDER
# A task that was stopped (time limit, preemption) goes on where it was when it is submitted again. Exit status 1 (points that failed) is
# not a failed task: those points are in the database.
#SBATCH --job-name=iommusim-sweep
#SBATCH --cpus-per-task=1
#SBATCH --requeue
set -u
bin=${IOMMUSIM:-build/iommusim}
mkdir -p "$2"
"$bin" sweep "$1" --out "$2/shard-$SLURM_ARRAY_TASK_ID.db" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" -j "${SLURM_CPUS_PER_TASK:-1}" --resume
st=$?
[ $st -le 1 ] || exit $st
