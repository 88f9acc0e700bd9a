#!/usr/bin/env bash
# onnx.sh NONEQ_PROGRAM: exported networks in ONNX Runtime give the numbers of `noneq predict`. Needs a Python with onnxruntime,
# numpy and safetensors among those of PEER_PYTHON, separated by colons; where there is none it is skipped.
set -euo pipefail
noneq=$1
if ! python=$("$(dirname "$0")/python_with.sh" onnxruntime numpy safetensors.numpy); then
  echo "$python"
  exit 0
fi
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
run() {  # run NAME PARAMETERS OF THE LOADER, THE MODEL
  cat > "$1.yaml" << EOF
name: $1
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 100}, mean: epsilon}
graph:
  data: {plugin: loader.random_fields, size: [16, 16], coarse: 4, batch: 8$2}
  noiser: {plugin: noiser.marginal, in: data}
  model: {plugin: model.unet, in: noiser, channels: 16, multipliers: [1, 2], blocks: 1, groups: 8, attention: [8]$3}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 20}
EOF
  "$noneq" run "$1.yaml" --quiet --no-report
  "$noneq" export "runs/$1" --format onnx --out "$1.onnx" > /dev/null
}
run plain "" ""
run periodic "" ", padding: [reflect, circular], heads: 2, scale_shift: true"

cat > compare.py << 'EOF'
import os, subprocess, sys
import numpy, onnxruntime
from safetensors.numpy import load_file, save_file
for name in ("plain", "periodic"):
    session = onnxruntime.InferenceSession(f"{name}.onnx", providers=["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape[1:]
    x = numpy.random.default_rng(1).standard_normal((5, *shape)).astype("float32")
    t = numpy.array([0, 3, 50, 98, 99])
    save_file({"x": x, "t": t}, "in.safetensors")
    # In float32, as ONNX Runtime computes.
    subprocess.run([sys.argv[1], "predict", f"runs/{name}", "--in", "in.safetensors", "--out", "out.safetensors", "--force"],
                   check=True, stdout=subprocess.DEVNULL, env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"})
    right = load_file("out.safetensors")["y"]
    made = session.run(None, {"x": x, "t": t})[0]
    error = abs(made - right).max() / abs(right).max()
    print(f"{name}: {error:.1e}")
    assert made.shape == right.shape and error < 1e-5, error
EOF
"$python" compare.py "$noneq"
echo "2 passed, 0 failed"
