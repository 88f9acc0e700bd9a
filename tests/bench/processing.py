#!/usr/bin/env python3
"""make bench: a pass over a dataset beside `cp` and h5py.
processing.py BUILD [--gigabytes 4] [--rounds 3] [--scratch DIR]

Three measurements, each a ratio within one run; rounds are interleaved and medians count.
- copy: loader, transform.standardise, writer over uncompressed float32, beside `cp` of that file. The data is out of
  the caches for both, the programs are not. Ours waits for the disk at the end, cp does not; so cp with `sync` behind
  it is shown, too.
- gzip: the same with compressed input and output, beside a script of h5py that goes chunk by chunk.
- memory: the peak of a pass over a sparse dataset of 1 GB and over one of 100 GB.
h5py is that of the first program of $PEER_PYTHON that has it; without it that case is left out. The scratch folder
needs three times the gigabytes.
"""
import argparse
import ctypes
import ctypes.util
import json
import os
import statistics
import subprocess
import tempfile
import time
from array import array
from pathlib import Path

from measure import call, failed
from peers import SCRIPTS, one_with, programs

parser = argparse.ArgumentParser()
parser.add_argument("build", type=Path)
parser.add_argument("--gigabytes", type=float, default=4)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--scratch", type=Path)
parser.add_argument("--only", nargs="*", default=["copy", "gzip", "memory"])
args = parser.parse_args()
noneq = args.build.absolute() / "noneq"
scratch = tempfile.TemporaryDirectory(dir=args.scratch)
folder = Path(scratch.name)
ROW = (64, 64)  # 16 KiB

PIPELINE = """
name: pass
unit: {unit}
graph:
  data: {{plugin: loader.hdf5, file: {file}, dataset: x, batch: 256}}
  changed: {{{transform}, in: data}}
  out: {{plugin: writer.hdf5, in: changed, file: out.h5, datasets: [x0]{more}}}
"""


def hdf5(file, rows):
    """A file with the dataset x of float32 [rows, 64, 64] in one piece, whose bytes are not written; their offset."""
    library = next(p for p in ("libhdf5_serial.so.103", ctypes.util.find_library("hdf5_serial") or "",
                               ctypes.util.find_library("hdf5") or "") if p)
    h5 = ctypes.CDLL(library)
    handle = ctypes.c_int64
    for name in ("H5Fcreate", "H5Screate_simple", "H5Pcreate", "H5Dcreate2", "H5Dget_offset"):
        getattr(h5, name).restype = handle
    h5.H5open()
    constant = lambda name: handle(handle.in_dll(h5, name).value)
    made = handle(h5.H5Fcreate(str(file).encode(), 2, handle(0), handle(0)))
    space = handle(h5.H5Screate_simple(3, (ctypes.c_uint64 * 3)(rows, *ROW), None))
    creation = handle(h5.H5Pcreate(constant("H5P_CLS_DATASET_CREATE_ID_g")))
    h5.H5Pset_alloc_time(creation, 1)  # early
    h5.H5Pset_fill_time(creation, 1)   # never
    data = handle(h5.H5Dcreate2(made, b"x", constant("H5T_IEEE_F32LE_g"), space, handle(0), creation, handle(0)))
    offset = h5.H5Dget_offset(data)
    h5.H5Dclose(data), h5.H5Pclose(creation), h5.H5Sclose(space), h5.H5Fclose(made)
    return offset


def filled(file, gigabytes):
    """Random numbers of eight bits each, which gzip makes a third as long."""
    rows = int(gigabytes * 1e9 / 16384) // 256 * 256
    offset = hdf5(file, rows)
    block = array("f", [b / 16 + 250 for b in os.urandom(1 << 24)]).tobytes()  # 64 MiB
    with open(file, "r+b") as out:
        out.seek(offset)
        left = rows * 16384
        while left > 0:
            left -= out.write(block[:left])
    return rows


def cold(*files):
    os.sync()
    for file in files:
        with open(file, "rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(f):
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def ours(file, transform="plugin: transform.standardise", more="", unit=2048):
    pipeline = folder / "pass.yaml"
    pipeline.write_text(PIPELINE.format(file=file, transform=transform, more=more, unit=unit))
    run = folder / "run"
    subprocess.run(["rm", "-rf", run], check=True)
    return call([noneq, "run", pipeline, "--out", run, "--quiet"])


def copy_case():
    source, target = folder / "x.h5", folder / "copy.h5"
    rows = filled(source, args.gigabytes)
    times = {"ours": [], "cp": [], "cp and sync": []}
    for _ in range(args.rounds):
        target.unlink(missing_ok=True)
        cold(source)
        cp = seconds(lambda: subprocess.run(["cp", source, target], check=True))
        times["cp"].append(cp)
        times["cp and sync"].append(cp + seconds(lambda: subprocess.run(["sync", target], check=True)))
        target.unlink()
        cold(source)
        times["ours"].append(ours(source)[0])
    source.unlink()
    subprocess.run(["rm", "-rf", folder / "run"], check=True)
    middle = {k: statistics.median(v) for k, v in times.items()}
    size = rows * 16384 / 1e9
    for name, time_ in middle.items():
        print(f"| copy of {size:.1f} GB | {name} | {time_:.2f} s | {size / time_:.2f} GB/s | "
              f"×{middle['cp'] / time_:.2f} of cp |")
    return times


def gzip_case():
    try:
        peer = one_with(programs(), "h5py")
    except failed as error:
        print(f"gzip is left out: {error.reason} (PEER_PYTHON)")
        return {}
    source, packed = folder / "plain.h5", folder / "gzip.h5"
    size = min(args.gigabytes, 1)
    filled(source, size)
    ours(source, "plugin: transform.range, values: [0, 1000]", ", gzip: 4, names: {x0: x}")
    (folder / "run/out.h5").rename(packed)
    source.unlink()
    times = {"ours": [], "h5py": []}
    for _ in range(args.rounds):
        cold(packed)
        times["ours"].append(ours(packed, more=", gzip: 4")[0])
        cold(packed)
        times["h5py"].append(call([peer.path, SCRIPTS / "process_h5py.py", packed, folder / "peer.h5"])[0])
        (folder / "peer.h5").unlink()
    middle = {k: statistics.median(v) for k, v in times.items()}
    for name, time_ in middle.items():
        print(f"| gzip in and out of {size:.1f} GB | {name} | {time_:.2f} s | {size / time_:.2f} GB/s | "
              f"×{middle['h5py'] / time_:.2f} of h5py |")
    return times


def memory_case():
    peaks = {}
    for gigabytes in (1, 100):
        sparse = folder / "sparse.h5"
        hdf5(sparse, int(gigabytes * 1e9 / 16384) // 256 * 256)
        wall, _, peak, *_ = ours(sparse, "plugin: transform.range, values: [0, 1]", ", gzip: 1")
        peaks[gigabytes] = peak
        print(f"| sparse dataset of {gigabytes} GB | peak of memory | {peak:.0f} MB | {gigabytes / wall:.2f} GB/s | |")
        sparse.unlink()
    return peaks


print("| what | whose | | | ratio |\n|---|---|---|---|---|")
cases = {"copy": copy_case, "gzip": gzip_case, "memory": memory_case}
found = {name: case() for name, case in cases.items() if name in args.only}
(args.build / "bench_processing.json").write_text(json.dumps(found, indent=1))
