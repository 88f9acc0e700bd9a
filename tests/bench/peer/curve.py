"""Trains the network of pipelines/fashion_mnist.yaml on the same images by the same loss, and prints a line every 100
steps: seconds, step, mean loss of these steps. It is to be compared with the loss in that run's metrics.jsonl.

curve.py --images train-images-idx3-ubyte.gz --variant bf16,nhwc,t2 --seconds 600 [--steps 9500]
"""
import gzip
import math
import time

import torch

from common import arguments, diffusion, layout, precision
from network import unet

args = arguments(images="", steps=9500, batch=64, rate=1e-3, warmup=200)
process = diffusion()
with gzip.open(args.images) as file:
    pictures = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)[16:].view(-1, 1, 28, 28)
pictures = pictures[:len(pictures) - len(pictures) // 50]  # the last fiftieth is held out there
model = layout(args, unet(1, 32, [1, 2, 2], 8, outputs=2, scale_shift=True, heads=2))
for block in model.modules():  # branches begin as nothing
    for name in ("conv2", "out", "last"):
        if isinstance(getattr(block, name, None), (torch.nn.Conv2d, torch.nn.Linear)):
            torch.nn.init.zeros_(getattr(block, name).weight), torch.nn.init.zeros_(getattr(block, name).bias)
print(f"# {sum(p.numel() for p in model.parameters())} parameters, {args.variant}", flush=True)
optimizer = torch.optim.Adam(model.parameters(), args.rate)
averages = [p.detach().clone() for p in model.parameters()]

alpha_bar = process.keep.double() ** 2
before = torch.cat([torch.ones(1, dtype=torch.double), alpha_bar[:-1]])
beta = 1 - alpha_bar / before
c1, c2 = before.sqrt() * beta / (1 - alpha_bar), (1 - beta).sqrt() * (1 - before) / (1 - alpha_bar)
log_tilde = (beta * (1 - before) / (1 - alpha_bar)).clamp(min=1e-30).log()
log_tilde[0] = log_tilde[1]
c1, c2, log_tilde, log_beta = c1.float(), c2.float(), log_tilde.float(), beta.log().float()


def decoder(x, mean, log_variance):
    """-ln of the probability of x's bin among 256 in [-1, 1] (Ho et al. 2020, eq. 13)."""
    scale = (-0.5 * log_variance).exp()
    cdf = lambda edge: 0.5 * torch.erfc(-(edge - mean) * scale / math.sqrt(2))
    upper, lower = cdf(x + 1 / 255), cdf(x - 1 / 255)
    p = torch.where(x < -0.999, upper, torch.where(x > 0.999, 1 - lower, upper - lower))
    return -p.clamp(min=1e-12).log()


def hybrid(x0):
    """Squared error of v, and 1e-3 of the variational bound for the variance alone (Nichol & Dhariwal 2021, eq. 16)."""
    t, noise, xt = process.jump(x0)
    of = lambda table: table[t].view(-1, 1, 1, 1)
    with precision(args):
        v, raw = model(layout(args, xt), t).float().chunk(2, 1)
    error = (v - (of(process.keep) * noise - of(process.spread) * x0)).square().mean((1, 2, 3))
    share = (raw + 1) / 2
    log_variance = share * of(log_beta) + (1 - share) * of(log_tilde)
    mean = of(c1) * (of(process.keep) * xt - of(process.spread) * v.detach()) + of(c2) * xt
    true_mean = of(c1) * x0 + of(c2) * xt
    kl = 0.5 * (log_variance - of(log_tilde) - 1 + (of(log_tilde) - log_variance).exp()
                + (true_mean - mean).square() * (-log_variance).exp())
    nats = torch.where(of(torch.arange(process.steps) == 0), decoder(x0, mean, log_variance), kl)
    return (error + 1e-3 * process.steps * nats.mean((1, 2, 3))).mean()


start, total = time.perf_counter(), 0.0
for step in range(args.steps):
    rise = min(1, (step + 1) / args.warmup)
    course = min(1, max(0, (step - args.warmup) / (args.steps - args.warmup)))
    for group in optimizer.param_groups:
        group["lr"] = args.rate * rise * 0.5 * (1 + math.cos(math.pi * course))
    loss = hybrid(pictures[torch.randint(0, len(pictures), (args.batch,))].float() / 127.5 - 1)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    with torch.no_grad():
        for average, p in zip(averages, model.parameters()):
            average.lerp_(p, 1 - min(0.999, (2 + step) / (11 + step)))
    total += loss.item()
    if (step + 1) % 100 == 0:
        print(f"{time.perf_counter() - start:.1f} {step + 1} {total / 100:.5f}", flush=True)
        total = 0.0
    if time.perf_counter() - start > args.seconds:
        break
