#!/usr/bin/env bash
# hosts.sh NONEQ_PROGRAM: two processes on two hosts leave the bytes of one process. The hosts are network namespaces of this machine,
# with names and addresses of their own, and all that the processes exchange crosses the link between them, whose bytes are counted. A
# host that is cut off ends the job, and the run goes on. It needs root, ip and mpirun, and is skipped without them.
set -euo pipefail
. "$(dirname "$0")/../checks.sh"
noneq=$1
for needed in ip mpirun unshare; do
  command -v $needed > /dev/null || { echo "not tested on this machine: there is no $needed"; exit 0; }
done
here=$(mktemp -d)
a=noneq$$a b=noneq$$b
end() {
  for host in $a $b; do
    ip netns pids $host 2> /dev/null | xargs -r kill -KILL 2> /dev/null || true
    ip netns del $host 2> /dev/null || true
    rm -rf /etc/netns/$host
  done
  rm -rf "$here"
}
trap end EXIT
if ! { ip netns add $a && ip netns add $b && ip link add v$a netns $a type veth peer name v$b netns $b; } 2> /dev/null; then
  echo "not tested on this machine: hosts cannot be made of network namespaces"
  exit 0
fi
number=1
for host in $a $b; do
  mkdir -p /etc/netns/$host
  printf '127.0.0.1 localhost\n10.77.0.1 %s\n10.77.0.2 %s\n' $a $b > /etc/netns/$host/hosts
  ip -n $host addr add 10.77.0.$number/24 dev v$host
  ip -n $host link set v$host up
  ip -n $host link set lo up
  number=$((number + 1))
done
# Runs a command on a host, as ssh does for mpirun.
cat > "$here/on" << 'SH'
#!/bin/sh
host=$1
shift
exec ip netns exec "$host" unshare --uts sh -c "hostname $host; $*"
SH
chmod +x "$here/on"
cd "$here"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
on_both() {  # on_both ARGUMENTS OF noneq run...: a process on each host
  timeout 120 ./on $a mpirun -H $a:1,$b:1 --bind-to none --mca plm_rsh_agent "$here/on" --mca pml ob1 --mca btl tcp,self \
    --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 \
    --mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 "$noneq" run "$@" --threads 1 --no-report --quiet
}
sent() { ip netns exec $a cat /sys/class/net/v$a/statistics/tx_bytes; }

cat > p.yaml << 'YAML'
name: p
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 50}, mean: v}
graph:
  data: {plugin: loader.random_fields, size: [8, 8], coarse: 2, batch: 8}
  noiser: {plugin: noiser.marginal, in: data}
  model: {plugin: model.unet, in: noiser, channels: 32, multipliers: [1, 2], blocks: 1, groups: 8}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 40, shards: 2, ema: [0.9], log: 4, checkpoint: 5}
  sampler: {plugin: sampler.ddim, of: model, count: 12, chunk: 4, steps: 4, clip: true, every: 16}
  samples: {plugin: writer.hdf5, in: sampler, file: samples.h5}
YAML
bytes() {
  (cd "$1" && checkpoint_sum &&
    sha256sum metrics.jsonl samples*.h5)
}
"$noneq" run p.yaml --out alone --quiet --no-report --threads 2
check "two hosts train" on_both p.yaml --out together
check "to the bytes of one process" diff <(bytes alone) <(bytes together)

# Without samples and checkpoints a process sends the half of its gradient that the other owns, and its half of the weights.
plain=(--set graph.trainer.checkpoint=1000 --set graph.sampler.every= --set graph.sampler.count=1)
counted() {
  local before
  before=$(sent)
  on_both p.yaml --out counted --force --set graph.trainer.steps="$1" "${plain[@]}" || return
  echo $(($(sent) - before))
}
weights=$("$noneq" run p.yaml --out shown --no-report --set graph.trainer.steps=1 2>&1 | sed -n 's/^p: \([0-9]*\) parameters.*/\1/p')
few=$(counted 10)
many=$(counted 50)
step=$(((many - few) / 40))
echo "$weights weights; $step bytes a step from one host to the other"
check "at least 3 bytes a weight do, because it takes that link" test $step -gt $((weights * 3))
check "no more than 4 bytes a weight and 5 % cross the network, not $step of $weights weights" test $step -lt $((weights * 42 / 10))

# A host is cut off: the job ends, with an error, and the run goes on.
plain=(--set graph.sampler.every= --set graph.sampler.count=1)
(on_both p.yaml --out cut --set graph.trainer.steps=100000 "${plain[@]}" > log 2>&1 && echo 0 > code || echo $? > code) &
for _ in $(seq 100); do [ -e cut/checkpoint/checkpoint.json ] && break; sleep 0.1; done
ip -n $b link set v$b down
began=$SECONDS
wait
echo "cut off: the job ended after $((SECONDS - began)) s with code $(cat code)"
check "a job without one of its hosts ends by itself, with an error" test "$(cat code)" != 0 -a "$(cat code)" != 124
ip netns pids $b | xargs -r kill -KILL || true
ip -n $b link set v$b up
last=$(sed -n 's/.*"step": *\([0-9]*\),.*/\1/p' cut/checkpoint/checkpoint.json | head -1)
check "it goes on" on_both p.yaml --out cut --resume --set graph.trainer.steps=$((last + 5)) "${plain[@]}"
"$noneq" run p.yaml --out alone --force --quiet --no-report --threads 2 --set graph.trainer.steps=$((last + 5)) "${plain[@]}"
check "to the bytes of one process" diff <(bytes alone) <(bytes cut)
echo "$passed passed, $failed failed"
[ $failed = 0 ]
