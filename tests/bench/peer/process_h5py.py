"""A pass of h5py over a compressed dataset, as fast as h5py does it: whole chunks, no conversion of types, arrays that are
used again, arithmetic in place. Mean and deviation come from the first gigabyte, as ours. process_h5py.py IN OUT
"""
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1], "r", rdcc_nbytes=0) as source, h5py.File(sys.argv[2], "w", rdcc_nbytes=0) as target:
    x = source["x"]
    y = target.create_dataset("x0", x.shape, x.dtype, chunks=x.chunks, compression=4, shuffle=True)
    rows = x.chunks[0]
    buffer = np.empty(x.chunks, x.dtype)

    def blocks(limit):
        for first in range(0, limit, rows):
            count = min(rows, x.shape[0] - first)
            part = buffer[:count]
            x.read_direct(part, np.s_[first:first + count])
            yield first, count, part

    some = min(x.shape[0], int(2 ** 30 / (x.dtype.itemsize * np.prod(x.shape[1:]))))
    total = squares = number = 0.0
    for _, _, part in blocks(some):
        total += part.sum(dtype=np.float64)
        squares += np.square(part, dtype=np.float64).sum()
        number += part.size
    mean = total / number
    deviation = np.float32(np.sqrt(squares / number - mean * mean))
    mean = np.float32(mean)
    for first, count, part in blocks(x.shape[0]):
        np.subtract(part, mean, out=part)
        np.divide(part, deviation, out=part)
        y.write_direct(part, dest_sel=np.s_[first:first + count])
