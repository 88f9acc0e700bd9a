#!/usr/bin/env python3
"""Makes the folder of a small UNet2DModel beside this file, with an input and its output, by PyTorch alone.

The network is written after the published architecture (Ho et al. 2020, as UNet2DModel of diffusers lays it out), not
after the C++ that reads it:    make.py            writes config.json, the weights and io.safetensors
                                make.py FOLDER     compares with a folder that has an io.safetensors (x, t, y)
"""
import json
import math
import pathlib
import struct
import sys

import torch
import torch.nn.functional as F

CONFIG = {
    "_class_name": "UNet2DModel", "_diffusers_version": "0.14.0", "sample_size": 8, "in_channels": 2,
    "out_channels": 3, "center_input_sample": True, "time_embedding_type": "positional", "freq_shift": 1,
    "flip_sin_to_cos": False, "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
    "up_block_types": ["AttnUpBlock2D", "UpBlock2D"], "block_out_channels": [8, 16], "layers_per_block": 1,
    "mid_block_scale_factor": 1.5, "downsample_padding": 0, "act_fn": "silu", "attention_head_dim": 4,
    "norm_num_groups": 4, "norm_eps": 1e-4, "resnet_time_scale_shift": "default", "add_attention": True,
    "class_embed_type": None, "num_class_embeds": 3,
}


