#!/usr/bin/env python3
"""An export of one tenant, as a command of djm: goes on where the last run came to, on whichever node that was."""
import json
import os
import sys


def say(**word):
    os.write(3, (json.dumps(word) + "\n").encode())


work = json.load(sys.stdin)
item = work["items"][0]
done = int(item.get("state", "0"))
for row in range(done, done + 10):
    # Whoever takes the row refuses a token that is lower than the highest it has seen.
    print(f"tenant {item['id']} row {row} under token {item['token']}", flush=True)
    say(progress={"done": row - done + 1, "total": 10})
    say(save={"text": str(row + 1)})
