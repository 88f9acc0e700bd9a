#!/usr/bin/env bash
# run.sh NONEQ_PROGRAM [KILLS]: training on 1, 2 and 4 processes leaves equal bytes: weights, averages, optimizer, records, samples.
# Also after a rank was killed or stopped and the run goes on with another number of them. Errors are printed once.
set -euo pipefail
. "$(dirname "$0")/../checks.sh"
noneq=$1
if ! command -v mpirun > /dev/null; then
  echo "not tested on this machine: there is no mpirun"
  exit 0
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe  # the same of Open MPI 5
if ! timeout 60 mpirun -n 2 --bind-to none true 2> /dev/null; then
  echo "not tested on this machine: mpirun cannot start two processes"
  exit 0
fi
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
ranks() {  # ranks COUNT ARGUMENTS OF noneq run...
  timeout 120 mpirun -n "$1" --bind-to none "$noneq" run "${@:2}" --threads 1 --no-report
}

cat > unet.yaml << 'YAML'
name: unet
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 50}, mean: v}
graph:
  data: {plugin: loader.random_fields, size: [8, 8], coarse: 2, batch: 10}
  noiser: {plugin: noiser.marginal, in: data, time: {plugin: loss_second_moment, history: 1}}
  model: {plugin: model.unet, in: noiser, channels: 16, multipliers: [1, 2], blocks: 1, groups: 8, dropout: 0.1}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 24, shards: 4, ema: [0.9], averages: [0.05, 0.1], clip: 1, log: 4, checkpoint: 5}
  sampler: {plugin: sampler.ddim, of: model, count: 7, chunk: 2, steps: 4, clip: true, every: 8}
  samples: {plugin: writer.hdf5, in: sampler, file: samples.h5}
YAML
cat > learned.yaml << 'YAML'
name: learned
process: {kernel: gaussian, schedule: {plugin: learned, steps: 20, first_beta: 0.01}, mean: epsilon}
graph:
  data: {plugin: loader.swiss_roll, batch: 64}
  noiser: {plugin: noiser.marginal, in: data}
  model: {plugin: model.mlp, in: noiser, hidden: [300, 300]}
  loss: {plugin: loss.bound, in: model}
  trainer: {plugin: trainer.adamw, in: loss, steps: 24, shards: 12, schedule_rate: 1.0e-2, log: 4, checkpoint: 5}
  k: {plugin: metric.bound, of: model, samples: 64, every: 12}
YAML
# Fewer pieces of weights than ranks; a writer beside the training that reads what is behind the gate.
cat > small.yaml << 'YAML'
name: small
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 20}, mean: x0}
graph:
  data: {plugin: loader.swiss_roll, batch: 30}
  noiser: {plugin: noiser.marginal, in: data}
  model: {plugin: model.mlp, in: noiser, hidden: [8]}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 24, shards: 4, log: 4, checkpoint: 5}
  k: {plugin: metric.bound, of: model, samples: 64, every: 4, weights: raw}
  losses: {plugin: writer.hdf5, in: [loss, data], as: {data.x0: seen}, file: samples-losses.h5, datasets: [loss, seen], every: 7}
YAML
# Ranks read shares of the batches, whose random turns and times depend on their place in the whole batch. Streams beside
# the training whose batches the ranks divide: a metric of the model, and ensembles for rows of the data.
cat > measured.yaml << 'YAML'
name: measured
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 20}, mean: epsilon}
graph:
  data: {plugin: loader.hdf5, file: fields.h5, read: {x: x, low: low}, batch: 9}
  turned: {plugin: transform.flip, in: data, fields: [x0, low]}
  noiser: {plugin: noiser.marginal, in: turned, time: antithetic}
  model: {plugin: model.unet, in: noiser, channels: 8, multipliers: [1], blocks: 1, groups: 4, condition: [low]}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 4, shards: 4, log: 2, checkpoint: 3}
  k: {plugin: metric.bound, of: model, samples: 23, chunk: 4, every: 2}
  down: {plugin: sampler.ddim, of: model, in: data, count: 19, members: 2, steps: 3, clip: true, every: 2}
  score: {plugin: metric.crps, in: [down, data], as: {data.x0: truth}}
  forecasts: {plugin: writer.hdf5, in: down, file: samples-down.h5}
YAML
cat > joined.yaml << 'YAML'
name: joined
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 20}, mean: x0}
graph:
  data: {plugin: loader.hdf5, file: fields.h5, order: sequential, batch: 6}
  other: {plugin: loader.hdf5, file: fields.h5, dataset: low, order: sequential, batch: 6}
  noiser: {plugin: noiser.marginal, in: [data, other], as: {other.x0: low}}
  model: {plugin: model.unet, in: noiser, channels: 8, multipliers: [1], blocks: 1, groups: 4, condition: [low], self_conditioning: true}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 5, shards: 4}