class Network:
    """`weight(name, *shape)` gives a tensor: a stored one, or a new one that is kept."""

    def __init__(self, config, weight):
        self.c, self.weight = config, weight

    def linear(self, name, x, out):
        return F.linear(x, self.weight(name + ".weight", out, x.shape[-1]), self.weight(name + ".bias", out))

    def conv(self, name, x, out, size=3, **how):
        w = self.weight(name + ".weight", out, x.shape[1], size, size)
        return F.conv2d(x, w, self.weight(name + ".bias", out), **how)

    def norm(self, name, x):
        n = x.shape[1]
        return F.group_norm(x, self.c["norm_num_groups"], self.weight(name + ".weight", n),
                            self.weight(name + ".bias", n), self.c["norm_eps"])

    def block(self, name, x, time, out, scale=1.0):
        h = self.conv(name + ".conv1", F.silu(self.norm(name + ".norm1", x)), out, padding=1)
        h = h + self.linear(name + ".time_emb_proj", F.silu(time), out)[:, :, None, None]
        h = self.conv(name + ".conv2", F.silu(self.norm(name + ".norm2", h)), out, padding=1)
        if x.shape[1] != out:
            x = self.conv(name + ".conv_shortcut", x, out, 1)
        return (x + h) / scale

    def attention(self, name, x, scale=1.0):
        b, n, height, width = x.shape
        heads = n // self.c["attention_head_dim"] if self.c["attention_head_dim"] else 1
        tokens = self.norm(name + ".group_norm", x).view(b, n, -1).transpose(1, 2)
        q, k, v = (self.linear(f"{name}.{part}", tokens, n).view(b, -1, heads, n // heads).transpose(1, 2)
                   for part in ("query", "key", "value"))
        mixed = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(n // heads), -1) @ v
        y = self.linear(name + ".proj_attn", mixed.transpose(1, 2).reshape(b, -1, n), n)
        return (y.transpose(1, 2).reshape(x.shape) + x) / scale

    def condition(self, t, label):
        c, first = self.c, self.c["block_out_channels"][0]
        half = first // 2
        angle = t[:, None].float() * torch.exp(-math.log(10000) * torch.arange(half) / (half - c["freq_shift"]))
        parts = [angle.cos(), angle.sin()] if c["flip_sin_to_cos"] else [angle.sin(), angle.cos()]
        h = F.silu(self.linear("time_embedding.linear_1", torch.cat(parts, 1), 4 * first))
        h = self.linear("time_embedding.linear_2", h, 4 * first)
        if c["num_class_embeds"]:
            h = h + self.weight("class_embedding.weight", c["num_class_embeds"], 4 * first)[label]
        return h

    def __call__(self, x, t, label=None):
        c, channels = self.c, self.c["block_out_channels"]
        time = self.condition(t, label)
        h = self.conv("conv_in", 2 * x - 1 if c["center_input_sample"] else x, channels[0], padding=1)
        kept = [h]
        for i, out in enumerate(channels):
            for k in range(c["layers_per_block"]):
                h = self.block(f"down_blocks.{i}.resnets.{k}", h, time, out)
                if c["down_block_types"][i].startswith("Attn"):
                    h = self.attention(f"down_blocks.{i}.attentions.{k}", h)
                kept.append(h)
            if i + 1 < len(channels):
                pad = c["downsample_padding"]
                h = h if pad else F.pad(h, (0, 1, 0, 1))
                h = self.conv(f"down_blocks.{i}.downsamplers.0.conv", h, out, stride=2, padding=pad)
                kept.append(h)
        scale = c["mid_block_scale_factor"]
        h = self.block("mid_block.resnets.0", h, time, channels[-1], scale)
        if c["add_attention"]:
            h = self.attention("mid_block.attentions.0", h, scale)
        h = self.block("mid_block.resnets.1", h, time, channels[-1], scale)
        for i, out in enumerate(reversed(channels)):
            for k in range(c["layers_per_block"] + 1):
                h = self.block(f"up_blocks.{i}.resnets.{k}", torch.cat([h, kept.pop()], 1), time, out)
                if c["up_block_types"][i].startswith("Attn"):
                    h = self.attention(f"up_blocks.{i}.attentions.{k}", h)
            if i + 1 < len(channels):
                h = F.interpolate(h, scale_factor=2.0, mode="nearest")
                h = self.conv(f"up_blocks.{i}.upsamplers.0.conv", h, out, padding=1)
        return self.conv("conv_out", F.silu(self.norm("conv_norm_out", h)), c["out_channels"], padding=1)


TYPES = {"F32": torch.float32, "I64": torch.int64}


def load(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    return {name: torch.frombuffer(bytearray(data[8 + length:]), dtype=TYPES[e["dtype"]], offset=e["data_offsets"][0],
                                   count=math.prod(e["shape"])).view(e["shape"])
            for name, e in header.items() if name != "__metadata__"}


def save(path, tensors):
    header, end = {"__metadata__": {"format": "pt"}}, 0
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    for name, x in ordered:
        begin, end = end, end + x.numel() * x.element_size()
        dtype = next(key for key, value in TYPES.items() if value == x.dtype)
        header[name] = {"dtype": dtype, "shape": list(x.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(x.contiguous().numpy().tobytes() for _, x in ordered))


def compare(folder):
    config, held, io = (json.loads((folder / "config.json").read_text()),
                        load(folder / "diffusion_pytorch_model.safetensors"), load(folder / "io.safetensors"))
    y = Network(config, lambda name, *shape: held[name].view(shape))(io["x"], io["t"], io.get("class_labels"))
    print("largest difference", (y - io["y"]).abs().max().item(), "of", io["y"].abs().max().item())


def make(folder):
    torch.manual_seed(1)
    made = {}

    def weight(name, *shape):
        spread = 0.5 if len(shape) == 1 else math.sqrt(2 / math.prod(shape[1:]))
        if name not in made:
            made[name] = torch.randn(shape) * spread + (1 if "norm" in name and name.endswith("weight") else 0)
        return made[name]

    io = {"x": torch.rand(3, 2, 8, 8), "t": torch.tensor([0, 17, 999]), "class_labels": torch.tensor([2, 0, 1])}
    io["y"] = Network(CONFIG, weight)(io["x"], io["t"], io["class_labels"])
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=1) + "\n")
    save(folder / "diffusion_pytorch_model.safetensors", made)
    save(folder / "io.safetensors", io)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    compare(pathlib.Path(sys.argv[1])) if len(sys.argv) > 1 else make(pathlib.Path(__file__).parent)
