#!/usr/bin/env python3
"""usage: load.py STAGE [SECONDS]
A node under load over HTTP: how late runs begin without it, and with 100 clients that follow the events, 200 requests a
second, slow readers and connections that do nothing; and what its process takes of memory."""
import asyncio
import re
import subprocess
import sys
import time
from urllib.parse import urlparse

stage, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
FOLLOWERS, RATE, IDLE, SLOW = 100, 200, 100, 10
PATHS = ["/ready", "/metrics", "/v1/cluster", "/v1/items?limit=50", "/v1/workers", "/v1/jobs/mail", "/v1/locks?limit=50"]


async def ask(where, path, accept="application/json"):
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read(-1)
    writer.close()
    return answer.decode(errors="replace")


async def delays(where):
    """The ranges of the delay of starts, over all jobs: upper end -> number."""
    found = {}
    for end, n in re.findall(r'djm_run_start_delay_seconds_bucket\{[^}]*le="([^"]+)"\} (\d+)', await ask(where, "/metrics")):
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


async def follow(where, told, slow):
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
    try:
        while True:
            block = await reader.read(64 if slow else 65536)
            if not block:
                return
            told[0] += block.count(b"event: ")
            if slow:
                await asyncio.sleep(0.5)
    finally:
        writer.close()


def memory(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) // 1024


async def run(where, process):
    before = await delays(where)
    await asyncio.sleep(seconds)
    middle = await delays(where)
    none, runs = quantile(before, middle, 0.99)
    print(f"figure: without load: start delay p99 {none * 1000:.1f} ms over {runs} runs, {memory(process)} MiB")
    told, answered, failed, times = [0], 0, 0, []
    tasks = [asyncio.create_task(follow(where, told, n < SLOW)) for n in range(FOLLOWERS)]
    idle = [await asyncio.open_connection(where.hostname, where.port) for _ in range(IDLE)]
    await asyncio.sleep(1)
    first = memory(process)

    async def one(path):
        nonlocal answered, failed
        began = time.monotonic()
        try:
            good = (await asyncio.wait_for(ask(where, path), 20)).startswith("HTTP/1.1 200")
        except (OSError, asyncio.TimeoutError):
            good = False
        answered += good
        failed += not good
        times.append(time.monotonic() - began)

    begin, pending = time.monotonic(), set()
    for n in range(seconds * RATE):
        await asyncio.sleep(max(0.0, begin + n / RATE - time.monotonic()))
        task = asyncio.create_task(one(PATHS[n % len(PATHS)]))
        pending.add(task)
        task.add_done_callback(pending.discard)
    await asyncio.gather(*pending)
    last = memory(process)
    loaded, runs = quantile(middle, await delays(where), 0.99)
    times.sort()
    print(f"figure: with it: start delay p99 {loaded * 1000:.1f} ms over {runs} runs; {answered} requests answered, "
          f"{failed} not, p99 {times[int(len(times) * 0.99)] * 1000:.0f} ms; {told[0]} events told; "
          f"memory {first} MiB at first, {last} MiB at last")
    for t in tasks:
        t.cancel()
    for _, writer in idle:
        writer.close()
    alive = (await ask(where, "/live")).startswith("HTTP/1.1 200")
    return alive and failed == 0


def main():
    process = subprocess.Popen([stage], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = None
    for line in process.stdout:
        if line.startswith("amber "):
            url = urlparse(line.split()[1])
        if line.strip() == "ready":
            break
    good = asyncio.run(run(url, process))
    process.stdin.close()
    process.wait(timeout=60)
    return 0 if good else 1


sys.exit(main())