YAML
# A metric that keeps a file in the folder, which every rank reads.
cat > near.yaml << 'YAML'
name: near
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 20}, mean: epsilon}
graph:
  data: {plugin: loader.hdf5, file: fields.h5, held_out: 0.3, batch: 8}
  noiser: {plugin: noiser.marginal, in: data}
  model: {plugin: model.mlp, in: noiser, hidden: [8]}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 4, shards: 4, log: 2}
  sampler: {plugin: sampler.ddim, of: model, count: 21, chunk: 2, steps: 4, clip: true, every: 2}
  nearest: {plugin: metric.nearest, in: sampler}
  distance: {plugin: metric.frechet, in: sampler}
YAML
bytes() {
  (cd "$1" && checkpoint_sum &&
    sha256sum metrics.jsonl metrics.csv $(ls samples*.h5 2> /dev/null) | sort)
}
same() { diff <(bytes "$1") <(bytes "$2"); }

"$noneq" data make random_fields --count 40 --set size=[8,8] --set coarse=2 --out fields.h5 > /dev/null
for p in unet learned small measured near; do
  "$noneq" run $p.yaml --out $p-0 --quiet --no-report --threads 2
  for n in $([ $p = small ] && echo 1) 2 4; do
    check "$p on $n ranks runs" ranks $n $p.yaml --out $p-$n --quiet
    check "$p on $n ranks has the same bytes" same $p-0 $p-$n
  done
done
# Fewer rows than shards: a rank none of whose shards has a row; one batch of two loaders; a first estimate of x⁰.
few=(--set graph.data.batch=3 --set graph.trainer.steps=6)
for p in small near; do  # of whole batches, because a writer needs them, and of shares
  "$noneq" run $p.yaml --out few-$p-0 "${few[@]}" --quiet --no-report
  check "$p with fewer rows than shards on 4 ranks runs" ranks 4 $p.yaml --out few-$p-4 "${few[@]}" --quiet
  check "and has the same bytes" same few-$p-0 few-$p-4
done
"$noneq" run joined.yaml --out joined-0 --quiet --no-report
check "two loaders on 2 ranks run" ranks 2 joined.yaml --out joined-2 --quiet
check "and have the same bytes" same joined-0 joined-2
check "learned on 3 ranks, which are no power of two, runs" ranks 3 learned.yaml --out learned-3 --quiet
check "and has the same bytes" same learned-0 learned-3

# A pipeline that only measures and draws; the file of samples states the command, which is the same.
cat > measure.yaml << 'YAML'
name: measure
graph:
  sampler: {plugin: sampler.ddim, of: near-0, count: 21, chunk: 2, steps: 4, clip: true}
  distance: {plugin: metric.frechet, in: sampler}
  k: {plugin: metric.bound, of: near-0, samples: 23, chunk: 4}
  samples: {plugin: writer.hdf5, in: sampler, file: samples.h5}
YAML
for n in 1 3; do
  check "a pipeline without a trainer on $n ranks runs" ranks $n measure.yaml --out measure --quiet
  mv measure measure-$n
done
drawn() { (cd "$1" && sha256sum samples.h5 metrics.jsonl metrics.h5); }
check "and has the same bytes" diff <(drawn measure-1) <(drawn measure-3)

# The verbs on a finished run.
several() { timeout 120 mpirun -n "$1" --bind-to none "$noneq" "${@:2}" --quiet; }
"$noneq" sample near-0 --count 9 --set chunk=2 --steps 4 --out alone.h5 --quiet
check "three ranks sample" several 3 sample near-0 --count 9 --set chunk=2 --steps 4 --out several.h5
check "to the same bytes" cmp alone.h5 several.h5
"$noneq" eval near-0 --method bound --samples 20 --json --quiet > alone.json
check "two ranks measure" eval 'several 2 eval near-0 --method bound --samples 20 --json > several.json'
check "the same numbers" cmp alone.json several.json
refused() {  # refused COMMAND...: it ends with exit code 2, and writes to log
  local code=0
  "$@" > log 2>&1 || code=$?
  [ $code = 2 ]
}
check "wrong options are printed once" eval 'refused several 2 sample near-0 --colour && [ "$(grep -c colour log)" = 1 ]'
check "mistakes are printed once" eval 'refused several 2 sample near-0 --count 9 --steps 4000 --out many.h5 && [ "$(grep -c "need at most the schedule" log)" = 1 ]'

check "ranks are traced" ranks 2 small.yaml --out traced --trace trace.json --quiet
check "each in a file of its own" eval 'grep -q "\"rank 0 on " trace.json && grep -q "\"rank 1 on " trace-rank-1.json && ! grep -q "\"pid\": 1," trace-rank-1.json'
check "and traces lie outside of the run" eval 'refused ranks 2 small.yaml --out traced --force --trace traced/trace.json && grep -q "need another place" log'

