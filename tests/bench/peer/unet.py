"""A DDPM U-Net (Ho et al. 2020, laid out as diffusers' UNet2DModel): training steps, or network calls of a sampler.

Two residual blocks a level, attention at the second level and in the middle, strided convolutions between levels.
The word `jit` samples with a traced, frozen network.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from common import arguments, diffusion, layout, precision, report


class group_norm(nn.GroupNorm):
    """Autocast leaves this one layer to the caller: its weights are float32."""

    def forward(self, x):
        return super().forward(x.float())


class residual(nn.Module):
    def __init__(self, width_in, width_out, embedding, groups):
        super().__init__()
        self.norm1, self.conv1 = group_norm(groups, width_in, eps=1e-5), nn.Conv2d(width_in, width_out, 3, padding=1)
        self.embed = nn.Linear(embedding, width_out)
        self.norm2, self.conv2 = group_norm(groups, width_out, eps=1e-5), nn.Conv2d(width_out, width_out, 3, padding=1)
        self.skip = nn.Conv2d(width_in, width_out, 1) if width_in != width_out else nn.Identity()

    def forward(self, x, e):
        h = self.conv1(F.silu(self.norm1(x))) + self.embed(F.silu(e))[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class attention(nn.Module):
    def __init__(self, width, groups):
        super().__init__()
        self.norm = group_norm(groups, width, eps=1e-5)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x).view(b, c, h * w).transpose(1, 2)).chunk(3, 2)
        weights = torch.softmax(torch.bmm(q, k.transpose(1, 2)) * c ** -0.5, 2).to(v.dtype)
        return x + self.out(torch.bmm(weights, v)).transpose(1, 2).reshape(b, c, h, w)


class unet(nn.Module):
    def __init__(self, colours, width, multiples, groups, blocks=2):
        super().__init__()
        widths, e = [width * m for m in multiples], 4 * width
        self.width = width
        self.embed = nn.Sequential(nn.Linear(width, e), nn.SiLU(), nn.Linear(e, e))
        self.first = nn.Conv2d(colours, width, 3, padding=1)
        self.down, self.up, kept, now = nn.ModuleList(), nn.ModuleList(), [width], width
        for level, w in enumerate(widths):
            for _ in range(blocks):
                self.down.append(nn.ModuleList([residual(now, w, e, groups)] + [attention(w, groups)] * (level == 1)))
                now = w
                kept.append(now)
            if level + 1 < len(widths):
                self.down.append(nn.Conv2d(now, now, 3, 2, 1))
                kept.append(now)
        self.middle = nn.ModuleList([residual(now, now, e, groups), attention(now, groups), residual(now, now, e, groups)])
        for level, w in reversed(list(enumerate(widths))):
            for _ in range(blocks + 1):
                self.up.append(nn.ModuleList([residual(now + kept.pop(), w, e, groups)] +
                                             [attention(w, groups)] * (level == 1)))
                now = w
            if level > 0:
                self.up.append(nn.Conv2d(now, now, 3, padding=1))
        self.last_norm, self.last = group_norm(groups, now, eps=1e-5), nn.Conv2d(now, colours, 3, padding=1)

    def forward(self, x, t):
        half = self.width // 2
        angle = t[:, None].float() * torch.exp(torch.arange(half) * (-math.log(1e4) / half))
        e = self.embed(torch.cat([angle.sin(), angle.cos()], 1))
        x = self.first(x)
        kept = [x]
        for block in self.down:
            if isinstance(block, nn.Conv2d):
                x = block(x)
            else:
                x = block[0](x, e)
                for a in block[1:]:
                    x = a(x)
            kept.append(x)
        x = self.middle[2](self.middle[1](self.middle[0](x, e)), e)
        for block in self.up:
            if isinstance(block, nn.Conv2d):
                x = block(F.interpolate(x, size=kept[-1].shape[2:]))
            else:
                x = block[0](torch.cat([x, kept.pop()], 1), e)
                for a in block[1:]:
                    x = a(x)
        return self.last(F.silu(self.last_norm(x)))


args = arguments(mode="train", channels=32, size=32, colours=3, batch=32, multiples="1,2,2,2", groups=8, count=0)
process = diffusion()
model = unet(args.colours, args.channels, [int(m) for m in args.multiples.split(",")], args.groups)
model = layout(args, model)
if args.count:
    print(sum(p.numel() for p in model.parameters()))
    raise SystemExit

if args.mode == "train":
    data = torch.randint(0, 256, (10000, args.colours, args.size, args.size), dtype=torch.uint8)
    optimizer = torch.optim.Adam(model.parameters(), 2e-4)

    def step():
        t, noise, xt = process.jump(data[torch.randint(0, len(data), (args.batch,))].float() / 127.5 - 1)
        with precision(args):
            loss = F.mse_loss(model(layout(args, xt), t).float(), noise)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    report(args, step, "steps/s", warm=2)
else:
    model.eval()
    x = layout(args, torch.randn(args.batch, args.colours, args.size, args.size))
    with torch.no_grad(), precision(args):
        if "jit" in args.words:
            model = torch.jit.freeze(torch.jit.trace(model, (x, torch.zeros(args.batch, dtype=torch.long)), check_trace=False))
        i = process.steps - 1

        def step():  # DDIM (Song et al. 2021, eq. 12), eta 0
            global x, i
            epsilon = model(x, torch.full((args.batch,), i)).float()
            x0 = ((x - process.spread[i] * epsilon) / process.keep[i]).clamp(-1, 1)
            i = i - 1 if i > 0 else process.steps - 1
            x = process.keep[i] * x0 + process.spread[i] * epsilon

        report(args, step, "calls/s", warm=2)
