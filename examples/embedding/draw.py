"""Draws four samples of a trained run, and removes the noise of the first again:
python3 draw.py LIBRARY RUN, where LIBRARY is libnoneq_runs.so."""
import ctypes as c
import math
import sys


class Error(c.Structure):
    _fields_ = [("code", c.c_int64), ("message", c.c_char * 1016)]


class Shape(c.Structure):
    _fields_ = [("rank", c.c_int64), ("length", c.c_int64 * 8)]


class Rows(c.Structure):
    _fields_ = [("name", c.c_char_p), ("type", c.c_int64), ("numbers", c.c_void_p), ("shape", Shape)]


class Request(c.Structure):
    _fields_ = [("given", c.POINTER(Rows)), ("given_count", c.c_int64), ("count", c.c_int64), ("first", c.c_int64),
                ("keep_going", c.c_void_p), ("user", c.c_void_p)]


FLOAT32 = 1
library, folder = sys.argv[1:]
noneq = c.CDLL(library)
noneq.noneq_close.restype = noneq.noneq_release.restype = None
error = Error()


def need(code):
    if code != 0:
        print(error.message.decode(), file=sys.stderr)
        sys.exit(code)


run, task, shape = c.c_void_p(), c.c_void_p(), Shape()
need(noneq.noneq_open(1, folder.encode(), 0, c.byref(run), c.byref(error)))
need(noneq.noneq_prepare(run, b"sample", None, c.byref(task), c.byref(error)))
need(noneq.noneq_result(task, c.c_int64(4), c.byref(shape), c.byref(error)))
samples = (c.c_float * math.prod(shape.length[:shape.rank]))()
request = Request(count=4)
need(noneq.noneq_compute(task, c.byref(request), c.c_int64(FLOAT32), samples, c.c_int64(len(samples)), c.byref(error)))
for row in range(4):
    of_row = len(samples) // 4
    print(*(f"{x:.9g}" for x in samples[row * of_row:(row + 1) * of_row]))
noneq.noneq_release(task)

need(noneq.noneq_prepare(run, b"denoise", b"{noise: 0.5}", c.byref(task), c.byref(error)))
shape.length[0] = 1  # of the first row
noisy = Rows(b"x0", FLOAT32, c.cast(samples, c.c_void_p), shape)
clean = (c.c_float * math.prod(shape.length[:shape.rank]))()
request = Request(given=c.pointer(noisy), given_count=1)
need(noneq.noneq_compute(task, c.byref(request), c.c_int64(FLOAT32), clean, c.c_int64(len(clean)), c.byref(error)))
print(f"the first number, with noise of deviation 0.5 removed: {clean[0]:g}", file=sys.stderr)
noneq.noneq_release(task)
noneq.noneq_close(run)
