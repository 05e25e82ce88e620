#!/usr/bin/env bash
# A Slurm of one node for tests: no root, no accounting, nothing outside its folder. Needs slurm-wlm and munge.
#
#   tests/engines/slurm_one_node.sh start FOLDER    then: export SLURM_CONF=FOLDER/slurm.conf
#   tests/engines/slurm_one_node.sh stop FOLDER
set -euo pipefail
PATH="$PATH:/usr/sbin"
action="${1:?start or stop}" folder="$(realpath -m "${2:?folder}")"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'; }

start() {
    for program in slurmctld slurmd munged sbatch; do
        command -v "$program" > /dev/null || { echo "no $program: apt-get install slurm-wlm munge" >&2; exit 3; }
    done
    (umask 077; mkdir -p "$folder"/munge "$folder"/state "$folder"/spool)
    dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 status=none
    chmod 600 "$folder/munge/key"
    # munge does not trust a socket below a folder that others may write to, as /tmp is, unless forced
    munged --force --num-threads=2 --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
        --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
    cat > "$folder/slurm.conf" <<CONF
ClusterName=solv
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=100000,bf_interval=1
JobRequeue=1
KillWait=3
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    export SLURM_CONF="$folder/slurm.conf"
    slurmctld -f "$SLURM_CONF"
    slurmd -f "$SLURM_CONF"
    for _ in $(seq 100); do
        [ "$(sinfo -h -o %t 2> /dev/null)" = idle ] && return
        sleep 0.2
    done
    sinfo >&2 || true
    for log in slurmctld slurmd; do tail -n 5 "$folder/$log.log" >&2; done
    stop
    exit 4
}

stop() {
    for name in slurmd slurmctld munge/pid; do
        file="$folder/${name%/pid}.pid"
        [ "$name" = munge/pid ] && file="$folder/munge/pid"
        [ -f "$file" ] && kill "$(cat "$file")" 2> /dev/null || true
    done
}

case "$action" in start | stop) "$action" ;; *) echo "start or stop, not $action" >&2; exit 2 ;; esac
