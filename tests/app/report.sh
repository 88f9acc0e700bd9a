#!/usr/bin/env bash
# Opens the page of a run in a browser without a screen: charts are drawn, sliders move pictures, nothing is written to
# the console, and nothing is requested from anywhere. Skipped where there is no Chromium.
set -euo pipefail
noneq=$1
browser=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$browser" ]; then
  echo "not tested on this machine: there is no chromium, which opens the page of a run (Debian's package chromium)"
  exit 0
fi
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cat > "$here/p.yaml" <<'YAML'
name: '<script>console.error("read as HTML")<!-- "&amp;'
process: {kernel: gaussian, schedule: {plugin: log_snr, steps: 10, first_beta: 0.01}, mean: v}
graph:
  loader: {plugin: loader.swiss_roll, batch: 32}
  noiser: {plugin: noiser.marginal, in: loader}
  model: {plugin: model.mlp, in: noiser, hidden: [8]}
  loss: {plugin: loss.bound, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 60, log: 10}
  bound: {plugin: metric.bound, of: model, samples: 64, every: 20}
  sampler: {plugin: sampler.ancestral, of: model, count: 64, frames: 6}
  samples: {plugin: writer.hdf5, in: sampler, file: samples.h5}
  look: {plugin: sampler.ancestral, of: model, count: 16, every: 20}
  looks: {plugin: writer.hdf5, in: look, file: looks.h5}
  curve: {plugin: writer.figure, in: bound, file: bound.png}
YAML
"$noneq" run "$here/p.yaml" --out "$here/a" --quiet
"$noneq" run "$here/p.yaml" --out "$here/b" --quiet --seed 2
"$noneq" report "$here/a" "$here/b" --out "$here/both.html" > /dev/null

opened=0
check() {  # check PAGE WIDTH WHAT-IT-FINDS
  # No proxy and no host: a request that the page made would stand in the log of the network all the same.
  "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$here/profile" --window-size="$2,2000" \
    --disable-background-networking --disable-component-update --disable-sync --no-first-run --no-default-browser-check \
    --virtual-time-budget=8000 --enable-logging=stderr --log-net-log="$here/net.json" --dump-dom \
    "file://$1#self-check" > "$here/dom.html" 2> "$here/log"
  if grep -E 'CONSOLE' "$here/log"; then
    echo "$1 at $2 pixels: the page wrote to the console"
    exit 1
  fi
  if ! grep -qE "$3" "$here/dom.html"; then
    echo "$1 at $2 pixels: need '$3', got: $(grep -o '<pre id="self-check">[^<]*' "$here/dom.html" || tail -5 "$here/log")"
    exit 1
  fi
  if grep -oE '"(url|initiator)":"(https?|wss?)://[^"]*"' "$here/net.json" | grep -vE 'google|gstatic' | grep .; then
    echo "$1 at $2 pixels: the page requested something"
    exit 1
  fi
  opened=$((opened + 1))
}
all='charts ([1-9][0-9]) of \1, sliders'  # each of at least ten
check "$here/a/report.html" 1200 "$all 3 of 3, pictures 1 broken 0"
check "$here/a/report.html" 500 "$all 3 of 3, pictures 1 broken 0"
check "$here/both.html" 1200 "$all 6 of 6, pictures 2 broken 0"
echo "$opened passed, 0 failed"
