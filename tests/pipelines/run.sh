#!/usr/bin/env bash
# Checks every example pipeline, and runs it for a few steps with few samples. Those without a trainer take the runs and
# files that others make, and are run behind them.
set -euo pipefail
noneq=$1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
passed=0

data/fashion_mnist.sh "$noneq" "$out/fashion_mnist.h5"
for file in $(grep -l 'trainer:' pipelines/*.yaml); do
  name=$(basename "$file" .yaml)
  echo "== $name"
  "$noneq" check "$file"
  short=(--set graph.trainer.steps=20)
  grep -q '^  bound:' "$file" && short+=(--set graph.bound.samples=64 --set graph.bound.times=20)
  grep -q '^  ceiling:' "$file" && short+=(--set graph.ceiling.samples=8)
  grep -q '^  sampler:' "$file" && short+=(--set graph.sampler.count=8)
  grep -q '^  parzen:' "$file" && short+=(--set graph.parzen.samples=8 --set graph.parzen.tuning=8)
  grep -q '^  filled:' "$file" && short+=(--set graph.filled.count=2 --set graph.filled.steps=10)
  grep -q '^  drawn:' "$file" && short+=(--set graph.drawn.count=4 --set graph.drawn.steps=3)
  grep -q '^  scaled:.*rows:' "$file" && short+=(--set graph.scaled.rows=64)
  expected=K_bits
  if grep -q 'random_fields' "$file"; then
    short+=(--set graph.trainer.steps=3 --set graph.model.channels=8)
    expected=crps
  elif grep -q 'model.unet' "$file"; then
    short+=(--set graph.loader.file="$out/fashion_mnist.h5" --set graph.trainer.steps=3 --set graph.look.count=2)
    for metric in bits validation validation_raw; do
      short+=(--set graph.$metric.samples=4 --set graph.$metric.times=2)
    done
    expected=bits_per_dim
  fi
  "$noneq" run "$file" --out "$out/$name" --quiet "${short[@]}"
  grep -q 'metric\.' "$file" && "$noneq" eval "$out/$name" --json | grep -q "$expected"
  passed=$((passed + 1))
done

# A pipeline without a trainer, with these changes, and the name of a record it must make, or a file.
processed() {
  local name=$1 expected=$2
  shift 2
  echo "== $name"
  "$noneq" check "pipelines/$name.yaml" "$@"
  "$noneq" run "pipelines/$name.yaml" --out "$out/$name" --quiet "$@"
  grep -q "$expected" "$out/$name/metrics.jsonl" 2>/dev/null || test -e "$out/$name/$expected"
  passed=$((passed + 1))
}
fields=(random_fields --count 8 --seed 7)
gaussian=(--set scale=1 --set offset=0 --set skew=0)
"$noneq" data make "${fields[@]}" --out "$out/fields.h5"
"$noneq" data make "${fields[@]}" "${gaussian[@]}" --out "$out/whole.h5"
"$noneq" data make "${fields[@]}" "${gaussian[@]}" --set missing=0.3 --out "$out/gaps.h5"
processed downscale_apply fine.h5 --set graph.coarse.file="$out/fields.h5" --set graph.fine.of="$out/downscale" \
  --set graph.fine.steps=2 --set graph.fine.members=3
processed downscale_verify crps --set graph.forecast.file="$out/downscale_apply/fine.h5" \
  --set graph.truth.file="$out/fields.h5"
processed fill_gaps_apply crps --set graph.gaps.file="$out/gaps.h5" --set graph.whole.file="$out/whole.h5" \
  --set graph.filled.of="$out/fill_gaps" --set graph.filled.steps=2 --set graph.filled.members=2
fashion=(--set "graph.test.file=$out/fashion_mnist.h5" --set "graph.test.rows=:4")
processed denoise psnr "${fashion[@]}" --set graph.clean.of="$out/fashion_mnist_fast" --set graph.clean.steps=4 \
  --set graph.clean.members=2
processed score area_under_curve "${fashion[@]}" --set graph.of_usual.of="$out/fashion_mnist_fast" \
  --set graph.of_strange.of="$out/fashion_mnist_fast" --set graph.of_usual.times=2 --set graph.of_strange.times=2
echo "$passed passed, 0 failed"
