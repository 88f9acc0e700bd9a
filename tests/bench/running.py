"""A case: what of ours runs beside which variants of its peers, and the results of both."""
import statistics

from measure import difference, failed, operations


def middle(results, key):
    return statistics.median(r[key] for r in results)


class attempt:
    """A variant in one of the Python programs: the result of the short first round, and those of the others."""

    def __init__(self, program, variant, tried):
        self.program, self.variant, self.tried, self.results = program, variant, tried, []


class case:
    """Ours: `run` and how often it does the thing for each step asked of it, or rate(seconds), which measures itself.
    The peers': a script with its arguments, the packages it needs, and variants(program)."""

    def __init__(self, name, unit, script, packages, variants, peer_args=(), run=None, per_step=1, rate=None, count=3):
        self.name, self.unit, self.script, self.packages = name, unit, script, packages
        self.variants, self.peer_args = variants, peer_args
        self.run, self.per_step, self.rate, self.count = run, per_step, rate, count
        self.ours, self.attempts, self.chosen, self.flop, self.shares = [], [], [], 0, {}

    def measure_ours(self, wanted):
        if self.rate:
            self.ours.append(self.rate(wanted))
            return
        while not self.ours:  # how many steps fill the time: told by no fewer than fill an eighth of it
            seconds = self.count / difference(self.run, 2, 2 + self.count, 1)["rate"]
            if seconds > wanted / 8:
                self.count = max(self.count, round(wanted / seconds * self.count))
                break
            self.count *= 4
        self.ours.append(difference(self.run, 2, 2 + self.count, self.per_step))

    def try_peers(self, programs, seconds, pattern):
        """The first round: every variant that the pattern is found in. The best goes on, and the same on one thread."""
        for p in programs:
            missing = [name for name in self.packages if not p.has(name)]
            if missing:
                p.leave_out(self.name, f"it has no {' and no '.join(missing)}")
                continue
            for variant in filter(pattern.search, self.variants(p)):
                self.try_variant(p, variant, seconds)
        if self.attempts:
            best = max(self.attempts, key=lambda a: a.tried["rate"])
            thrifty = best.variant.replace("t2", "t1")
            known = [a for a in self.attempts if (a.program, a.variant) == (best.program, thrifty)]
            self.chosen = [best, *([] if best in known else known or self.try_variant(best.program, thrifty, seconds))]

    def try_variant(self, p, variant, seconds):
        try:
            self.attempts.append(attempt(p, variant, p.measure(self.script, variant, seconds, self.peer_args)))
        except failed as error:
            p.leave_out(f"{self.name} {variant}", error.reason)
            return []
        return self.attempts[-1:]

    def measure_peers(self, seconds):
        for a in list(self.chosen):
            try:
                a.results.append(a.program.measure(self.script, a.variant, seconds, self.peer_args))
            except failed as error:
                a.program.leave_out(f"{self.name} {a.variant}", error.reason)
                self.chosen.remove(a)

    def best(self, key="rate"):
        return max(self.chosen, key=lambda a: middle(a.results, key)) if self.chosen else None

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

    def raw(self):
        """All numbers, for a file of JSON."""
        peers = [{"program": a.program.path, "packages": a.program.named(self.packages), "variant": a.variant,
                  "tried": a.tried, "results": a.results} for a in self.attempts]
        return {"name": self.name, "unit": self.unit, "ours": self.ours, "peers": peers, "flop": self.flop,
                "shares": self.shares}
