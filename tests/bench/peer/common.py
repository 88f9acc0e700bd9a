"""What the peer scripts of PyTorch share: a variant by its words, and the diffusion process.

The words: fp32, bf16 (autocast) or bf16w (weights and activations in bf16, for sampling only); nchw or nhwc
(channels_last); compile or autotune (torch.compile, the latter by max-autotune) or jit (a traced network); t1 or t2
(threads), and words that a script knows itself. The default of PyTorch is "fp32,nchw,t<cores>".
"""
import contextlib

import timing
import torch

from schedule import cosine

report = timing.report


def arguments(**more):
    args = timing.arguments(**more)
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    return args


def precision(args):
    if "bf16" in args.words:
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def layout(args, x):
    """A tensor or a network as the variant has it: channels last or not, float32 or bf16."""
    if "bf16w" in args.words:
        x = x.to(torch.bfloat16)
    return x.to(memory_format=torch.channels_last) if "nhwc" in args.words else x


def compiled(args, model, example=None, frozen=False):
    """The network as the variant has it; jit traces it with the example, `frozen` makes its weights constants."""
    if "jit" in args.words:
        traced = torch.jit.trace(model, example, check_trace=False)
        return torch.jit.freeze(traced) if frozen else traced
    for word, mode in (("compile", "default"), ("autotune", "max-autotune")):
        if word in args.words:
            import torch._inductor.config as inductor
            inductor.freezing = frozen
            return torch.compile(model, mode=mode, dynamic=False)
    return model


def optimizer(kind, model, rate, **more):
    """One kernel for all weights where this PyTorch has it for CPUs, else a call for each operation on all of them."""
    try:
        return kind(model.parameters(), rate, fused=True, **more)
    except (RuntimeError, TypeError):
        return kind(model.parameters(), rate, foreach=True, **more)


class diffusion:
    """The cosine schedule and the jump from x0 to xt."""

    def __init__(self, steps=1000):
        self.steps = steps
        self.keep, self.spread = (torch.tensor(values) for values in cosine(steps))

    def jump(self, x0):
        t = torch.randint(0, self.steps, (x0.shape[0],))
        noise = torch.randn_like(x0)
        shape = (-1,) + (1,) * (x0.dim() - 1)
        return t, noise, self.keep[t].view(shape) * x0 + self.spread[t].view(shape) * noise
