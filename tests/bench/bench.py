#!/usr/bin/env python3
"""make bench: noneq beside PyTorch on this machine. bench.py BUILD [--rounds 3] [--seconds 4] [--only CASE ...]

Rounds are interleaved: ours, then each peer, then the next round; medians count. A first round tries every variant of
a peer (fp32 or bf16, layout, threads); the best one, and the same on one thread, go on. Wall time is what counts on an
idle machine; CPU time says the same when others work beside it. Prints a table in Markdown and leaves BUILD/bench.json.
Peers need a Python with PyTorch ($PEER_PYTHON, by default /usr/bin/python3 with Debian's python3-torch); without it
they are left out. Of two batches of 16 that are sampled, ours runs one a core; a peer each on both cores.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from measure import call, difference, operations, peer

here = Path(__file__).parent
parser = argparse.ArgumentParser()
parser.add_argument("build", type=Path)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--seconds", type=float, default=4)
parser.add_argument("--only", nargs="*", default=[])
args = parser.parse_args()
args.build = args.build.absolute()
noneq = args.build / "noneq"
python = os.environ.get("PEER_PYTHON", "/usr/bin/python3")
scratch = tempfile.TemporaryDirectory()
folder = Path(scratch.name)

PIPELINE = """
name: bench
seed: 1
process: {{kernel: gaussian, schedule: {{plugin: cosine, steps: {T}}}, mean: epsilon, variance: fixed_large}}
graph:
  loader: {{plugin: loader.hdf5, file: {data}, dataset: x, batch: {batch}}}
  scaled: {{{scaled}, in: loader}}
  noiser: {{plugin: noiser.marginal, in: scaled}}
  model: {{in: noiser, {model}}}
  loss: {{plugin: loss.simple, in: model}}
  trainer: {{plugin: trainer.adam, in: loss, steps: 1, rate: 2.0e-4, checkpoint: 1000000}}
