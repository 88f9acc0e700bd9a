"""What all peer scripts share: their arguments, timing, and one line of JSON as the result. Needs no package.

A variant is a comma-separated list of words: t1 or t2 (threads), and words that the scripts know. The word `jemalloc`
is the harness's, which preloads that allocator.
"""
import argparse
import json
import os
import re
import sys
import time

# OpenBLAS has threads of its own, and reads their number when it is loaded.
for word in ",".join(sys.argv).split(","):
    if word in ("t1", "t2"):
        os.environ["OPENBLAS_NUM_THREADS"] = word[1:]


def arguments(**more):
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", default="fp32,nchw,t2")
    parser.add_argument("--seconds", type=float, default=4)
    for name, default in more.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default)
    args = parser.parse_args()
    args.words = args.variant.split(",")
    args.threads = 2 if "t2" in args.words else 1
    return args


def megabytes(path, name):
    """A number of kB, or the sum of several, in a file of /proc."""
    with open(path) as file:
        return sum(int(n) for n in re.findall(rf"^{name}:\s+(\d+)", file.read(), re.M)) / 1024


def report(args, step, unit, scale=1, warm=3, workers=lambda: ()):
    """Calls step() for args.seconds and prints how often it ran in a second, times `scale`. The memory is the peak once
    step() ran `warm` times, so that nothing counts that only compiling needs; for each process id that workers()
    returns it is what that process shares with no other."""
    for _ in range(warm):
        step()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak becomes the present size
    count, start, busy = 0, time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) - start < args.seconds or count < 3:
        step()
        count += 1
    rate, busy = count * scale / (now - start), time.process_time() - busy
    memory = megabytes("/proc/self/status", "VmHWM")
    memory += sum(megabytes(f"/proc/{pid}/smaps_rollup", r"Private_\w+") for pid in workers())
    print(json.dumps({"variant": args.variant, "rate": rate, "unit": unit, "cpu_rate": count * scale / busy,
                      "rss_mb": memory}))
