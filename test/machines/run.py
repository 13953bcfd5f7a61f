#!/usr/bin/env python3
"""djmd on three machines that have nothing but Debian 12.

Makes a Debian with debootstrap, installs what the guide of djmd names and a build of this tree into it, and starts djmd in three
copies of it, each with processes, names and files of its own; one file, but for the id. One djmd is killed (SIGKILL). Judged by
what the commands have written: how long its items waited, and that no slot has run twice or not at all.

  run.py --build FOLDER --base FOLDER --server PROGRAM

FOLDER --build: of CMake, built. --base: where the fresh Debian is kept for the next time; remove it to begin from nothing.
Needs root, debootstrap, and the mirror that this machine has its own packages from. Exit code 0: all of it holds.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
GUIDE = SOURCES / "docs/guide/djmd.md"
MACHINES = ("machine-1", "machine-2", "machine-3")
ITEMS = [f"item-{n}" for n in range(12)]
STEP = 10  # seconds between slots
SESSION, DETACH = 4.0, 5.0  # T and D of the file
PATIENCE = 240.0  # wide: liveness, no figure

FILE = """[node]
id = "{machine}"
detach_tolerance = "{detach}s"
stop_grace = "500ms"

[node.store]
connect = "{connect}"
session_timeout = "{session}s"
operation_deadline = "1s"

[job.tick]
items = [{items}]
cron = "*/{step} * * * * *"
remember = "tracked"
least_claim_gap = "10s"
catch_up = "all"
stop_grace = "1s"
program = ["/bin/sh", "-c", "echo $DJM_ITEM $DJM_SLOT $DJM_NODE $(date +%s%N) >> /srv/shared/out"]
"""


def run(*command, **options):
    subprocess.run([str(c) for c in command], check=True, **options)


def mirror():
    """Of this machine."""
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        if path.suffix in (".list", ".sources") and path.is_file():
            found = re.search(r"https?://\S+/debian\b/?", path.read_text())
            if found:
                return found.group()
    sys.exit("machines: no mirror of Debian is named in /etc/apt")


def packages():
    """What the guide has people install."""
    line = re.search(r"^apt-get install (.+)$", GUIDE.read_text(), re.M)
    return line.group(1).split()


def make_base(base, build):
    if not (base / "etc/debian_version").exists():
        print(f"machines: a fresh Debian 12 in {base}", flush=True)
        run("debootstrap", "--variant=minbase", "bookworm", base, mirror(), stdout=subprocess.DEVNULL)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("chroot", base, "apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages(), env=environment,
        stdout=subprocess.DEVNULL)
    run("cmake", "--install", build, "--prefix", "/usr/local", env={**os.environ, "DESTDIR": str(base)},
        stdout=subprocess.DEVNULL)


class Machine:
    """Processes, host name and files of its own; the network is shared."""

    def __init__(self, name, base, shared, folder, text):
        self.name, self.log = name, folder / f"{name}.log"
        root = folder / name
        for part in ("upper", "work", "root"):
            (root / part).mkdir(parents=True)
        script = f"""set -e
