"""./dev mutants: weaves deliberate and mechanical defects into a copy of the sources, builds it once, and looks whether the
tests notice each of them.

A mutant is killed by an invariant of the simulator's judge or by a named test case that fails, by nothing else: one that does
not apply or compile fails the harness, and one that only crashes or hangs is not killed. A survivor has to be argued in
argued.txt; an argument about a mutant that is killed, or is not there, is an error.
"""

import argparse
import fnmatch
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import lru_cache
from pathlib import Path

sys.dont_write_bytecode = True
import weave  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
UNITS = ["unit_cores", "unit_client", "unit_store", "unit_shells", "stand_in_test", "few_workers_test", "slot_manager_test",
         "unit_calendar", "unit_executor", "unit_execution", "unit_containment"]
# Of processor time. Those of a core itself take seconds; all of them, with every mutant woven in, a minute.
UNIT_TIMEOUT = 20
ALL_UNITS_TIMEOUT = 200
# What the test cases of a core begin with, by its folder; and those of several cores together.
NEAR = {"election": "election:*", "dialogue": "read_batch:*,txn_builder:*,exchange:*", "job_runner": "runner:*,slots:*,failures:*,rhythm:*,prepare:*", "keeper": "keeper:*", "worker": "worker*,lease:*,states:*",
        "node": "supervisor:*,admin:*,event desk:*,log limiter:*", "executor": "lease guard:*,fair queue:*",
        "run": "run core:*", "launcher": "lease:*", "manager": "manager:*,writer:*,watchdog:*,image:*", "session": "session core:*,prober:*"}
CLUSTERS = "cluster:*"
# A mutant that sleeps uses no processor: so many times its seconds may go by.
WAITING = 15
PROFILES = ["chaos", "churn", "partition", "calm", "scale", "calendar"]
# Rounds of seeds of each profile; the sum is what a deliberate mutant is given that no test case has killed.
ROUNDS = [(2, PROFILES), (10, PROFILES[:4]), (40, PROFILES[:3]), (150, PROFILES[:3])]
# The others are tried with fewer.
FEWER_ROUNDS = ROUNDS[:3]
SECONDS_PER_SEED = 3
CRASHED = re.compile(r"ERROR: test case CRASHED")
VIOLATED = re.compile(r"^seed (\d+) profile (\w+) .*?: (\w+) is violated: (.*)$", re.MULTILINE)


def execute(command, number, timeout):
    """(exit status, output); None for a time-out. The seconds are the processor's: a busy machine makes no mutant hang."""
    env = dict(os.environ, DJM_MUTANT=str(number), RC_PARAMS="seed=1")
    limited = ["prlimit", f"--cpu={timeout}", *map(str, command)]
    try:
        done = subprocess.run(limited, env=env, timeout=WAITING * timeout, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired:
        return None, ""
    return (None, "") if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL) else (done.returncode, done.stdout)


def stages(mutant):
    """Which test cases to try, one selection after the other: those of the mutant's own core, most likely to notice it and done
    in no time; then the others; then those of whole clusters, which are slow and do not end with every mutant."""
    folder, part = mutant.edits[0].file.split("/")[:2]
    if part == "client":
        first, near = "unit_client", "*"
    elif folder == "zkstore":
        first, near = "unit_store", NEAR["session"]
    elif folder == "strategies":
        own = [u for u in UNITS if u == part.removesuffix(".cpp") + "_test"]
        first, near = "stand_in_test" if part.startswith("stand_in") else own[0] if own else "few_workers_test", "*"
    elif folder == "calendar":
        first, near = "unit_calendar", "*"
    elif folder == "execution":
        first, near = ("unit_containment" if part == "launcher" else "unit_execution"), NEAR[part]
    elif mutant.edits[0].file.endswith("executor_lease.cpp"):
        first, near = "unit_executor", "*"
    elif part == "store":
        first, near = "unit_shells", "*"
    else:
        first, near = "unit_cores", NEAR.get(part, "*")
    yield first, ("-tc=" + near,)
    for exe in (first, *(u for u in UNITS if u != first)):
        yield exe, ("-tce=" + (f"{near},{CLUSTERS}" if exe == first else CLUSTERS),)
        yield exe, ("-tc=" + CLUSTERS,)


@lru_cache(maxsize=None)
def cases_of(exe, selection):
    """The names of the selected test cases, in the order in which they run."""
    output = execute([exe, "-ltc", *selection], 0, UNIT_TIMEOUT)[1]
    return re.split(r"^=+$", output, flags=re.MULTILINE)[1].strip().splitlines()


