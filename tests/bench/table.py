"""What make bench prints, in Markdown: the cores, a row for each case, a line for each peer."""
from running import middle


def show(x):
    return f"{x:,.0f}" if x >= 1000 else f"{x:.3g}"


def line(*cells):
    return "| " + " | ".join(cells) + " |"


def cores(found):
    kinds = [f"{kind} {of}" for of, kind_of in next(iter(found.values())).items() for kind in kind_of]
    print(line("core", *kinds) + "\n|" + "---|" * (1 + len(kinds)))
    for core, made in found.items():
        print(line(str(core), *(f"{v:.0f} GFLOP/s" for kind in made.values() for v in kind.values())))


def row(c, peak):
    rate, cpu, best = middle(c.ours, "rate"), middle(c.ours, "cpu_rate"), c.best()
    theirs, thrifty = ["–"] * 4, ["–"] * 2
    if best:
        other, other_cpu = middle(best.results, "rate"), middle(c.best("cpu_rate").results, "cpu_rate")
        theirs = [show(other), best.variant, best.program.named(c.packages), f"×{rate / other:.2f}"]
        thrifty = [show(other_cpu), f"×{cpu / other_cpu:.2f}"]
    speed = c.flop * cpu * 1e-9
    return line(c.name, c.unit, show(rate), *theirs, show(cpu), *thrifty,
                f"{speed:.0f} ({100 * speed / peak:.0f} %)" if c.flop else "–", f"{middle(c.ours, 'rss_mb'):.0f}",
                f"{middle(best.results, 'rss_mb'):.0f}" if best else "–")


def cases(found, peak):
    print("\n| case | unit | ours | best peer | its variant | its version | ratio | ours a CPU second | best peer | "
          "ratio | GFLOP/s a core (of its peak) | MB ours | MB peer |\n|" + "---|" * 13)
    for c in found:
        print(row(c, peak))
    print("\nGFLOP/s count what the layers' definitions ask; 3x3 convolutions by Winograd's filtering multiply less.\n")


def peers(programs):
    for p in programs:
        left_out = [f"{', '.join(what)} ({why})" for why, what in p.left_out.items()]
        print(f"- {p.path}: {p.named(p.versions) or 'no peer'}; left out: {'; '.join(left_out) or 'nothing'}")


def shares(found):
    print("\nShare of one thread's time by kind of oneDNN's operations (the rest: own kernels, among them most 3x3 "
          "convolutions, libtorch, data):\n")
    for c in found:
        if len(c.shares) > 1:
            print(f"- {c.name}: " + ", ".join(f"{k} {100 * v:.0f} %" for k, v in
                                               sorted(c.shares.items(), key=lambda kv: -kv[1]) if v >= 0.005))
