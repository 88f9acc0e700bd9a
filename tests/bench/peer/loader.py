"""Batches of 8-bit images: gather, cast, normalise, draw t and noise, q_sample. The images are in memory, or with
--file shuffled rows of the dataset x of an HDF5 file, which a DataLoader reads through h5py.

The words: inplace reuses memory; w0 or w2 (processes of the DataLoader); cached lets h5py keep all chunks once they are
decompressed.
"""
import multiprocessing

import torch

from common import arguments, diffusion, report

args = arguments(batch=128, rows=60000, channels=1, size=32, file="")
process = diffusion()


def memory():
    data = torch.randint(0, 256, (args.rows, args.channels, args.size, args.size), dtype=torch.uint8)
    while True:
        order = torch.randperm(args.rows)
        for at in range(0, args.rows - args.batch + 1, args.batch):
            yield data[order[at:at + args.batch]]


class rows(torch.utils.data.Dataset):
    """Opens the file in the process that reads it."""
    data = None

    def __len__(self):
        return args.rows

    def __getitem__(self, row):
        if self.data is None:
            import h5py
            cache = {"rdcc_nbytes": 2 ** 30, "rdcc_nslots": 100003} if "cached" in args.words else {}
            self.data = h5py.File(args.file, "r", **cache)["x"]
        return self.data[row]


def hdf5():
    source = torch.utils.data.DataLoader(rows(), args.batch, shuffle=True, drop_last=True,
                                         num_workers=2 if "w2" in args.words else 0,
                                         persistent_workers="w2" in args.words)
    while True:
        yield from source


batches = hdf5() if args.file else memory()
noise, xt = [torch.empty(args.batch, args.channels, args.size, args.size) for _ in range(2)]


def step():
    images = next(batches)
    if "inplace" not in args.words:
        return process.jump(images.float() / 127.5 - 1)
    x0 = images.float().mul_(1 / 127.5).sub_(1)
    t = torch.randint(0, process.steps, (args.batch,))
    noise.normal_()
    torch.mul(x0, process.keep[t].view(-1, 1, 1, 1), out=xt)
    xt.addcmul_(noise, process.spread[t].view(-1, 1, 1, 1))
    return t, noise, xt


with torch.no_grad():
    report(args, step, "images/s", args.batch, warm=50,
           workers=lambda: [child.pid for child in multiprocessing.active_children()])
