"""Training a small perceptron on points in the plane: the whole loop, 3 hidden layers of 128, Adam, the simple loss."""
import math

import torch
from torch import nn

from common import arguments, compiled, diffusion, optimizer, precision, report

args = arguments(batch=512, width=128, features=32)


class perceptron(nn.Module):
    """Each hidden layer sees the sinusoids of t, as the network of pipelines/mlp.yaml beside this does."""

    def __init__(self, steps, width, features):
        super().__init__()
        frequency = torch.exp(torch.arange(features // 2) * (-math.log(1e4) / (features // 2)))
        angle = torch.arange(steps)[:, None] * (1000 / steps) * frequency
        self.register_buffer("times", torch.cat([angle.sin(), angle.cos()], 1))
        self.layers = nn.ModuleList([nn.Linear(i, width) for i in (2, width, width)])
        self.shifts = nn.ModuleList([nn.Linear(features, width, bias=False) for _ in range(3)])
        self.readout = nn.Linear(width, 2)

    def forward(self, x, t):
        e = self.times[t]
        for layer, shift in zip(self.layers, self.shifts):
            x = nn.functional.silu(layer(x) + shift(e))
        return self.readout(x)


data = torch.randn(60000, 2)
process = diffusion(200)
model = perceptron(process.steps, args.width, args.features)
descent = optimizer(torch.optim.Adam, model, 1e-3)
network = compiled(args, model, (data[:args.batch], torch.zeros(args.batch, dtype=torch.long)))


def step():
    t, noise, xt = process.jump(data[torch.randint(0, len(data), (args.batch,))])
    with precision(args):
        loss = nn.functional.mse_loss(network(xt, t).float(), noise)
    descent.zero_grad(set_to_none=True)
    loss.backward()
    descent.step()


report(args, step, "steps/s", warm=30)