hostname {name}
mount -t overlay overlay -o lowerdir={base},upperdir={root}/upper,workdir={root}/work {root}/root
mkdir -p {root}/root/srv/shared
mount --bind {shared} {root}/root/srv/shared
mount -t proc proc {root}/root/proc
cat > {root}/root/etc/djmd.toml <<'END'
{text}END
chroot {root}/root /usr/local/bin/djmd --check /etc/djmd.toml
chroot {root}/root /usr/local/bin/djmd /etc/djmd.toml &
echo $! > {shared}/{name}.pid
wait $! || true
exec sleep 3600
"""
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--uts", "--kill-child", "bash", "-c", script],
            stdin=subprocess.DEVNULL, stdout=self.log.open("wb"), stderr=subprocess.STDOUT)

    def djmd(self):
        """Its process, as this machine numbers it."""
        found = subprocess.run(["pgrep", "-f", "^/usr/local/bin/djmd /etc/djmd.toml"], capture_output=True, text=True)
        space = self.namespace(self.init())
        return next(int(p) for p in found.stdout.split() if self.namespace(int(p)) == space)

    def init(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    @staticmethod
    def namespace(pid):
        try:
            return os.readlink(f"/proc/{pid}/ns/pid")
        except OSError:
            return ""

    def end(self):
        self.process.kill()
        self.process.wait()


def lines(out):
    if not out.exists():
        return []
    rows = [line.split() for line in out.read_text().splitlines()]
    return [(item, int(slot) // 1000, node, int(at) / 1e9) for item, slot, node, at in rows]


def wait_until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"machines: {what} has not come within {PATIENCE:.0f} s")
        time.sleep(0.05)


def judge(rows):
    """What is wrong with the slots that have run."""
    faults = []
    for item in ITEMS:
        slots = sorted(slot for i, slot, _, _ in rows if i == item)
        faults += [f"{item}: slot {s} ran twice" for s in sorted({s for s in slots if slots.count(s) > 1})]
        missing = set(range(slots[0], slots[-1], STEP)) - set(slots)
        faults += [f"{item}: slot {s} has not run" for s in sorted(missing)]
    return faults


def try_machines(base, connect, folder):
    shared = folder / "shared"
    shared.mkdir()
    out = shared / "out"
    names = ", ".join(f'"{item}"' for item in ITEMS)
    machines = []
    try:
        for name in MACHINES:
            text = FILE.format(machine=name, connect=connect, items=names, step=STEP, detach=int(DETACH),
                               session=int(SESSION))
            machines.append(Machine(name, base, shared, folder, text))
        wait_until("each machine at work", lambda: {row[2] for row in lines(out)[-2 * len(ITEMS):]} == set(MACHINES))
        calm = len(lines(out)) + 2 * len(ITEMS)
        wait_until("two more slots", lambda: len(lines(out)) >= calm)
        while time.time() % STEP < 0.4 * STEP or time.time() % STEP > 0.6 * STEP:
            time.sleep(0.01)  # between slots: what runs when its djmd is killed is cut off, which is no fault
        victim = MACHINES[1]
        its_items = {item for item, _, node, _ in lines(out)[-len(ITEMS):] if node == victim}
        os.kill(machines[1].djmd(), signal.SIGKILL)
        killed = time.time()

        def first_after():
            return {item: min((at for i, _, node, at in lines(out) if i == item and node != victim and at > killed),
                              default=None) for item in its_items}

        wait_until("every item of the killed one on another machine", lambda: all(first_after().values()))
        longest = max(first_after().values()) - killed
        more = len(lines(out)) + 4 * len(ITEMS)
        wait_until("four more slots", lambda: len(lines(out)) >= more)
        for at in (0, 2):
            os.kill(machines[at].djmd(), signal.SIGTERM)
        rows = lines(out)
    except BaseException:
        for m in machines:
            print(f"== {m.name}\n{m.log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        raise
    finally:
        for m in machines:
            m.end()
    faults = judge(rows)
    print(f"figure: {len(rows)} starts of {len(ITEMS)} items on {len(MACHINES)} machines; the {len(its_items)} items of the djmd that was "
          f"killed ran elsewhere {longest:.1f} s later at the latest (T = {SESSION:.0f} s, D = {DETACH:.0f} s, slots each {STEP} s)")
    for fault in faults:
        print(f"machines: {fault}", file=sys.stderr)
    return not faults


def main():
    arguments = argparse.ArgumentParser(description="djmd on three fresh machines")
    for name in ("--build", "--base", "--server"):
        arguments.add_argument(name, type=Path, required=True)
    a = arguments.parse_args()
    make_base(a.base.resolve(), a.build.resolve())
    server = subprocess.Popen([str(a.server.resolve())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    folder = Path(tempfile.mkdtemp(prefix="djm-machines-"))
    try:
        ready = server.stdout.readline().split()
        if ready[:1] != ["ready"]:
            sys.exit("machines: the server does not start")
        holds = try_machines(a.base.resolve(), ready[1], folder)
    finally:
        server.stdin.close()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
