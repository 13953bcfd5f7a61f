#!/usr/bin/env python3
"""usage: check.py PROMTOOL PRINT_METRICS FOLDER
Holds the metrics, the alert rules and the dashboard in FOLDER against Prometheus' own tool, and the names that the rules
and the dashboard use against those that a node tells."""
import json
import os
import re
import subprocess
import sys
import tempfile

promtool, print_metrics, folder = sys.argv[1:]
failed = False


def complain(text):
    global failed
    failed = True
    print(text)


if not os.access(promtool, os.X_OK):
    sys.exit("promtool is not there: install Debian's package prometheus")

text = subprocess.run([print_metrics], check=True, capture_output=True).stdout
checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True)
for line in (checked.stdout + checked.stderr).decode().splitlines():
    # The label's name is asked for by those who have dashboards for it.
    if line.strip() and "label names should be written in 'snake_case' not 'camelCase'" not in line:
        complain("promtool check metrics: " + line)
names = set(re.findall(r"^# TYPE (djm_\w+)", text.decode(), re.M))

for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
    done = subprocess.run([promtool, *command], cwd=folder, capture_output=True)
    if done.returncode != 0:
        complain((done.stdout + done.stderr).decode())

with open(os.path.join(folder, "dashboard.json"), encoding="utf-8") as file:
    dashboard = json.load(file)
expressions = [t["expr"].replace("$__rate_interval", "1m") for p in dashboard["panels"] for t in p["targets"]]
with tempfile.NamedTemporaryFile("w", suffix=".yml") as rules:
    json.dump({"groups": [{"name": "dashboard", "rules": [
        {"record": f"dashboard:{n}", "expr": e} for n, e in enumerate(expressions)]}]}, rules)
    rules.flush()
    done = subprocess.run([promtool, "check", "rules", rules.name], capture_output=True)
    if done.returncode != 0:
        complain("dashboard.json: " + (done.stdout + done.stderr).decode())

with open(os.path.join(folder, "alerts.yml"), encoding="utf-8") as file:
    alerts = file.read()
with open(os.path.join(folder, "alerts_test.yml"), encoding="utf-8") as file:
    tested = file.read()
used = re.sub(r"summary:.*", "", alerts) + "\n".join(expressions)
families = len(names)
histograms = set(re.findall(r"^# TYPE (djm_\w+) histogram", text.decode(), re.M))
names |= {name + end for name in histograms for end in ("_bucket", "_sum", "_count")}
for name in sorted(set(re.findall(r"\bdjm_\w+", used)) - names):
    complain(f"{name} is used by a rule or the dashboard, and no node tells it")
for name in re.findall(r"alert: (\w+)", alerts):
    if not re.search(r"alertname: %s\b[\s\S]{0,40}?exp_alerts: \[\{" % name, tested):
        complain(f"no test lets {name} fire")

print(f"figure: metrics of 200 jobs take {len(text) // 1024} KiB; {families} families, "
      f"{len(re.findall('alert: ', alerts))} alerts, {len(expressions)} expressions of the dashboard")
sys.exit(1 if failed else 0)
