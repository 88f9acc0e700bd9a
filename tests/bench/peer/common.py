"""What the peer scripts share: a variant by name, timing, and one line of JSON as the result.

A variant is a comma-separated list of words: fp32 or bf16 (autocast), nchw or nhwc (channels_last), t1 or t2 (threads),
and words a script knows itself. The default of PyTorch is "fp32,nchw,t<cores>".
"""
import argparse
import contextlib
import json
import os
import resource
import sys
import time

# OpenBLAS has threads of its own, and reads their number when torch is loaded.
for word in ",".join(sys.argv).split(","):
    if word in ("t1", "t2"):
        os.environ["OPENBLAS_NUM_THREADS"] = word[1:]

import torch


def arguments(**more):
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", default="fp32,nchw,t2")
    parser.add_argument("--seconds", type=float, default=4)
    for name, default in more.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default)
    args = parser.parse_args()
    args.words = args.variant.split(",")
    torch.set_num_threads(2 if "t2" in args.words else 1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    return args


def precision(args):
    if "bf16" in args.words:
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def layout(args, x):
    """A tensor or a network, channels last when the variant says so."""
    return x.to(memory_format=torch.channels_last) if "nhwc" in args.words else x


def report(args, step, unit, scale=1, warm=3):
    """Calls step() for args.seconds and prints how often it ran in a second, times `scale`."""
    for _ in range(warm):
        step()
    count, start, busy = 0, time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) - start < args.seconds or count < 3:
        step()
        count += 1
    rate = count * scale / (now - start)
    print(json.dumps({"variant": args.variant, "rate": rate, "unit": unit,
                      "cpu_rate": count * scale / (time.process_time() - busy),
                      "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


class diffusion:
    """Cosine schedule (Nichol & Dhariwal 2021, eq. 17) and the jump from x0 to xt."""

    def __init__(self, steps=1000):
        f = torch.cos((torch.arange(steps + 1, dtype=torch.float64) / steps + 0.008) / 1.008 * torch.pi / 2) ** 2
        beta = (1 - f[1:] / f[:-1]).clamp(max=0.999)
        alpha_bar = torch.cumprod(1 - beta, 0)
        self.steps = steps
        self.keep, self.spread = alpha_bar.sqrt().float(), (1 - alpha_bar).sqrt().float()

    def jump(self, x0):
        t = torch.randint(0, self.steps, (x0.shape[0],))
        noise = torch.randn_like(x0)
        shape = (-1,) + (1,) * (x0.dim() - 1)
        return t, noise, self.keep[t].view(shape) * x0 + self.spread[t].view(shape) * noise
