#!/usr/bin/env bash
# Installs the package, builds plugins against it outside the tree, one and several in a library, and uses them with the
# installed program.
set -euo pipefail
build=$1 source=$2
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cmake --install "$build" --prefix "$here/prefix" > /dev/null
cp -r "$source" "$here/source"
shown() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$source/../../docs/plugins.md" | awk '/^```/ { if (n++) exit; next } 1'; }
mkdir "$here/source/docs"
shown cpp > "$here/source/docs/mine.cpp"
shown cmake > "$here/source/docs/CMakeLists.txt"
cmake -G Ninja -S "$here/source" -B "$here/build" -DCMAKE_PREFIX_PATH="$here/prefix" -DCMAKE_BUILD_TYPE=Release > /dev/null
cmake --build "$here/build"
export NONEQ_PLUGIN_PATH=$here/build:$here/build/docs
noneq=$here/prefix/bin/noneq
"$noneq" describe schedule.polynomial | grep -q "the power"
"$noneq" describe schedule.exponential | grep -q "file: $here/build/libseveral.so"
"$noneq" list weighting > "$here/weightings"
grep -qE "^weighting.half +libseveral.so +The weight 1/2" "$here/weightings"
grep -qE "^weighting.p2 +weightings.so " "$here/weightings"
"$here/build/laws"
cat > "$here/p.yaml" <<'YAML'
name: outside
process: {kernel: gaussian, schedule: {plugin: polynomial, steps: 10}, mean: v}
graph:
  loader: {plugin: loader.swiss_roll, batch: 32}
  noiser: {plugin: noiser.marginal, in: loader}
  model: {plugin: model.mlp, in: noiser, hidden: [8]}
  loss: {plugin: loss.simple, in: model, weighting: half}
  trainer: {plugin: trainer.adam, in: loss, steps: 5}
YAML
"$noneq" run "$here/p.yaml" --out "$here/run" --quiet
grep -q 'Chart.js v' "$here/run/report.html"  # the installed program has the charting library with it
"$noneq" check "$here/p.yaml" --set process.schedule.plugin=half --set graph.loss.weighting=p2
test "$("$noneq" table "$here/p.yaml" | wc -l)" = 11
"$noneq" check "$here/p.yaml" --set process.schedule.plugin=mine --set process.schedule.power=3
echo "1 passed, 0 failed"
