"""Batches of 8-bit images in memory: gather, cast, normalise, draw t and noise, q_sample. The word `inplace` reuses memory."""
import torch

from common import arguments, diffusion, report

args = arguments(batch=128, rows=60000, channels=1, size=32)
data = torch.randint(0, 256, (args.rows, args.channels, args.size, args.size), dtype=torch.uint8)
process = diffusion()
order, at = torch.randperm(args.rows), 0
noise, xt = torch.empty(args.batch, *data.shape[1:]), torch.empty(args.batch, *data.shape[1:])


def step():
    global order, at
    if at + args.batch > args.rows:
        order, at = torch.randperm(args.rows), 0
    index = order[at:at + args.batch]
    at += args.batch
    if "inplace" not in args.words:
        return process.jump(data[index].float() / 127.5 - 1)
    x0 = data[index].float().mul_(1 / 127.5).sub_(1)
    t = torch.randint(0, process.steps, (args.batch,))
    noise.normal_()
    torch.mul(x0, process.keep[t].view(-1, 1, 1, 1), out=xt)
    xt.addcmul_(noise, process.spread[t].view(-1, 1, 1, 1))
    return t, noise, xt


with torch.no_grad():
    report(args, step, "images/s", args.batch, warm=50)
