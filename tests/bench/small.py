#!/usr/bin/env python3
"""make bench: how long short commands take, and what too many shards cost. small.py BUILD [--rounds 9]

- start: wall time of short commands on one core, beside an empty program that is linked to the same libtorch. Rounds
  are interleaved and medians count.
- shards: training steps a second of a U-Net of 32 channels at a batch of 32 on all cores, by the number of shards.
"""
import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from cases import UNET
from measure import difference
from workshop import workshop

parser = argparse.ArgumentParser()
parser.add_argument("build", type=Path)
parser.add_argument("--rounds", type=int, default=9)
args = parser.parse_args()
build = args.build.absolute()


def seconds(command):
    core = min(os.sched_getaffinity(0))
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    return time.perf_counter() - began


def start(folder, shop):
    small = shop.training("small", shop.made("swiss_roll", 1000), "plugin: model.mlp, hidden: [32, 32]", batch=64, T=50,
                          scaled="plugin: transform.standardise")
    small(100)
    samples = folder / "one.h5"
    commands = {"empty program with libtorch": [build / "tests/bench_empty"],
                "noneq --version": [shop.noneq, "--version"],
                "noneq check": [shop.noneq, "check", folder / "small.yaml"],
                "noneq sample --count 1, 50 steps": [shop.noneq, "sample", folder / "small", "--count", "1", "--set",
                                                     "clip=true", "--out", samples, "--force"]}
    times = {name: [] for name in commands}
    for _ in range(args.rounds + 1):
        for name, command in commands.items():
            times[name].append(seconds(command))
    print("\n| command, on one core | seconds | least |\n|---|---|---|")
    for name, all_times in times.items():
        print(f"| {name} | {statistics.median(all_times[1:]):.2f} | {min(all_times):.2f} |")


def shards(shop):
    train = shop.training("unet", shop.images("colour", 4000, 3), UNET.format(32))
    rates = {n: [] for n in (1, 2, 4, 8, 16, 32)}
    for _ in range(3):
        for n, made in rates.items():
            made.append(difference(lambda steps: train(steps, "--set", f"graph.trainer.shards={n}"), 2, 32, 1)["rate"])
    best = max(map(statistics.median, rates.values()))
    print(f"\n| shards on {len(os.sched_getaffinity(0))} cores | steps/s | of the best |\n|---|---|---|")
    for n, made in rates.items():
        print(f"| {n} | {statistics.median(made):.2f} | {statistics.median(made) / best:.0%} |")


with tempfile.TemporaryDirectory() as scratch:
    shop = workshop(build, Path(scratch))
    start(Path(scratch), shop)
    shards(shop)
