#!/usr/bin/env bash
# Reads the events of runs by TensorBoard's own reader: the numbers are those of metrics.csv, pictures decode, and a run that
# was resumed shows no step twice. Skipped where no Python of $PEER_PYTHON has TensorBoard.
set -euo pipefail
noneq=$1
if ! python=$("$(dirname "$0")/python_with.sh" tensorboard); then
  echo "$python"
  exit 0
fi
here=$(mktemp -d)
at_work=""
trap '[[ -z $at_work ]] || kill -KILL "$at_work" 2> /dev/null || true; rm -rf "$here"' EXIT
cat > "$here/p.yaml" <<'YAML'
name: shown
process: {kernel: gaussian, schedule: {plugin: log_snr, steps: 10, first_beta: 0.01}, mean: v}
graph:
  loader: {plugin: loader.swiss_roll, batch: 32}
  noiser: {plugin: noiser.marginal, in: loader}
  model: {plugin: model.mlp, in: noiser, hidden: [8]}
  loss: {plugin: loss.bound, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 60, log: 10, checkpoint: 20}
  bound: {plugin: metric.bound, of: model, samples: 64, every: 20}
  look: {plugin: sampler.ancestral, of: model, count: 16, every: 20}
  picture: {plugin: writer.png, in: look, file: look.png}
YAML
"$noneq" run "$here/p.yaml" --out "$here/live" --quiet --no-report --tensorboard --set graph.trainer.steps=40
"$noneq" run "$here/p.yaml" --out "$here/live" --quiet --no-report --resume
"$noneq" run "$here/p.yaml" --out "$here/later" --quiet --no-report
# Killed behind pictures of steps that its checkpoint does not hold, and resumed to a step before some of them.
killed=("$here/p.yaml" --out "$here/killed" --quiet --no-report --set graph.trainer.log=100
  --set graph.bound.every=200 --set graph.look.every=200)
"$noneq" run "${killed[@]}" --tensorboard --set graph.trainer.steps=500
"$noneq" run "${killed[@]}" --resume --set graph.trainer.steps=1000000 --set graph.trainer.checkpoint=1000000 &
at_work=$!
for ((wait = 0; wait < 600; ++wait)); do
  [[ ! -e $here/killed/look-step-1000.png ]] || break
  sleep 0.1
done
kill -KILL "$at_work"
wait "$at_work" 2> /dev/null || true
at_work=""
[[ -e $here/killed/look-step-1000.png ]] || { echo "the run that was to be killed drew no picture of step 1000"; exit 1; }
"$noneq" run "${killed[@]}" --resume --set graph.trainer.steps=900
"$noneq" export "$here/later" --format tensorboard > /dev/null
cp -r "$here/killed" "$here/exported"
"$noneq" export "$here/exported" --format tensorboard > /dev/null
"$python" - "$here/live" "$here/later" "$here/killed" "$here/exported" <<'PYTHON'
import collections, csv, glob, math, struct, sys
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util import tensor_util

for folder in sys.argv[1:]:
    # TensorBoard's usual reader knows no start of a session: it drops what it has of a tag when a lower step follows.
    steps_of = collections.defaultdict(list)
    for file in sorted(glob.glob(folder + '/events.out.tfevents.*')):
        for event in EventFileLoader(file).Load():
            for value in event.summary.value:
                steps_of[value.tag].append(event.step)
    for tag, steps in steps_of.items():
        assert all(a < b for a, b in zip(steps, steps[1:])), (folder, tag, steps)
    events_at = [20, 40, 60] if folder.endswith(('live', 'later')) else [200, 400, 500, 600, 800, 900]
    # The picture of the end at step 500 was replaced by that of step 900.
    drawn_at = [step for step in events_at if step != 500 or not folder.endswith('exported')]
    expected = collections.defaultdict(dict)
    with open(folder + '/metrics.csv', newline='') as table:
        for row in csv.DictReader(table):
            tag = row['node'] + '/' + row['name']
            expected[tag][int(row['step'])] = float(row['value'])
            if row['stderr']:
                expected['stderr/' + tag][int(row['step'])] = float(row['stderr'])
    everything = {event_accumulator.SCALARS: 0, event_accumulator.IMAGES: 0, event_accumulator.HISTOGRAMS: 0,
                  event_accumulator.TENSORS: 0}
    shown = event_accumulator.EventAccumulator(folder, size_guidance=everything)
    shown.Reload()
    for tag, values in expected.items():
        events = shown.Scalars(tag)
        assert [e.step for e in events] == sorted(values), (folder, tag, [e.step for e in events], sorted(values))
        for e in events:
            assert math.isclose(e.value, values[e.step], rel_tol=1e-6), (tag, e, values[e.step])
        assert all(a.wall_time <= b.wall_time for a, b in zip(events, events[1:])), tag
    assert set(shown.Tags()['scalars']) == set(expected) | {'trainer/rate'}
    pictures = shown.Images('picture/look.png')
    assert [p.step for p in pictures] == drawn_at, pictures
    for p in pictures:
        width, height = struct.unpack('>II', p.encoded_image_string[16:24])
        assert (p.width, p.height) == (width, height)
    bars = shown.Histograms('bound/kl')
    assert [h.step for h in bars] == events_at
    for h in bars:
        value = h.histogram_value
        assert len(value.bucket) == len(value.bucket_limit) == 9 and value.min == 1.5 and value.max == 10.5, value
    # The reader of today's dashboards.
    new = plugin_event_accumulator.EventAccumulator(folder, size_guidance={plugin_event_accumulator.TENSORS: 0})
    new.Reload()
    text = tensor_util.make_ndarray(new.Tensors('pipeline')[0].tensor_proto)[0].decode()
    assert 'model.mlp' in text and text.startswith('```yaml')
    assert new.SummaryMetadata('bound/K').summary_description.startswith('in bits'), new.SummaryMetadata('bound/K')
    assert new.SummaryMetadata('loss/loss').plugin_data.plugin_name == 'scalars'
    print(folder.rsplit('/', 1)[1] + ':', len(expected), 'series as in metrics.csv')
PYTHON
