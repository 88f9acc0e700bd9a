"""Our side: a folder of data, pipelines and runs, and what the program of a build does there."""
import json
import os
import re

from measure import call

PIPELINE = """
name: bench
seed: 1
process: {{kernel: gaussian, schedule: {{plugin: cosine, steps: {T}}}, mean: epsilon, variance: fixed_large}}
graph:
  loader: {{plugin: loader.hdf5, file: {data}, batch: {batch}, {read}}}
  scaled: {{{scaled}, in: loader}}
  noiser: {{plugin: noiser.marginal, in: scaled}}
  model: {{{model}, in: noiser}}
  loss: {{plugin: loss.simple, in: model}}
  trainer: {{{trainer}, in: loss, steps: 1, checkpoint: 1000000}}
"""
ADAM = "plugin: trainer.adam, rate: 2.0e-4"
BYTES = "plugin: transform.range, values: [0, 255]"


class workshop:
    def __init__(self, build, folder):
        self.build, self.folder, self.noneq = build, folder, build / "noneq"

    def images(self, name, count, channels):
        """Random bytes as an HDF5 file of images."""
        return self.imported(name, (count, channels, 32, 32), os.urandom(count * channels * 1024))

    def packed_images(self, name, count):
        """Grey images of 8 levels, which gzip makes smaller, in a file that it made smaller."""
        levels = os.urandom(count * 1024).translate(bytes(i // 32 * 32 for i in range(256)))
        plain, packed = self.imported(f"{name}_plain", (count, 1, 32, 32), levels), self.folder / f"{name}.h5"
        call([self.noneq, "data", "repack", plain, packed, "--gzip", 4, "--quiet"])
        plain.unlink()
        return packed

    def imported(self, name, shape, content):
        raw, file = self.folder / f"{name}.npy", self.folder / f"{name}.h5"
        header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
        header += " " * (-(len(header) + 11) % 64) + "\n"
        raw.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + content)
        call([self.noneq, "data", "import", raw, "--out", file])
        raw.unlink()
        return file

    def made(self, generator, count):
        """Rows of a loader that generates."""
        file = self.folder / f"{generator}.h5"
        call([self.noneq, "data", "make", generator, "--count", count, "--out", file])
        return file

    def training(self, name, data, model, scaled=BYTES, batch=32, T=1000, read="dataset: x", trainer=ADAM):
        file = self.folder / f"{name}.yaml"
        file.write_text(PIPELINE.format(data=data, model=model, scaled=scaled, batch=batch, T=T, read=read,
                                        trainer=trainer))

        def run(steps, *more, **environment):
            return call([self.noneq, "run", file, "--set", f"graph.trainer.steps={steps}", "--out", self.folder / name,
                         "--force", *more], **environment)
        return run

    def sampling(self, name, train):
        train(1)

        def run(steps, *more, **environment):
            return call([self.noneq, "sample", self.folder / name, "--sampler", "ddim", "--steps", steps, "--count", 32,
                         "--set", "chunk=16", "--set", "clip=true", "--out", self.folder / "samples.h5", "--force",
                         *more], **environment)
        return run

    def batches(self, file, batch):
        """The rate of the loader and the noiser alone."""
        return lambda seconds: json.loads(call([self.build / "tests/bench_batches", file, batch, seconds],
                                               NONEQ_BUILD=str(self.build))[3])


def parameters(train):
    return int(re.search(r"([\d,']+) parameters", train(1)[4])[1].replace(",", "").replace("'", ""))
