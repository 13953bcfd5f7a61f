#!/usr/bin/env python3
"""usage: hammer.py STAGE DRIVER [REQUESTS [SEED]]
A node that others do everything to over HTTP: a million requests, each a known one with something broken in it, through
real sockets, on a connection of its own; then a thousand connections that do nothing, halves of requests, headers and bodies of ten megabytes. After
each the node has to answer as before, and its memory must not have grown."""
import json
import re
import socket
import subprocess
import sys
import time
from urllib.parse import urlparse

stage, driver = sys.argv[1:3]
requests = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
IDLE, HUGE = 1000, 10 << 20
JSON = "Content-Type: application/json\r\n"
PLAIN = [
    ("GET", target, "", "")
    for target in ("/", "/live", "/ready", "/leader", "/metrics", "/openapi.json", "/console/app.js", "/v1/status", "/v1/cluster",
                   "/v1/workers?limit=5&q=a", "/v1/workers/amber", "/v1/jobs", "/v1/jobs/mail", "/v1/jobs/mail/items?state=locked&limit=3",
                   "/v1/jobs/mail/items/mailbox-00001/explain", "/v1/locks?cursor=x", "/v1/runs?job=mail&outcome=failed", "/v1/config",
                   "/v1/jobs/mail/record", "/v1/events?since=3&type=problem", "/v1/plan")
]
WITH_BODY = [
    ("POST", "/v1/stoppable", JSON, '{"nodes":["basalt","cobalt"]}'),
    ("POST", "/v1/plan/what-if", JSON, '{"without":["basalt"],"max_moves":3}'),
    ("PATCH", "/v1/workers/dahlia", JSON, '{"draining":false,"cordoned":true}'),
    ("PATCH", "/v1/jobs/reindex", JSON, '{"enabled":false}'),
    ("PATCH", "/v1/jobs/mail/record", JSON + 'If-Match: "1"\r\n', '{"overrides":{"schedule":{"period":"2s"}}}'),
    ("PUT", "/v1/jobs/mail/config", JSON, '{"batch":50}'),
    ("POST", "/v1/jobs/mail/trigger", JSON, '{"everywhere":true,"request":"again"}'),
    ("DELETE", "/v1/jobs/none", "", ""),
]
PIECES = [b"\r\n", b"\0", b"\xff\xfe", b"%00", b"%2e%2e/", b"..", b"/", b"?", b"&", b"=", b":", b"\t", b"Content-Length: 99999999999\r\n",
          b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: evil.example\r\n", b"9" * 40, b"{" * 200, b"[" * 2000,
          b"\"" * 3, b"a" * 5000, "é\u202e".encode(), b"Expect: 100-continue\r\n", b"Connection: upgrade\r\n", b"HTTP/9.9"]


def request(verb, target, headers, body):
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{verb} {target} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n{headers}{length}\r\n{body}".encode()


def connect(where):
    s = socket.create_connection((where.hostname, where.port), timeout=20)
    return s


def answers(where):
    """Whether the node answers a sound request, over a connection of its own."""
    for _ in range(100):  # the server may have as many connections as it takes, until it has noticed that they are over
        try:
            with connect(where) as s:
                s.sendall(request("GET", "/live", "Connection: close\r\n", ""))
                if s.recv(4096).startswith(b"HTTP/1.1 200"):
                    return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def memory(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) // 1024


def texts(them):
    """As the driver reads them: how many, and each behind its length."""
    return f"{len(them)}\n".encode() + b"".join(f"{len(t)} ".encode() + t for t in them)


def huge(where, head, piece):
    try:
        with connect(where) as s:
            s.settimeout(5)
            s.sendall(head)
            for _ in range(HUGE // len(piece)):
                s.sendall(piece)
            s.sendall(b"\r\n\r\n")
            return s.recv(64)[9:12].decode() or "closed"
    except OSError:
        return "closed"


def hammer(where, process):
    seeds = [request(*r) for r in PLAIN + WITH_BODY]
    began, good, first, told = time.monotonic(), answers(where), None, "nothing"
    with subprocess.Popen([driver, "hammer", str(where.port), str(requests), str(seed)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as at_work:
        at_work.stdin.write(texts(seeds) + texts(PIECES))
        at_work.stdin.close()
        for line in at_work.stdout:
            if line.startswith(b"done "):
                good = good and answers(where)
                first = first or memory(process)
            else:
                told = ", ".join(f"{n} x {code}" for code, n in json.loads(line).items())
    good = good and at_work.returncode == 0
    print(f"figure: hammer: {requests} broken requests in {time.monotonic() - began:.0f} s (seed {seed}), answered {told}", flush=True)
    idle = []
    for _ in range(IDLE):
        try:
            idle.append(connect(where))
        except OSError:
            break
    print(f"figure: hammer: {len(idle)} connections that do nothing, memory {memory(process)} MiB")
    for s in idle:
        s.close()
    good = good and answers(where)
    halves = [connect(where) for _ in range(100)]
    for n, s in enumerate(halves):
        text = seeds[n % len(seeds)]
        s.sendall(text[:max(1, len(text) // 2)])
    good = good and answers(where)
    for s in halves:
        s.close()
    head = request("GET", "/live", "", "")[:-2]
    print("figure: hammer: headers of 10 MB:", huge(where, head + b"X: ", b"x" * 65536), "; bodies of 10 MB:",
          huge(where, request("POST", "/v1/stoppable", JSON + f"Content-Length: {HUGE}\r\n", ""), b"[" * 65536))
    good = good and answers(where) and process.poll() is None
    last = memory(process)
    print(f"figure: hammer: memory {first} MiB after the first 10,000, {last} MiB at last")
    return good and last < (first or last) * 1.3 + 32


def main():
    process = subprocess.Popen([stage, "--writes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    where = None
    for line in process.stdout:
        if line.startswith("amber "):
            where = urlparse(line.split()[1])
        if line.strip() == "ready":
            break
    good = hammer(where, process)
    process.stdin.close()
    process.wait(timeout=120)
    print("hammer: the node", "has lived through it" if good else "has NOT lived through it")
    return 0 if good else 1


sys.exit(main())