check "shards that follow the machine run" ranks 2 small.yaml --out follows --set graph.trainer.shards=auto --quiet
shards=$(sed -n 's/^ *shards: //p' follows/pipeline.yaml)
check "and are a multiple of the ranks, not '$shards'" test $((shards % 2)) = 0
"$noneq" run small.yaml --out follows-1 --set graph.trainer.shards="$shards" --quiet --no-report
check "of equal bytes on one process" same follows follows-1

# A rank is killed; the run goes on with another number of ranks, to the bytes of an undisturbed run.
for seed in $(seq "${2:-1}"); do
  rm -rf killed
  (ranks 2 unet.yaml --out killed --quiet > log 2>&1 || true) &
  for _ in $(seq 100); do [ -e killed/checkpoint/checkpoint.json ] && break; sleep 0.05; done
  sleep 0.0$((RANDOM % 10))
  check "a rank is killed ($seed)" pkill -KILL -f -n "$noneq run unet.yaml --out killed"
  wait
  check "goes on after a kill ($seed)" ranks 4 unet.yaml --out killed --quiet --resume
  check "to the same bytes ($seed)" same unet-0 killed
done

# SIGTERM on one rank stops all, with a checkpoint.
rm -rf stopped
ranks 2 unet.yaml --out stopped --set graph.trainer.steps=100000 --quiet > log 2>&1 &
for _ in $(seq 100); do [ -e stopped/checkpoint/checkpoint.json ] && break; sleep 0.1; done
pkill -TERM -f -n "$noneq run unet.yaml --out stopped"
code=0; wait $! || code=$?
check "a stop of one rank ends all with 130, not $code" test $code = 130
check "with one message" test "$(grep -c interrupted log)" = 1
check "and goes on" ranks 4 unet.yaml --out stopped --resume --quiet --set graph.trainer.steps="$(sed -n 's/.*"step": \([0-9]*\),.*/\1/p' stopped/checkpoint/checkpoint.json | head -1 | awk '{print $1 + 3}')"

# SIGTERM on one rank while all of them draw samples.
rm -rf stopped
ranks 2 unet.yaml --out stopped --set graph.sampler.count=4000 --set graph.trainer.log=1 --quiet > log 2>&1 &
for _ in $(seq 100); do [ "$(grep -c loss stopped/metrics.jsonl 2> /dev/null)" = 8 ] && break; sleep 0.1; done
sleep 0.3
pkill -TERM -f -n "$noneq run unet.yaml --out stopped"
code=0; wait $! || code=$?
check "a stop among samples ends all with 130, not $code" test $code = 130
check "and the run goes on" ranks 4 unet.yaml --out stopped --resume --quiet --set graph.trainer.log=1

once() {  # once CODE TEXT ARGUMENTS...: two ranks end with this code, and the text is printed once
  local code=0
  ranks 2 "${@:3}" > log 2>&1 || code=$?
  [ $code = "$1" ] && [ "$(grep -c "$2" log)" = 1 ] || { echo "code $code"; cat log; return 1; }
}
check "shards that the ranks do not divide are refused, once" once 2 "trainer.shards: got 5 shards for 2 processes" unet.yaml --out refused --set graph.trainer.shards=5
check "a typo is refused, once" once 2 "did you mean" unet.yaml --out refused --set graph.trainer.step=5
check "a folder that holds a run is refused, once" once 2 "holds a finished run" unet.yaml --out unet-0
check "a trace that cannot be written is refused, once" once 1 "cannot write\|cannot be made\|cannot open" unet.yaml --out refused --trace /proc/trace.json
ranks_with() {  # ranks_with BEFORE BEHIND: a shell starts two ranks with these words around the command; they are to be refused
  refused timeout 60 mpirun -n 2 --bind-to none sh -c "$1 exec $noneq run unet.yaml --out refused $2"
}
check "ranks with different pipelines are refused" ranks_with "" "--seed \$OMPI_COMM_WORLD_RANK"
check "by what differs" grep -q "rank 1 differs from rank 0 in the pipeline" log
check "ranks with other instruction sets are refused" ranks_with '[ $OMPI_COMM_WORLD_RANK = 0 ] || export ATEN_CPU_CAPABILITY=default;' ""
check "by what differs" grep -q "rank 1 differs from rank 0 in the processor" log
check "nothing was written" test ! -e refused
check "a step that fails is reported, once" once 1 "the loss became" unet.yaml --out diverges --set graph.trainer.rate=1e30 --set graph.trainer.clip=0
echo "$passed passed, $failed failed"
[ $failed = 0 ]