def unit_verdict(exe, selection, number):
    """(killer, trouble): the test case that failed, or what went wrong instead. Behind a test case that crashes the next
    one begins: many may crash before one fails."""
    first, trouble = 1, ""
    while True:
        status, output = execute([exe, "--abort-after=1", f"--first={first}", *selection], number,
                                 UNIT_TIMEOUT if selection[0].startswith("-tc=") else ALL_UNITS_TIMEOUT)
        if status is None:
            return "", f"{exe.name} runs out of time"
        if status == 0:
            return "", trouble
        cases = re.findall(r"^TEST CASE:  (.*)$", output, re.MULTILINE)
        if status == 1 and cases and not CRASHED.search(output):
            return f"{exe.name}: {cases[-1]}", trouble
        trouble = f"{exe.name} crashes"
        names = cases_of(exe, selection)
        if not cases or cases[-1] not in names[first - 1:]:
            return "", trouble
        first = names.index(cases[-1]) + 2


class tally:
    """What became of one mutant."""

    def __init__(self, mutant):
        self.mutant = mutant
        self.test = ""
        self.invariant = ""
        self.text = ""
        self.seed = None
        self.profile = ""
        self.seeds = 0
        self.trouble = []
        self.seconds = 0.0

    def killed(self):
        return bool(self.test or self.invariant)

    def kept(self):
        return {k: v for k, v in vars(self).items() if k != "mutant"}


def simulate(sim, t, rounds):
    done = {p: 0 for p in PROFILES}
    for n, profiles in rounds:
        profiles = [p for p in t.mutant.profiles or PROFILES if p in profiles] or t.mutant.profiles
        first = max(done[p] for p in profiles) + 1
        status, output = execute([sim, "--profile", ",".join(profiles), "--from", first, "--seeds", n],
                                 t.mutant.number, 60 + SECONDS_PER_SEED * n * len(profiles))
        if status not in (0, 1):
            t.trouble.append("djm_sim " + ("runs out of time" if status is None else "crashes"))
            return
        if found := VIOLATED.search(output):
            seed, t.profile, t.invariant, t.text = found.groups()
            t.seed = int(seed)
            t.seeds += (t.seed - first) * len(profiles) + profiles.index(t.profile) + 1
            return
        t.seeds += n * len(profiles)
        for p in profiles:
            done[p] += n


def judge(mutant, exes, quick):
    t = tally(mutant)
    start = time.monotonic()
    for unit, selection in stages(mutant):
        killer, trouble = unit_verdict(exes[unit], selection, mutant.number)
        if trouble:
            t.trouble.append(trouble)
        if killer:
            t.test = killer
            break
    if not quick and (not t.test or mutant.deliberate):
        simulate(exes["djm_sim"], t, ROUNDS if mutant.deliberate and not t.test else FEWER_ROUNDS)
    t.seconds = time.monotonic() - start
    return t


def built(build, targets):
    exes = {}
    for name in targets:
        found = [p for p in build.rglob(name) if p.is_file() and os.access(p, os.X_OK)]
        if len(found) != 1:
            raise weave.harness_error(f"{name} was not built")
        exes[name] = found[0]
    return exes


def compile_all(src, build, jobs, targets):
    log = build.parent / "build.log"
    # What is woven in includes a header that no layer sees: here the sources themselves are on the include path. Mutants
    # are chosen at run time, so nothing is compiled twice: files are compiled together (DJM_UNITY), as for development.
    launcher = os.environ.get("CMAKE_CXX_COMPILER_LAUNCHER", "ccache")
    configure = ["cmake", "-S", src, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                 f"-DCMAKE_CXX_FLAGS=-I{src} -I{src}/include",
                 "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1", f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}", "-DDJM_UNITY=ON", "-DDJM_BUILD_SAMPLES=OFF",
                 "-DDJM_BUILD_TOOLS=OFF", "-DDJM_BUILD_BENCH=OFF"]
    make = ["cmake", "--build", build, "-j", jobs, "--target", *targets]
    with log.open("w") as out:
        for command in (configure, make):
            if subprocess.run(list(map(str, command)), stdout=out, stderr=out, check=False).returncode != 0:
                raise weave.harness_error(f"the mutants do not compile, see {log}")


def line_of(t, arguments):
    m = t.mutant
    if t.killed():
        by = t.test
        if t.invariant:
            by = f"{t.invariant} (seed {t.seed}, {t.profile})" + (f"; {t.test}" if t.test else "")
    elif m.name in arguments:
        by = "argued"
    else:
        by = "; ".join(t.trouble) or "SURVIVES"
    seeds = str(t.seeds) if t.invariant or not t.killed() else "-"
    return f"{m.name[:78]:<78} {','.join(m.invariants):<9} {seeds:>5} {t.seconds:>6.1f}  {by[:110]}"


