#!/usr/bin/env bash
# diffusers.sh NONEQ_PROGRAM: networks go to diffusers and come back. Of an exported folder, and of one that diffusers wrote,
# diffusers and `noneq predict` give the same numbers, and the scheduler has the same betas. Needs a Python with diffusers, torch
# and safetensors among those of PEER_PYTHON, separated by colons; where there is none it is skipped.
set -euo pipefail
noneq=$1
if ! python=$("$(dirname "$0")/python_with.sh" diffusers torch safetensors.torch); then
  echo "$python"
  exit 0
fi
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
cat > out.yaml << 'EOF'
name: out
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 100}, mean: v, variance: fixed_small}
graph:
  data: {plugin: loader.random_fields, size: [16, 16], coarse: 4, batch: 8}
  noiser: {plugin: noiser.marginal, in: data}
  model: {plugin: model.unet, in: noiser, channels: 16, multipliers: [1, 2], blocks: 1, groups: 8, attention: [8], time_range: 0}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 20}
EOF
"$noneq" run out.yaml --quiet --no-report
"$noneq" export runs/out --format diffusers --out exported > /dev/null

cat > compare.py << 'EOF'
import json, os, subprocess, sys
import torch
from diffusers import DDPMScheduler, UNet2DModel
from safetensors.torch import load_file, save_file

def compare(name, network, source):
    network.eval()
    torch.manual_seed(1)
    x = torch.randn(5, network.config.in_channels, 16, 16)
    t = torch.tensor([0, 3, 50, 98, 99])
    save_file({"x": x, "t": t}, "in.safetensors")
    # In float32, as diffusers computes.
    subprocess.run([sys.argv[1], "predict", source, "--in", "in.safetensors", "--out", "out.safetensors", "--force"],
                   check=True, stdout=subprocess.DEVNULL, env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"})
    made = load_file("out.safetensors")["y"]
    with torch.no_grad():
        right = network(x, t).sample
    error = float((made - right).abs().max() / right.abs().max())
    print(f"{name}: {error:.1e}")
    assert made.shape == right.shape and error < 1e-5, error

compare("exported", UNet2DModel.from_pretrained("exported"), "runs/out")
compare("exported, read again", UNet2DModel.from_pretrained("exported"), "exported")
beta = DDPMScheduler.from_pretrained("exported", subfolder="scheduler").betas
table = subprocess.run([sys.argv[1], "table", "runs/out", "--json"], check=True, capture_output=True).stdout
torch.testing.assert_close(beta, torch.tensor(json.loads(table)["beta"]), rtol=1e-6, atol=0)
torch.manual_seed(2)
theirs = UNet2DModel(sample_size=16, in_channels=3, out_channels=3, block_out_channels=(32, 64), layers_per_block=2,
                     down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"))
theirs.save_pretrained("theirs")
compare("of diffusers", theirs, "theirs")
EOF
"$python" compare.py "$noneq" 2> errors || { cat errors; exit 1; }
echo "3 passed, 0 failed"
