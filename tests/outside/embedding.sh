#!/usr/bin/env bash
# Installs the package, builds the example programs that embed a run against it, and compares what they draw. Nothing but their own lines may appear on the terminal.
set -euo pipefail
build=$1 examples=$2
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cmake --install "$build" --prefix "$here/prefix" > /dev/null
noneq=$here/prefix/bin/noneq
cat > "$here/p.yaml" <<'YAML'
name: embedded
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 20}, mean: v}
graph:
  loader: {plugin: loader.swiss_roll, batch: 32}
  noiser: {plugin: noiser.marginal, in: loader}
  model: {plugin: model.mlp, in: noiser, hidden: [8]}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 50}
YAML
"$noneq" run "$here/p.yaml" --out "$here/run" --quiet --no-report

cp -r "$examples" "$here/examples"
cmake -G Ninja -S "$here/examples" -B "$here/built" -DCMAKE_PREFIX_PATH="$here/prefix" > /dev/null
cmake --build "$here/built" > "$here/build.log" || { cat "$here/build.log"; exit 1; }
cd "$here"  # the programs find the plugins by the library, wherever they are started
passed=0
draws_like_the_others() {
  local name=$1
  shift
  "$@" > "$here/$name.out" 2> "$here/$name.err"
  # Numbers of the form 1.5 and 1.50000000E+00 are equal, as float32.
  awk '{for (i = 1; i <= NF; ++i) printf "%.8e%s", $i, i < NF ? " " : "\n"}' "$here/$name.out" > "$here/$name.numbers"
  [ "$(wc -l < "$here/$name.numbers")" = 4 ]
  if [ -f "$here/first.numbers" ]; then cmp "$here/first.numbers" "$here/$name.numbers"; else cp "$here/$name.numbers" "$here/first.numbers"; fi
  passed=$((passed + 1))
}
draws_like_the_others cpp built/draw_cpp "$here/run"
grep -qE "^the first number, with noise of deviation 0.5 removed: -?[0-9.]+" cpp.err
[ "$(wc -l < cpp.err)" = 1 ]
draws_like_the_others c built/draw_c "$here/run"
[ "$(cat c.err)" = "20 calls of the network" ]
if [ -x built/draw_fortran ]; then
  draws_like_the_others fortran built/draw_fortran "$here/run"
  [ ! -s fortran.err ]
else
  echo "not tested on this machine: the example in Fortran, which needs gfortran"
fi
if command -v python3 > /dev/null; then
  draws_like_the_others python python3 examples/draw.py "$here/prefix/lib/libnoneq_runs.so" "$here/run"
  cmp cpp.err python.err
else
  echo "not tested on this machine: the example in Python, which needs python3"
fi
if command -v pkg-config > /dev/null; then
  # shellcheck disable=SC2046
  cc -std=c99 examples/draw.c -o drawn_by_flags $(PKG_CONFIG_PATH=$here/prefix/lib/pkgconfig pkg-config --cflags --libs noneq)
  draws_like_the_others flags ./drawn_by_flags "$here/run"
else
  echo "not tested on this machine: noneq.pc, which needs pkg-config"
fi
set +e
built/draw_c "$here/nowhere" > out 2> err
[ $? = 2 ] && [ ! -s out ] && grep -q "nowhere: is not the folder of a run" err || { cat err; exit 1; }
echo "$passed passed, 0 failed"
