#!/usr/bin/env python3
"""usage: guide.py STAGE GUIDE...
Runs every line of curl in the guides against a cluster that STAGE shows: each has to be answered without an error."""
import os
import re
import subprocess
import sys
import time

stage, *guides = sys.argv[1:]
cluster = subprocess.Popen([stage, "--writes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
url = ""
for line in cluster.stdout:
    if line.startswith("amber "):
        url = line.split()[1]
    if line.strip() == "ready":
        break
# The stage has moved a few items at last.
for _ in range(100):
    if subprocess.run(["curl", "-fsS", url + "/ready"], capture_output=True, check=False).returncode == 0:
        break
    time.sleep(0.2)
ran = failed = 0
for guide in guides:
    with open(guide, encoding="utf-8") as file:
        blocks = re.findall(r"^```sh\n(.*?)^```", file.read(), re.M | re.S)
    for line in "".join(blocks).splitlines():
        if not line.startswith("curl "):
            continue
        ran += 1
        done = subprocess.run(["bash", "-c", line], env={**os.environ, "DJM_URL": url}, capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode != 0:
            failed += 1
            print(f"{line}\n  {done.stderr.strip()}")
cluster.stdin.close()
cluster.wait(timeout=60)
print(f"figure: the guide's examples: {ran} lines of curl, {failed} failed")
sys.exit(0 if ran > 10 and failed == 0 else 1)
