#!/usr/bin/env bash
# Checks every example pipeline, and runs it for a few steps with few samples.
set -euo pipefail
noneq=$1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

data/fashion_mnist.sh "$noneq" "$out/fashion_mnist.h5"
passed=0
for file in pipelines/*.yaml; do
  name=$(basename "$file" .yaml)
  echo "== $name"
  "$noneq" check "$file"
  short=(--set graph.trainer.steps=20)
  grep -q '^  bound:' "$file" && short+=(--set graph.bound.samples=64 --set graph.bound.times=20)
  grep -q '^  ceiling:' "$file" && short+=(--set graph.ceiling.samples=8)
  grep -q '^  sampler:' "$file" && short+=(--set graph.sampler.count=8)
  grep -q '^  parzen:' "$file" && short+=(--set graph.parzen.samples=8 --set graph.parzen.tuning=8)
  grep -q '^  filled:' "$file" && short+=(--set graph.filled.count=2 --set graph.filled.steps=10)
  expected=K_bits
  if grep -q 'model.unet' "$file"; then
    short+=(--set graph.loader.file="$out/fashion_mnist.h5" --set graph.trainer.steps=3 --set graph.look.count=2)
    for metric in bits validation validation_raw; do
      short+=(--set graph.$metric.samples=4 --set graph.$metric.times=2)
    done
    expected=bits_per_dim
  fi
  "$noneq" run "$file" --out "$out/$name" --quiet "${short[@]}"
  "$noneq" eval "$out/$name" --json | grep -q "$expected"
  passed=$((passed + 1))
done
echo "$passed passed, 0 failed"
