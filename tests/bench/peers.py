"""The Python programs that $PEER_PYTHON names, colon separated; what each of them has, and how a variant runs in it."""
import ctypes.util
import itertools
import json
import os
from pathlib import Path

from measure import call, failed

SCRIPTS = Path(__file__).parent / "peer"
JEMALLOC = ctypes.util.find_library("jemalloc")
ALLOCATORS = ("", "jemalloc") if JEMALLOC else ("",)


class program:
    """One program with its {package: version}; left_out is {why: what was not measured with it}."""

    def __init__(self, path, cache):
        self.path, self.cache, self.left_out = path, cache, {}
        found = json.loads(self.call("versions.py"))
        self.versions = {package: version for package, version in found.items() if version}
        for package in found.keys() - self.versions.keys():
            self.leave_out(package, "it cannot be imported")

    def has(self, *packages):
        return all(p in self.versions for p in packages)

    def named(self, packages):
        return ", ".join(f"{p} {self.versions[p]}" for p in packages)

    def leave_out(self, what, why):
        self.left_out.setdefault(why, []).append(what)
        print(f"{what} is left out with {self.path}: {why}", flush=True)

    def call(self, script, *words, **environment):
        """Returns the last line that a script prints."""
        return call([self.path, SCRIPTS / script, *words], TORCHINDUCTOR_CACHE_DIR=str(self.cache),
                    **environment)[3].splitlines()[-1]

    def measure(self, script, variant, seconds, words):
        preload = {"LD_PRELOAD": JEMALLOC} if "jemalloc" in variant.split(",") else {}
        return json.loads(self.call(script, "--variant", variant, "--seconds", seconds, *words, **preload))


def programs(cache=""):
    """All that can be started. `cache` is the folder in which torch.compile keeps what it made."""
    found = []
    for path in os.environ.get("PEER_PYTHON", "/usr/bin/python3").split(":"):
        try:
            found.append(program(path, cache))
        except (failed, OSError) as error:
            print(f"{path} is left out: {error.reason if isinstance(error, failed) else error.strerror}")
    return found


def one_with(found, *packages):
    """The first program that has them."""
    for p in found:
        if p.has(*packages):
            return p
    raise failed(f"no program has {' and '.join(packages)}")


def product(*axes):
    """Every choice of one word from each axis, as variants."""
    return [",".join(filter(None, words)) for words in itertools.product(*axes)]


def torch_variants(p, *axes, before_2=("",), threads=("t2",)):
    """Variants of PyTorch: the axes, its compilers (`before_2` where it has no torch.compile), allocators, threads."""
    networks = ("", "compile", "autotune") if int(p.versions["torch"].split(".")[0]) >= 2 else before_2
    return product(*axes, networks, threads, ALLOCATORS)