def summary(results, arguments):
    """Prints the counts; False when something is not as it has to be."""
    good = True
    for deliberate in (True, False):
        some = [t for t in results if t.mutant.deliberate == deliberate]
        if not some:
            continue
        killed = [t for t in some if t.killed()]
        argued = [t for t in some if not t.killed() and t.mutant.name in arguments]
        rest = [t for t in some if not t.killed() and t.mutant.name not in arguments]
        failures = [t for t in rest if t.trouble]
        print(f"{'deliberate' if deliberate else 'mechanical'}: {len(some)} mutants, {len(killed)} killed "
              f"({100 * len(killed) / len(some):.1f} %), {len(argued)} survivors argued, "
              f"{len(rest) - len(failures)} survivors not argued, {len(failures)} crash or hang only")
        seeds = [t.seeds for t in killed if t.invariant]
        if deliberate and seeds:
            print(f"  killed by an invariant: {len(seeds)}, seeds needed: median {statistics.median(seeds):.0f}, most {max(seeds)}; "
                  f"by named tests: {sum(bool(t.test) for t in killed)}")
        for t in killed:
            if t.mutant.name in arguments:
                print(f"  argued, but killed: {t.mutant.name}")
                good = False
        for t in rest:
            print(f"  not killed: {t.mutant.name}{' (' + '; '.join(t.trouble) + ')' if t.trouble else ''}")
            good = False
    return good


def parse():
    p = argparse.ArgumentParser(prog="./dev mutants", description="Does anybody notice when the code is wrong?")
    p.add_argument("--only", metavar="NAME", help="mutants of this name, or these, with commas between them; * and ? stand for anything")
    p.add_argument("--deliberate", action="store_true", help="only those that people wrote")
    p.add_argument("--mechanical", action="store_true", help="only negated conditions and dropped checks")
    p.add_argument("--survivors", action="store_true", help="only those that the last run did not see killed")
    p.add_argument("--quick", action="store_true", help="the unit tests alone, without the simulator")
    p.add_argument("--list", action="store_true", help="names and reasons, without running anything")
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="so many at a time")
    p.add_argument("--build", type=Path, default=ROOT / "build/mutants", metavar="FOLDER")
    return p.parse_args()


def select(a, mutants, last):
    if a.deliberate != a.mechanical:
        mutants = [m for m in mutants if m.deliberate == a.deliberate]
    if a.only:
        wanted = a.only.split(",")
        for name in wanted:
            if not any(fnmatch.fnmatch(m.name, name) for m in mutants):
                raise weave.harness_error(f"no mutant \"{name}\"")
        mutants = [m for m in mutants if any(fnmatch.fnmatch(m.name, name) for name in wanted)]
    if a.survivors:
        mutants = [m for m in mutants if not (last.get(m.name, {}).get("test") or last.get(m.name, {}).get("invariant"))]
    return mutants


def main():
    a = parse()
    mutants = weave.deliberate(ROOT) + weave.mechanical(ROOT)
    for number, m in enumerate(mutants, 1):
        m.number = number
    arguments = weave.argued(ROOT)
    for name in arguments:
        if not any(m.name == name for m in mutants):
            raise weave.harness_error(f"argued.txt speaks of a mutant that is not there: {name}")
    weave.check_rules(ROOT, mutants)
    results_file = a.build / "results.json"
    last = json.loads(results_file.read_text()) if results_file.exists() else {}
    chosen = select(a, mutants, last)
    if a.list:
        for m in chosen:
            print(f"{m.name:<40} {','.join(m.invariants):<9} {m.why}" if m.deliberate else m.name)
        return 0
    start = time.monotonic()
    a.build.mkdir(parents=True, exist_ok=True)
    weave.copy_tree(ROOT, a.build / "src", mutants)
    targets = UNITS if a.quick else [*UNITS, "djm_sim"]
    compile_all(a.build / "src", a.build / "build", a.jobs, targets)
    exes = built(a.build / "build", targets)
    # Without a mutant everything has to pass, or a kill means nothing.
    for unit in UNITS:
        if execute([exes[unit]], 0, ALL_UNITS_TIMEOUT)[0] != 0:
            raise weave.harness_error(f"{unit} fails without any mutant")
    if not a.quick and execute([exes["djm_sim"], "--profile", "all", "--seeds", 5], 0, 300)[0] != 0:
        raise weave.harness_error("djm_sim fails without any mutant")
    print(f"{len(chosen)} of {len(mutants)} mutants, built in {time.monotonic() - start:.0f} s\n"
          f"{'mutant':<78} {'breaks':<9} {'seeds':>5} {'s':>6}  killed by", flush=True)
    results = []
    with ThreadPoolExecutor(a.jobs) as pool:
        for done in as_completed([pool.submit(judge, m, exes, a.quick) for m in chosen]):
            t = done.result()
            results.append(t)
            last[t.mutant.name] = t.kept()
            if t.mutant.deliberate or not t.killed():
                print(line_of(t, arguments), flush=True)
            results_file.write_text(json.dumps({m.name: last[m.name] for m in mutants if m.name in last}, indent=1))
    good = summary(results, arguments)
    print(f"{time.monotonic() - start:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except weave.harness_error as e:
        print(f"mutants: {e}", file=sys.stderr)
        sys.exit(2)
