"""The diffusion process of all peers, and the loop of its sampler, for arrays of NumPy as for tensors of PyTorch."""
import math


def cosine(steps):
    """Cosine schedule (Nichol & Dhariwal 2021, eq. 17): the factors of x0 and of the noise in xt, as lists."""
    f = [math.cos((i / steps + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(steps + 1)]
    keep, spread, alpha_bar = [], [], 1.0
    for now, after in zip(f, f[1:]):
        alpha_bar *= 1 - min(1 - after / now, 0.999)
        keep.append(math.sqrt(alpha_bar))
        spread.append(math.sqrt(1 - alpha_bar))
    return keep, spread


def ddim(network, x, steps=1000):
    """Returns a function that makes one step of DDIM (Song et al. 2021, eq. 12), eta 0, from T down and again from T.
    network(x, i) returns epsilon."""
    keep, spread = cosine(steps)
    i = steps - 1

    def step():
        nonlocal x, i
        epsilon = network(x, i)
        x0 = ((x - spread[i] * epsilon) / keep[i]).clip(-1, 1)
        i = i - 1 if i > 0 else steps - 1
        x = keep[i] * x0 + spread[i] * epsilon

    return step
