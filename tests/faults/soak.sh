#!/usr/bin/env bash
# soak.sh NONEQ_PROGRAM [MINUTES]: trains for so long (default 30), with checkpoints, samples and metrics, and watches what the
# process holds. After the first third its memory must not grow by more than 1 %, and its descriptors and threads not at all.
set -euo pipefail
. "$(dirname "$0")/../checks.sh"
noneq=$(realpath "$1") minutes=${2:-30}
here=$(mktemp -d)
trap 'kill -KILL $(jobs -p) 2> /dev/null || true; rm -rf "$here"' EXIT
cd "$here"

"$noneq" data make random_fields --count 3000 --set 'size=[16,16]' --set coarse=2 --out fields.h5 > /dev/null
# Batches of many sizes: of training and its test part, chunks of samplers and metrics, and the last of each.
cat > soak.yaml << 'YAML'
name: soak
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 100}, mean: v}
graph:
  data: {plugin: loader.hdf5, file: fields.h5, batch: 24, held_out: 0.1}
  scaled: {plugin: transform.standardise, in: data, per: channel}
  noiser: {plugin: noiser.marginal, in: scaled, time: {plugin: loss_second_moment, history: 4}}
  model: {plugin: model.unet, in: noiser, channels: 16, multipliers: [1, 2], blocks: 1, groups: 4, dropout: 0.1}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 100000000, ema: [0.99], averages: [0.05, 0.1], clip: 1, log: 50, checkpoint: 200, shards: 2}
  bound: {plugin: metric.bound, of: model, samples: 50, every: 100}
  sampler: {plugin: sampler.ddim, of: model, count: 50, steps: 10, chunk: 16, clip: true, every: 300}
  samples: {plugin: writer.hdf5, in: sampler, file: samples.h5}
  picture: {plugin: writer.png, in: sampler, file: samples.png, count: 16}
YAML
"$noneq" run soak.yaml --out run --quiet --no-report > log 2>&1 &
id=$!

# The memory that is its own, in KiB, averaged over a window, because batches come and go; descriptors; threads.
own_memory() { awk '/^RssAnon:/ {print $2}' /proc/$id/status; }
descriptors() { ls /proc/$id/fd | wc -l; }
threads() { awk '/^Threads:/ {print $2}' /proc/$id/status; }
steps() { tail -n 1 run/metrics.jsonl | grep -o '"step":[0-9]*' | grep -o '[0-9]*'; }
measure() {  # measure SECONDS: the mean memory and the most descriptors and threads
  local until=$(($(date +%s) + $1)) sum=0 count=0
  most_descriptors=0 most_threads=0
  while [ "$(date +%s)" -lt $until ] && kill -0 $id 2> /dev/null; do
    sum=$((sum + $(own_memory))) count=$((count + 1))
    local d=$(descriptors) t=$(threads)
    [ $d -le $most_descriptors ] || most_descriptors=$d
    [ $t -le $most_threads ] || most_threads=$t
    sleep 1
  done
  mean_memory=$((sum / (count > 0 ? count : 1)))
}
third=$((minutes * 20))
sleep $third
kill -0 $id || { cat log; exit 1; }
measure $third
memory=$mean_memory descriptors=$most_descriptors threads=$most_threads
echo "second third: $((memory / 1024)) MiB, $descriptors descriptors, $threads threads, step $(steps)"
measure $third
echo "last third: $((mean_memory / 1024)) MiB, $most_descriptors descriptors, $most_threads threads, step $(steps)"
check "its memory grew by at most 1 %: from $memory to $mean_memory KiB" test $((mean_memory * 100)) -le $((memory * 101))
check "its descriptors stay: from $descriptors to $most_descriptors" test $most_descriptors -le $descriptors
check "its threads stay: from $threads to $most_threads" test $most_threads -le $threads
check "it is still at work" kill -TERM $id
code=0
wait $id || code=$?
check "it stops with 130, not $code" test $code = 130
echo "$passed passed, $failed failed, $minutes minutes"
[ $failed = 0 ]
