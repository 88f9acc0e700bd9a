"""A DDPM U-Net: its training steps (--mode train), the network calls of a sampler (sample), or its file for ONNX
(export, to --out). With --condition N it reads N channels of a coarse field as well, and its second axis is circular.
--count 1 prints the number of parameters.
"""
import torch
from torch.nn import functional as F

from common import arguments, compiled, diffusion, layout, optimizer, precision, report
from network import unet
from schedule import ddim

args = arguments(mode="train", channels=32, size=32, colours=3, batch=32, multiples="1,2,2,2", blocks=2, groups=8,
                 condition=0, count=0, out="")
model = layout(args, unet(args.colours, args.channels, [int(m) for m in args.multiples.split(",")], args.groups,
                          args.blocks, condition=args.condition, circular=args.condition > 0))
some = torch.randn(args.batch, args.colours, args.size, args.size), torch.zeros(args.batch, dtype=torch.long)


def images():
    """Returns a function that draws rows of 8-bit images, in [-1, 1]."""
    data = torch.randint(0, 256, (10000, *some[0].shape[1:]), dtype=torch.uint8)
    return lambda rows: [data[rows].float() / 127.5 - 1]


def fields():
    """Returns a function that draws rows of fields and of their coarse condition, standardised by channel."""
    fine = torch.randn(10000, *some[0].shape[1:])
    coarse = F.avg_pool2d(fine[:, :args.condition], 4)
    measured = [(x, x.mean((0, 2, 3), True), x.std((0, 2, 3), keepdim=True)) for x in (fine, coarse)]
    return lambda rows: [(x[rows] - mean) / deviation for x, mean, deviation in measured]


def train():
    process, draw, network = diffusion(), fields() if args.condition else images(), compiled(args, model, some)
    descent = optimizer(torch.optim.Adam, model, 2e-4)

    def step():
        x0, *given = draw(torch.randint(0, 10000, (args.batch,)))
        t, noise, xt = process.jump(x0)
        with precision(args):
            loss = F.mse_loss(network(layout(args, xt), t, *given).float(), noise)
        descent.zero_grad(set_to_none=True)
        loss.backward()
        descent.step()

    report(args, step, "steps/s", warm=2)


def sample():
    x, t = layout(args, some[0]), some[1]
    with torch.no_grad(), precision(args):
        network = compiled(args, model.eval(), (x, t), frozen=True)
        call = lambda x, i: network(layout(args, x), torch.full((args.batch,), i)).float()
        report(args, ddim(call, layout(args, x).float()), "calls/s", warm=2)


def export():
    torch.onnx.export(model.eval(), some, args.out, input_names=["x", "t"], output_names=["epsilon"])


if args.count:
    print(sum(p.numel() for p in model.parameters()))
else:
    {"train": train, "sample": sample, "export": export}[args.mode]()
