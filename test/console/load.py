#!/usr/bin/env python3
"""usage: load.py STAGE DRIVER [SECONDS]
A node under load over HTTP: how late runs begin without it, and with 100 clients that follow the events (ten of them slowly),
200 requests a second and 100 connections that do nothing (the hammer has a thousand, more than a node takes); and what its
process takes of memory. Without it the same load goes to another process with the same console and hardly anything to do, so
that both runs share the machine with it."""
import json
import re
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlparse

stage, driver = sys.argv[1:3]
seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 60
TICKS, RATE, FOLLOWERS, SLOW, IDLE = 200, 200, 100, 10, 100


def ask(url, path):
    with urllib.request.urlopen(url + path, timeout=20) as answer:
        return answer.status, answer.read().decode(errors="replace")


def delays(url):
    """The ranges of the delay of starts, over all jobs: upper end -> number."""
    found = {}
    for end, n in re.findall(r'djm_run_start_delay_seconds_bucket\{[^}]*le="([^"]+)"\} (\d+)', ask(url, "/metrics")[1]):
        found[float(end)] = found.get(float(end), 0) + int(n)
    return found


def quantile(before, after, q):
    ends = sorted(after)
    counts = [after[e] - before.get(e, 0) for e in ends]
    rank, low, below = q * counts[-1], 0.0, 0
    for end, n in zip(ends, counts):
        if n >= rank and n > below:
            return end if end == float("inf") else low + (end - low) * (rank - below) / (n - below), counts[-1]
        low, below = end, n
    return low, counts[-1]


def of_process(process, what):
    with open(f"/proc/{process.pid}/{what}", encoding="ascii") as file:
        return file.read()


def memory(process):
    return int(re.search(r"VmRSS:\s+(\d+)", of_process(process, "status")).group(1)) // 1024


def cpu(process):
    fields = of_process(process, "stat").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def start(*options):
    """A stage; its process and the address of its first node."""
    process = subprocess.Popen([stage, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = None
    for line in process.stdout:
        if line.startswith("amber "):
            url = line.split()[1].rstrip("/")
        if line.strip() == "ready":
            return process, url
    sys.exit("load: the stage has ended before it was ready")


def measure(name, url, process, target):
    """Loads `target` for a while, and tells how late the runs of the node at `url` began meanwhile."""
    before, busy = delays(url), cpu(process)
    plan = [str(x) for x in (urlparse(target).port, seconds, RATE, FOLLOWERS, SLOW, IDLE)]
    done = subprocess.Popen([driver, "load", *plan], stdout=subprocess.PIPE, text=True)
    time.sleep(seconds / 10)
    first = memory(process)
    told = json.loads(done.communicate(timeout=seconds + 60)[0])
    p50, p99, runs = (*(quantile(before, delays(url), q)[0] for q in (0.5, 0.99)), quantile(before, delays(url), 1)[1])
    print(f"figure: load: {name}: start delay p50 {p50 * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms over {runs} runs; "
          f"{told['answered']} requests answered, {told['failed']} not, p99 {told['p99_ms']:.1f} ms; {told['blocks']} blocks of "
          f"events; memory {first} MiB at first, {memory(process)} MiB at last; {(cpu(process) - busy) / seconds * 100:.0f} % "
          "of a core", flush=True)
    return p99, told["failed"]


def main():
    loaded, url = start("--ticks", str(TICKS))
    other, elsewhere = start("--calm")
    time.sleep(15)  # a node that has just joined starts its first runs a third of the session timeout later
    none, _ = measure("at another process", url, loaded, elsewhere)
    with_it, failed = measure("at the node", url, loaded, url)
    print(f"figure: load: p99 with it is {with_it / none:.2f} of that without")
    good = failed == 0 and ask(url, "/live")[0] == 200
    for process in (loaded, other):
        process.stdin.close()
        process.wait(timeout=60)
    return 0 if good else 1


sys.exit(main())
