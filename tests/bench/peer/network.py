"""A DDPM U-Net (Ho et al. 2020, laid out as diffusers' UNet2DModel), or with Nichol & Dhariwal's conditioning on t.

Residual blocks at every level, attention at the second level and in the middle, strided convolutions between levels.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F


class group_norm(nn.GroupNorm):
    """Autocast leaves this one layer to the caller: it computes with the numbers of its weights."""

    def forward(self, x):
        return super().forward(x.to(self.weight.dtype))


class convolution(nn.Conv2d):
    """3x3. `circular`: the ends of the second axis meet, the first axis is padded by zeros."""

    def __init__(self, width_in, width_out, circular, stride=1):
        super().__init__(width_in, width_out, 3, stride, (1, 0) if circular else 1)
        self.circular = circular

    def forward(self, x):
        return super().forward(F.pad(x, (1, 1, 0, 0), mode="circular") if self.circular else x)


class residual(nn.Module):
    """t is added to the features, or with scale_shift scales and shifts them once they are normalised."""

    def __init__(self, width_in, width_out, embedding, groups, scale_shift, circular):
        super().__init__()
        self.scale_shift = scale_shift
        self.norm1, self.conv1 = group_norm(groups, width_in, eps=1e-5), convolution(width_in, width_out, circular)
        self.embed = nn.Linear(embedding, (2 if scale_shift else 1) * width_out)
        self.norm2, self.conv2 = group_norm(groups, width_out, eps=1e-5), convolution(width_out, width_out, circular)
        self.skip = nn.Conv2d(width_in, width_out, 1) if width_in != width_out else nn.Identity()

    def forward(self, x, e):
        h, e = self.conv1(F.silu(self.norm1(x))), self.embed(F.silu(e))[:, :, None, None]
        if self.scale_shift:
            scale, shift = e.chunk(2, 1)
            h = self.norm2(h) * (1 + scale) + shift
        else:
            h = self.norm2(h + e)
        return self.skip(x) + self.conv2(F.silu(h))


def attend(q, k, v):
    """By the kernel for all three products, where this PyTorch has it."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v)
    return torch.softmax(q @ k.transpose(2, 3) * q.shape[-1] ** -0.5, 3).to(v.dtype) @ v


class attention(nn.Module):
    def __init__(self, width, groups, heads):
        super().__init__()
        self.heads = heads
        self.norm = group_norm(groups, width, eps=1e-5)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, c, h, w = x.shape
        qkv = self.qkv(self.norm(x).view(b, c, h * w).transpose(1, 2))
        q, k, v = (y.view(b, h * w, self.heads, -1).transpose(1, 2) for y in qkv.chunk(3, 2))
        y = attend(q, k, v).transpose(1, 2).reshape(b, h * w, c)
        return x + self.out(y).transpose(1, 2).reshape(b, c, h, w)


class unet(nn.Module):
    """With `condition` it reads so many channels of a coarser field as well, which it brings to the grid of x."""

    def __init__(self, colours, width, multiples, groups, blocks=2, outputs=1, scale_shift=False, heads=1, condition=0,
                 circular=False):
        super().__init__()
        block = lambda i, o: residual(i, o, e, groups, scale_shift, circular)
        look = lambda o: attention(o, groups, heads)
        widths, e = [width * m for m in multiples], 4 * width
        self.width = width
        self.embed = nn.Sequential(nn.Linear(width, e), nn.SiLU(), nn.Linear(e, e))
        self.first = convolution(colours + condition, width, circular)
        self.down, self.up, kept, now = nn.ModuleList(), nn.ModuleList(), [width], width
        for level, w in enumerate(widths):
            for _ in range(blocks):
                self.down.append(nn.ModuleList([block(now, w)] + [look(w)] * (level == 1)))
                now = w
                kept.append(now)
            if level + 1 < len(widths):
                self.down.append(convolution(now, now, circular, stride=2))
                kept.append(now)
        self.middle = nn.ModuleList([block(now, now), look(now), block(now, now)])
        for level, w in reversed(list(enumerate(widths))):
            for _ in range(blocks + 1):
                self.up.append(nn.ModuleList([block(now + kept.pop(), w)] + [look(w)] * (level == 1)))
                now = w
            if level > 0:
                self.up.append(convolution(now, now, circular))
        self.last_norm, self.last = group_norm(groups, now, eps=1e-5), convolution(now, outputs * colours, circular)

    def forward(self, x, t, given=None):
        half = self.width // 2
        angle = t[:, None].float() * torch.exp(torch.arange(half) * (-math.log(1e4) / half))
        e = self.embed(torch.cat([angle.sin(), angle.cos()], 1).to(self.first.weight.dtype))
        if given is not None:
            x = torch.cat([x, F.interpolate(given, size=x.shape[2:], mode="bilinear")], 1)
        x = self.first(x)
        kept = [x]
        for block in self.down:
            if isinstance(block, convolution):
                x = block(x)
            else:
                x = block[0](x, e)
                for a in block[1:]:
                    x = a(x)
            kept.append(x)
        x = self.middle[2](self.middle[1](self.middle[0](x, e)), e)
        for block in self.up:
            if isinstance(block, convolution):
                x = block(F.interpolate(x, size=kept[-1].shape[2:]))
            else:
                x = block[0](torch.cat([x, kept.pop()], 1), e)
                for a in block[1:]:
                    x = a(x)
        return self.last(F.silu(self.last_norm(x)))