"""
UNET = ("plugin: model.unet, channels: {}, multipliers: [1, 2, 2, 2], blocks: 2, attention: [16], groups: 8, "
        "eps: 1.0e-5, execution: compiled")
MLP = "plugin: model.mlp, hidden: [128, 128, 128], time_features: 32"
BYTES = "plugin: transform.range, values: [0, 255]"


def images(name, count, channels):
    """Random bytes as an HDF5 file of images."""
    raw, file = folder / f"{name}.npy", folder / f"{name}.h5"
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({count}, {channels}, 32, 32), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    raw.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() +
                    os.urandom(count * channels * 1024))
    call([noneq, "data", "import", raw, "--out", file])
    raw.unlink()
    return file


def pipeline(name, **words):
    file = folder / f"{name}.yaml"
    file.write_text(PIPELINE.format(**words))
    return file


def training(name, **words):
    file = pipeline(name, **words)

    def run(steps, *more, **environment):
        return call([noneq, "run", file, "--set", f"graph.trainer.steps={steps}", "--out", folder / name, "--force",
                     *more], **environment)
    return run


def sampling(name, train):
    train(1)

    def run(steps, *more, **environment):
        return call([noneq, "sample", folder / name, "--sampler", "ddim", "--steps", steps, "--count", 32, "--set",
                     "chunk=16", "--set", "clip=true", "--out", folder / "samples.h5", "--force", *more], **environment)
    return run


def parameters(train):
    return int(re.search(r"([\d,']+) parameters", train(1)[4])[1].replace(",", "").replace("'", ""))


class case:
    """Ours: `run` and how often it does the thing for each step asked of it, or a program that says its rate itself."""

    def __init__(self, name, unit, script, variants, peer_args=(), run=None, per_step=1, program=None,
                 count=3):
        self.name, self.unit, self.script, self.variants, self.peer_args = name, unit, script, variants, peer_args
        self.run, self.per_step, self.program = run, per_step, program
        self.count, self.ours, self.peers, self.flop, self.shares = count, [], {}, 0, {}

    def measure_ours(self):
        if self.program:
            self.ours.append(json.loads(call([*self.program, args.seconds], NONEQ_BUILD=str(args.build))[3]))
            return
        while not self.ours:  # how many steps fill the time: told by no fewer than fill an eighth of it
            seconds = self.count / difference(self.run, 2, 2 + self.count, 1)["rate"]
            if seconds > args.seconds / 8:
                self.count = max(self.count, round(args.seconds / seconds * self.count))
                break
            self.count *= 4
        self.ours.append(difference(self.run, 2, 2 + self.count, self.per_step))

    def measure_peers(self, variants):
        for v in variants:
            result = peer(python, here / "peer" / self.script, v, args.seconds, *self.peer_args)
            self.peers.setdefault(v, []).append(result)

    def best(self, key="rate"):
        return max(self.peers, key=lambda v: middle(self.peers[v], key)) if self.peers else None

    def profile(self):
        """Where one thread's time goes, and the arithmetic of a step by the definition of its layers, by oneDNN's own
        account: in float32 it makes all products."""
        calls = 6 * self.per_step

        def gained(**environment):
            few, many = [self.run(n, "--threads", 1, ONEDNN_VERBOSE="1", **environment) for n in (2, 8)]
            before, after = operations(few[3]), operations(many[3])
            return (many[0] - few[0]) / calls, {k: [(a - b) / calls for a, b in zip(v, before.get(k, (0, 0)))]
                                                for k, v in after.items()}
        self.flop = sum(flop for _, flop in gained(ONEDNN_MAX_CPU_ISA="AVX512_CORE")[1].values())
        wall, shares = gained()
        self.shares = {k: ms / 1000 / wall for k, (ms, _) in shares.items()}
        self.shares["the rest"] = 1 - sum(self.shares.values())


def middle(results, key):
    return statistics.median(r[key] for r in results)


def unet_cases(channels, pictures):
    peers = [f"{p},{layout},t2" for p in ("fp32", "bf16") for layout in ("nchw", "nhwc")]
    shape = ["--channels", channels]
    train = training(f"unet_{channels}", T=1000, data=pictures, batch=32, scaled=BYTES, model=UNET.format(channels))
    if has_peers:
        theirs = int(call([python, here / "peer" / "unet.py", "--count", 1, *shape])[3])
        assert parameters(train) == theirs, f"{parameters(train)} parameters beside {theirs}"
    yield case(f"unet_train_{channels}", "steps/s", "unet.py", peers, ["--mode", "train", "--batch", 32, *shape], train)
    yield case(f"unet_sample_{channels}", "calls/s", "unet.py", peers, ["--mode", "sample", "--batch", 16, *shape],
               sampling(f"unet_{channels}", train), per_step=2)


def mlp_cases():
    points = folder / "points.h5"
    call([noneq, "data", "make", "swiss_roll", "--count", 60000, "--out", points])
    peers = [f"fp32,{w},{t}" for w in ("plain", "foreach", "script,foreach") for t in ("t1", "t2")]
    yield case("mlp_train", "steps/s", "mlp.py", [*peers, "bf16,foreach,t1"],
               run=training("mlp", T=200, data=points, batch=512, scaled="plugin: transform.standardise", model=MLP), count=300)


def batch_cases():
    pictures = images("grey", 60000, 1)
    for batch in (32, 128):
        yield case(f"batches_{batch}", "images/s", "loader.py", ["plain,t1", "inplace,t1", "plain,t2", "inplace,t2"],
                   ["--batch", batch], program=[args.build / "tests/bench_batches", pictures, batch])


def all_cases():
    if wanted("unet"):
        pictures = images("colour", 4000, 3)
        for channels in (32, 64):
            yield from unet_cases(channels, pictures)
    if wanted("mlp"):
        yield from mlp_cases()
    if wanted("batches"):
        yield from batch_cases()


def wanted(kind):
    return not args.only or any(name.startswith(kind) for name in args.only)


def row(c, peak):
    rate, cpu = middle(c.ours, "rate"), middle(c.ours, "cpu_rate")
    show = lambda x: f"{x:,.0f}" if x >= 1000 else f"{x:.3g}"
    line = [c.name, c.unit, show(rate), *["–"] * 3, show(cpu), *["–"] * 2]
    if c.peers:
        best, thrifty = c.best(), c.best("cpu_rate")
        theirs, their_cpu = middle(c.peers[best], "rate"), middle(c.peers[thrifty], "cpu_rate")
        line[3:6] = [show(theirs), best, f"×{rate / theirs:.2f}"]
        line[7:] = [show(their_cpu), f"×{cpu / their_cpu:.2f}"]
    speed = c.flop * cpu * 1e-9
    line += [f"{speed:.0f} ({100 * speed / peak:.0f} %)" if c.flop else "–", f"{middle(c.ours, 'rss_mb'):.0f}",
             f"{middle(c.peers[c.best()], 'rss_mb'):.0f}" if c.peers else "–"]
    return "| " + " | ".join(line) + " |"


has_peers = subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0
if not has_peers:
    print(f"peers are left out: {python} has no PyTorch (Debian: python3-torch)\n")
cores = {core: json.loads(call([args.build / "tests/bench_machine"], cpu=core)[3])
         for core in sorted(os.sched_getaffinity(0))}
cases = [c for c in all_cases() if not args.only or c.name in args.only]
for number in range(args.rounds):
    for c in cases:
        c.measure_ours()
        if has_peers:
            best = c.best()
            c.measure_peers(c.variants if best is None else sorted({best, best.replace("t2", "t1")}))
for c in cases:
    if c.run:
        c.profile()

print("| core | matmul fp32 | convolution fp32 | matmul bf16 | convolution bf16 |\n|---|---|---|---|---|")
for core, made in cores.items():
    print(f"| {core} | " + " | ".join(f"{v:.0f} GFLOP/s" for kind in made.values() for v in kind.values()) + " |")
peak = max(v for made in cores.values() for kind in made.values() for v in kind.values())
print("\n| case | unit | ours | best peer | its variant | ratio | ours a CPU second | best peer | ratio | "
      "GFLOP/s a core (of its peak) | MB ours | MB peer |\n|" + "---|" * 12)
for c in cases:
    print(row(c, peak))
print("\nGFLOP/s count what the layers' definitions ask; 3x3 convolutions by Winograd's filtering multiply less.\n\n"
      "Share of one thread's time by kind of oneDNN's operations (the rest: own kernels, among them most 3x3 "
      "convolutions, libtorch, data):\n")
for c in cases:
    if len(c.shares) > 1:
        print(f"- {c.name}: " + ", ".join(f"{k} {100 * v:.0f} %" for k, v in
                                           sorted(c.shares.items(), key=lambda kv: -kv[1]) if v >= 0.005))
kept = ("name", "unit", "ours", "peers", "flop", "shares")
(args.build / "bench.json").write_text(
    json.dumps({"cores": cores, "cases": [{k: getattr(c, k) for k in kept} for c in cases]}, indent=1))
