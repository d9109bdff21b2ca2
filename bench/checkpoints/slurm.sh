#!/bin/bash
# Runs the recipe examples/distributed/slurm_report.sh on a real Slurm of one node, and compares the
# merged report with the unsplit one: bench/checkpoints/slurm.sh WORK [GB], as root on Debian, with
# `apt-get install slurm-wlm munge`. A task is killed on its way and submitted again.
set -eu
WORK=$1
GB=${2:-4}
HOST=$(hostname -s)
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$WORK/state" "$WORK/spool" /run/munge
[ -f /etc/munge/munge.key ] || { dd if=/dev/urandom bs=1 count=1024 of=/etc/munge/munge.key status=none; }
chown munge: /etc/munge/munge.key /run/munge
chmod 400 /etc/munge/munge.key
runuser -u munge -- /usr/sbin/munged --force
cat > "$WORK/slurm.conf" <<EOF
ClusterName=one
SlurmctldHost=$HOST
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$WORK/state
SlurmdSpoolDir=$WORK/spool
SlurmctldPidFile=$WORK/slurmctld.pid
SlurmdPidFile=$WORK/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
ReturnToService=2
NodeName=$HOST CPUs=$(nproc) RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=$HOST Default=YES MaxTime=INFINITE State=UP
EOF
export SLURM_CONF=$WORK/slurm.conf
slurmctld -D > "$WORK/slurmctld.log" 2>&1 &
CTLD=$!
sleep 3
slurmd -D > "$WORK/slurmd.log" 2>&1 &
SLURMD=$!
trap 'kill $SLURMD $CTLD $(cat /run/munge/munged.pid)' EXIT
for _ in $(seq 30); do sinfo -h -o %T 2> /dev/null | grep -q idle && break; sleep 1; done
sinfo
cd "$ROOT"
deno run -A bench/checkpoints/write_one.ts "$WORK/model" "$GB"
export CHECKPOINT=$WORK/model PROGRAM=$ROOT/mod.ts
cd "$WORK"
JOB=$(sbatch --parsable "$ROOT/examples/distributed/slurm_report.sh")
# A task that has finished a tensor: the first line of its progress says what the weights are.
until PROGRESS=$(grep -c . report_parts/*.progress 2> /dev/null) && [ "${PROGRESS##*:}" -gt 1 ]; do
  sleep .02
done
RUNNING=$(squeue -h -t R -o %i | head -1)
scancel --signal=KILL --full "$RUNNING"
while squeue -h | grep -q .; do sleep 1; done
parts() { find report_parts -name "$1" "${@:2}" | wc -l; }
echo "parts after task $RUNNING of job $JOB was killed: $(parts '*.json') of 8, and" \
  "$(parts '*.progress') to go on from"
touch second
sbatch --parsable --wait --array=1-8 "$ROOT/examples/distributed/slurm_report.sh" > /dev/null
echo "parts after the second run: $(parts '*.json'), of which it measured" \
  "$(parts '*.json' -newer second)"
deno run -A "$PROGRAM" merge report_parts/*.json --format json > merged.json
deno run -A "$PROGRAM" report "$CHECKPOINT" --quiet --format json > whole.json
cmp merged.json whole.json && echo "the merged report has the bytes of the whole: $(wc -c < whole.json)"
