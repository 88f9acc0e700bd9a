#!/usr/bin/env python3
"""The continuous ranked probability score that an exact model reaches on fields of loader.random_fields with skew 0.

exact.py WHOLE.h5 [GAPS.h5] [--scale 10 1e-5] [--offset 280 2e-5]: WHOLE holds the complete fields as dataset x. Given
their means over blocks of 4×4, or the pixels that are finite in GAPS, each pixel is Gaussian with a mean and a
deviation that are computed here from the spectrum alone; the score against the pixel of WHOLE is closed (Gneiting &
Raftery 2007, equation 21). In units of the deviation of each channel, with standard errors over fields. An independent
check: it needs numpy and h5py.
"""
import argparse
from math import erf, pi, sqrt

import h5py
import numpy as np

SLOPE, LONGEST, BLOCK = 3, 16, 4


def covariance(height, width):
    """Of the pixels of one field, row-major: periodic along the width, the upper half of a grid of twice the height."""
    y, x = np.meshgrid(np.fft.fftfreq(2 * height), np.fft.fftfreq(width), indexing="ij")
    power = np.maximum(np.hypot(y, x), 1 / LONGEST) ** -SLOPE
    power[0, 0] = 0
    of_shift = np.fft.ifft2(power / power.mean()).real
    rows, columns = np.divmod(np.arange(height * width), width)
    return of_shift[rows[:, None] - rows, (columns[:, None] - columns) % width]


def given(cov, operator):
    """The matrix that takes what was observed to the mean of all pixels, and their deviations about it."""
    both = cov @ operator.T
    gain = np.linalg.solve(operator @ both, both.T).T
    return gain, np.sqrt(np.maximum(np.diag(cov) - np.einsum("pk,pk->p", gain, both), 0))


def crps(mean, deviation, truth):
    s = np.maximum(deviation, 1e-9)
    z = (truth - mean) / s
    cdf = 0.5 * (1 + np.vectorize(erf)(z / sqrt(2)))
    return s * (z * (2 * cdf - 1) + 2 * np.exp(-z * z / 2) / sqrt(2 * pi) - 1 / sqrt(pi))


def report(name, of_fields):
    of_fields = np.asarray(of_fields)
    print(f"{name}: {of_fields.mean():.5f} ± {of_fields.std(ddof=1) / sqrt(len(of_fields)):.5f} of the deviation")


parser = argparse.ArgumentParser()
parser.add_argument("whole")
parser.add_argument("gaps", nargs="?")
parser.add_argument("--scale", type=float, nargs="+", default=[1])
parser.add_argument("--offset", type=float, nargs="+", default=[0])
args = parser.parse_args()


def standard(file):
    x = h5py.File(file)["x"][:].astype(float)
    return (x.reshape(*x.shape[:2], -1) - np.array(args.offset)[:, None]) / np.array(args.scale)[:, None]


with h5py.File(args.whole) as opened:
    fields, channels, height, width = opened["x"].shape
whole = standard(args.whole)
cov = covariance(height, width)
if not args.gaps:
    pixel = np.arange(height * width)
    block = pixel // width // BLOCK * (width // BLOCK) + pixel % width // BLOCK
    means = (block == np.arange(block.max() + 1)[:, None]) / BLOCK**2
    gain, s = given(cov, means)
    report("expected given means over blocks", [s.mean() / sqrt(pi)] * 2)
    for c in range(channels):
        report(f"channel {c}", [crps(gain @ (means @ x), s, x).mean() for x in whole[:, c]])
else:
    expected, of_all, of_gaps = [], [], []
    for x, y in zip(whole, standard(args.gaps)):
        seen = np.isfinite(y[0])
        gain, s = given(cov, np.eye(height * width)[seen])
        scores = np.stack([crps(gain @ c[seen], s, c) for c in x])
        expected.append(s.mean() / sqrt(pi))
        of_all.append(scores.mean())
        of_gaps.append(scores[:, ~seen].mean())
    report("expected given the observed pixels", expected)
    report("all pixels", of_all)
    report("pixels of gaps alone", of_gaps)
