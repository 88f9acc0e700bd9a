"""How the harness measures: processes with their wall time, CPU time and memory; ours as a difference of two runs."""
import os
import re
import subprocess
import threading
import time


class failed(SystemExit):
    """A command that failed, or something that is missing; its text ends in the reason."""

    @property
    def reason(self):
        """The last error that the text names, in one line."""
        lines = [line.strip() for line in str(self).splitlines() if line.strip()]
        errors = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
        return (errors or lines)[-1][:200]


def call(command, cpu=None, **environment):
    """Runs a command; (seconds, CPU seconds, peak MB, its output, its messages). Raises `failed`."""
    before, start = os.times(), time.perf_counter()
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, **environment},
                          preexec_fn=None if cpu is None else lambda: os.sched_setaffinity(0, {cpu})) as process:
        peak = memory_watch(process.pid)
        out, err = process.communicate()
        wall, after = time.perf_counter() - start, os.times()
    if process.returncode:
        raise failed(f"{' '.join(map(str, command))}\n{err or f'ended with {process.returncode}'}")
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, busy, peak(), out, err


def memory_watch(pid):
    """Follows a process's own high-water mark; the operating system's total over children never falls."""
    peak = [0.0]

    def follow():
        while True:
            try:
                with open(f"/proc/{pid}/status") as status:
                    found = re.search(r"VmHWM:\s+(\d+)", status.read())
            except OSError:
                return
            if not found:
                return
            peak[0] = max(peak[0], int(found[1]) / 1024)
            time.sleep(0.05)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    return lambda: (thread.join(1), peak[0])[1]


def difference(run, few, many, scale):
    """Rates of what happens (many - few)·scale times: start, warm-up and end are in both runs and cancel."""
    wall0, busy0, *_ = run(few)
    wall1, busy1, peak, *_ = run(many)
    count = (many - few) * scale
    return {"rate": count / max(wall1 - wall0, 1e-9), "cpu_rate": count / max(busy1 - busy0, 1e-9), "rss_mb": peak}


GRADIENTS = {"backward_data": ", gradient of x", "backward_weights": ", gradient of weights"}


def operations(log):
    """Of a log of oneDNN's primitives: {kind: (milliseconds, floating-point operations)}."""
    found = {}
    for line in log.splitlines():
        field = line.split(",")
        if len(field) < 11 or field[:2] != ["onednn_verbose", "exec"]:
            continue
        kind = field[3] + GRADIENTS.get(field[5], "")
        ms, flop = found.get(kind, (0.0, 0.0))
        found[kind] = ms + float(field[-1]), flop + work(field[3], field[-2])
    return found


def work(kind, problem):
    """Floating-point operations of one call, from the sizes in its log line; 0 for what multiplies nothing."""
    product = 2.0
    if kind == "convolution":
        for name in ("mb", "ic", "oc", "oh", "ow", "kh", "kw"):
            size = re.search(rf"(?<![a-z]){name}(\d+)", problem)
            product *= int(size[1]) if size else 1  # of one dimension: not named
        return product
    if kind in ("matmul", "inner_product") and ":" in problem:
        left, right = [[int(n) for n in part.split("x")] for part in problem.split(":")[:2]]
        for n in left + right[-1:]:
            product *= n
        return product
    return 0.0
