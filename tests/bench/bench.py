#!/usr/bin/env python3
"""make bench: noneq beside its peers on this machine. bench.py BUILD [--rounds 3] [--seconds 4] [--only CASE ...]
[--variants REGEX]

The first round tries every variant of a peer in a quarter of the time: precision, layout, compiler, allocator. The
best one of all, and the same on one thread, are the peer of the rounds that follow. These are interleaved: ours, then
the peer, then the next round; medians count. Wall time is what counts on an idle machine; CPU time says the same when
others work beside it. Prints a table in Markdown and leaves BUILD/bench.json with all numbers.

Peers are in the Python programs that $PEER_PYTHON names, colon separated (by default /usr/bin/python3). A program,
package or variant that does not run is left out with a line that says why. --only takes beginnings of names of cases.
--variants tries those alone in which the expression is found: '^(?!.*autotune)' saves most of the time, which
torch.compile needs and which is not measured. Of two batches of 16 that are sampled, ours runs one a core; a peer each
on both cores.
"""
import argparse
import json
import os
import re
import tempfile
from pathlib import Path

import table
from cases import cases
from measure import call, failed
from peers import JEMALLOC, programs
from workshop import workshop


def made(makers, only):
    """The cases that are wanted and can be made."""
    for name, make in makers.items():
        if not only or name.startswith(tuple(only)):
            try:
                yield make()
            except failed as error:
                print(f"{name} is left out: {error.reason}", flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("build", type=Path)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--seconds", type=float, default=4)
parser.add_argument("--only", nargs="*", default=[])
parser.add_argument("--variants", type=re.compile, default="")
args = parser.parse_args()
build = args.build.absolute()
found = programs(build / "bench_inductor")
if not JEMALLOC:
    print("jemalloc is left out: there is no libjemalloc (Debian: libjemalloc2)")
cores = {core: json.loads(call([build / "tests/bench_machine"], cpu=core)[3])
         for core in sorted(os.sched_getaffinity(0))}
with tempfile.TemporaryDirectory() as folder:
    all_cases = list(made(cases(workshop(build, Path(folder)), found).makers, args.only))
    for c in all_cases:
        c.try_peers(found, args.seconds / 4, args.variants)
    for _ in range(args.rounds):
        for c in all_cases:
            c.measure_ours(args.seconds)
            c.measure_peers(args.seconds)
    for c in all_cases:
        if c.run:
            c.profile()

print()
table.cores(cores)
table.cases(all_cases, max(v for made in cores.values() for kind in made.values() for v in kind.values()))
table.peers(found)
table.shares(all_cases)
peers = [{"program": p.path, "versions": p.versions, "left_out": p.left_out} for p in found]
(build / "bench.json").write_text(json.dumps({"cores": cores, "peers": peers, "cases": [c.raw() for c in all_cases]},
                                             indent=1))
