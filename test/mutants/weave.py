"""Weaves mutants into a copy of the sources: every mutant is a second variant of some text, chosen at run time."""

import re
import shutil
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import cpp_text

# The cores, and what of the session decides something. Mechanical mutants are made of these files.
CORES = [
    "actors/client/item_search.cpp",
    "actors/client/lock_walk.cpp",
    "actors/client/order_core.cpp",
    "actors/client/tree_changes.cpp",
    "actors/client/tree_doctor.cpp",
    "actors/client/what_if.cpp",
    "actors/deployer/deployer_attempts.cpp",
    "actors/deployer/deployer_core.cpp",
    "actors/dialogue/exchange.hpp",
    "actors/dialogue/txn_builder.hpp",
    "actors/election/election_core.cpp",
    "actors/job_runner/config_asker.cpp",
    "actors/job_runner/cut_asker.cpp",
    "actors/job_runner/failure_book.cpp",
    "actors/job_runner/item_table.cpp",
    "actors/job_runner/job_rhythm.cpp",
    "actors/job_runner/job_rhythm_slots.cpp",
    "actors/job_runner/job_runner_core.cpp",
    "actors/job_runner/job_runner_cut.cpp",
    "actors/job_runner/job_runner_follow.cpp",
    "actors/job_runner/job_runner_prepare.cpp",
    "actors/job_runner/job_runner_runs.cpp",
    "actors/job_runner/job_runner_share.cpp",
    "actors/job_runner/job_runner_turns.cpp",
    "actors/job_runner/lane_table.cpp",
    "actors/job_runner/lane_table.hpp",
    "actors/job_runner/moment_queue.cpp",
    "actors/job_runner/moment_queue.hpp",
    "actors/job_runner/pool_asker.cpp",
    "actors/job_runner/preparation.cpp",
    "actors/job_runner/rhythm.cpp",
    "actors/job_runner/run_stops.cpp",
    "actors/job_runner/run_table.cpp",
    "actors/job_runner/runner_lease.hpp",
    "actors/job_runner/slot_clock.cpp",
    "actors/job_runner/slot_memory.cpp",
    "actors/job_runner/turn_book.cpp",
    "actors/job_runner/waiting_room.cpp",
    "actors/keeper/connection_watch.cpp",
    "actors/keeper/keeper_core.cpp",
    "actors/keeper/keeper_parts.cpp",
    "actors/keeper/keeper_store.cpp",
    "actors/keeper/membership.cpp",
    "actors/keeper/pools/offer_book.cpp",
    "actors/keeper/pools/pool_check.cpp",
    "actors/keeper/pools/pool_look.cpp",
    "actors/keeper/pools/pool_wish.cpp",
    "actors/keeper/pools/pool_writer.cpp",
    "actors/keeper/records/followed_record.hpp",
    "actors/keeper/records/record_check.cpp",
    "actors/keeper/records/record_look.cpp",
    "actors/keeper/registration/id_claim.cpp",
    "actors/keeper/registration/id_wait.cpp",
    "actors/keeper/registration/leaving.cpp",
    "actors/keeper/registration/registration.cpp",
    "actors/keeper/registration/registration_txns.cpp",
    "actors/keeper/tree/tree_base.cpp",
    "actors/manager/assignment_writer.cpp",
    "actors/manager/cluster_image.cpp",
    "actors/manager/cluster_knowledge.cpp",
    "actors/manager/dirty_marks.cpp",
    "actors/manager/cleaning/clean_list.hpp",
    "actors/manager/cleaning/clean_survey.cpp",
    "actors/manager/cleaning/cleaning.cpp",
    "actors/manager/cleaning/removal.cpp",
    "actors/manager/leader_store.cpp",
    "actors/manager/lock_sweep/gone_observer.cpp",
    "actors/manager/lock_sweep/lock_breaker.cpp",
    "actors/manager/lock_sweep/lock_scan.cpp",
    "actors/manager/lock_watchdog.cpp",
    "actors/manager/manager_core.cpp",
    "actors/manager/model/cluster_model.cpp",
    "actors/manager/model/model_desk.cpp",
    "actors/manager/planning/plan_moment.hpp",
    "actors/manager/planning/planning.cpp",
    "actors/manager/planning/standing.cpp",
    "actors/manager/planning/user_strategies.cpp",
    "actors/manager/records/preparation_desk.cpp",
    "actors/manager/planning/wait_book.cpp",
    "actors/manager/records/record_ruler.cpp",
    "actors/manager/refresh/base_reader.cpp",
    "actors/manager/refresh/detail_reader.cpp",
    "actors/manager/refresh/refresh.cpp",
    "actors/manager/strategy_desk.cpp",
    "actors/manager/term.cpp",
    "actors/manager/writing/writing.cpp",
    "actors/node/admin_core.cpp",
    "actors/node/admin_orders.cpp",
    "actors/node/admin_removal.cpp",
    "actors/node/event_desk.cpp",
    "actors/node/supervisor_core.cpp",
    "actors/store/last_lease.hpp",
    "actors/store/limit_reporter.cpp",
    "actors/worker/assignment_reader.cpp",
    "actors/worker/lease.hpp",
    "actors/worker/lock_reader.cpp",
    "actors/worker/lock_table.cpp",
    "actors/worker/clock_desk.cpp",
    "actors/worker/lock_writer.cpp",
    "actors/worker/predecessor_locks.cpp",
    "actors/worker/slot_book.cpp",
    "actors/worker/slot_writes.cpp",
    "actors/worker/worker_core.cpp",
    "actors/worker/worker_session.hpp",
    "calendar/cron_fields.cpp",
    "calendar/cron_parse.cpp",
    "calendar/cron_set.cpp",
    "calendar/jitter.cpp",
    "calendar/month_days.cpp",
    "calendar/posix_rule.cpp",
    "calendar/slots.cpp",
    "calendar/timetable.cpp",
    "calendar/tzif.cpp",
    "calendar/zone_data.cpp",
    "zkstore/session/answers.cpp",
    "zkstore/session/op_table.cpp",
    "zkstore/session/prober.cpp",
    "zkstore/session/questions.cpp",
    "zkstore/session/size_suspect.cpp",
    "zkstore/session/watch_table.cpp",
    "zkstore/session_core.cpp",
    "zkstore/tree/job_records.cpp",
]

# What people read, and decides nothing.
FOR_PEOPLE = {
    "status", "name_of", "subject_of", "complain", "relieve", "tell_overruled", "problem_once", "forget_problems", "tell_wanted",
    "describe_plan",
}


class harness_error(Exception):
    """The harness itself is at fault: a mutant that does not apply, an argument about one that is not there."""


@dataclass
class Edit:
    file: str
    start: int
    end: int
    kind: str  # expression, statement, or one of a mechanical site
    text: str = ""


@dataclass
class Mutant:
    name: str
    invariants: list
    why: str
    edits: list = field(default_factory=list)
    deliberate: bool = True
    number: int = 0
    rules: list = field(default_factory=list)
    # Of a deliberate one: simulator profiles to try, most promising first.
    profiles: list = field(default_factory=list)


def one_place(file, text, find, after, name):
    begin = 0
    if after:
        if text.count(after) != 1:
            raise harness_error(f"{name}: `after` occurs {text.count(after)} times in {file}")
        begin = text.index(after) + len(after)
        if text.find(find, begin) < 0:
            raise harness_error(f"{name}: `find` does not occur in {file} after `after`")
    elif text.count(find) != 1:
        raise harness_error(f"{name}: `find` occurs {text.count(find)} times in {file}")
    start = text.index(find, begin)
    return start, start + len(find)


def no_expression(piece):
    """What keeps a text from standing between parentheses; empty: nothing. A guess by its form, and no more."""
    if word := re.match(r"(if|else|for|while|do|switch|case|return|break|continue|const|auto)\b|[{}.,]|->|&&|[|][|]|$", piece):
        return f"begins with \"{word.group()}\""
    if word := re.search(r"(&&|[|][|]|[-+=<>.,(])$", piece):
        return f"ends with \"{word.group()}\""
    depth, marks = 0, 0
    for at, c in enumerate(piece):
        depth += c in "({[" and 1 or c in ")}]" and -1 or 0
        if depth < 0:
            return f"\"{c}\" closes what it does not open"
        if depth == 0 and c in ",;":
            return f"\"{c}\" outside of any parentheses"
        if depth == 0 and "::" not in piece[max(0, at - 1):at + 2]:
            marks += (c == "?") - (c == ":")
    return "a ? without its :" if marks else ""


def deliberate(root):
    """The mutants that people wrote, from test/mutants/*.toml."""
    mutants = []
    for table in sorted((root / "test/mutants").glob("*.toml")):
        for entry in tomllib.loads(table.read_text())["mutant"]:
            name = entry["name"]
            m = Mutant(name, entry["invariants"], entry["why"], rules=entry.get("rules", []),
                       profiles=entry.get("profiles", []))
            for e in entry.get("edit", [entry]):
                text = (root / e["file"]).read_text()
                find = e["find"].strip()
                start, end = one_place(e["file"], text, find, e.get("after", "").strip(), name)
                for piece in (find, e.get("replace", "")):  # two variants stand side by side: half a block cannot
                    if any(piece.count(a) != piece.count(b) for a, b in ("{}", "()")):
                        raise harness_error(f"{name}: unbalanced: {piece}")
                if find.endswith(";") and re.match(r"(const |auto )", find):  # it would end with its variant's block
                    raise harness_error(f"{name}: a declaration is no statement: {find}")
                if "insert" in e:  # a helper that the mutant needs; nobody else calls it
                    m.edits.append(Edit(e["file"], end, end, "insert", e["insert"]))
                    continue
                statement = find.endswith(";")
                if not statement and re.search(r"(\.|->|::)$", text[:start]):
                    raise harness_error(f"{name}: only a part of a name or of a call: {find}")
                for piece in () if statement else (find, e["replace"].strip()):
                    if why := no_expression(re.sub(r"//.*", "", piece)):
                        raise harness_error(f"{name}: {why}: neither statements nor an expression: {piece}")
                m.edits.append(Edit(e["file"], start, end, "statement" if statement else "expression",
                                    e["replace"].strip()))
            mutants.append(m)
    return mutants


def check_rules(root, mutants):
    """Every rule that the model shows to be needed is taken out of the code by a mutant, and no mutant names another."""
    needed = set(re.findall(r"^check \w+ +(\S+) +violated", (root / "docs/model/check.sh").read_text(), re.MULTILINE))
    named = {rule for m in mutants for rule in m.rules}
    if needed != named:
        raise harness_error(f"rules without a mutant: {sorted(needed - named)}; not in check.sh: {sorted(named - needed)}")


def mechanical(root):
    """Negated conditions and dropped checks. A name holds the function and the text, so that it survives moved lines."""
    mutants = []
    for file in CORES:
        text = (root / file).read_text()
        seen = Counter()
        for site in cpp_text.checks(text) + cpp_text.conditions(text):
            function = cpp_text.function_at(text, site.start)
            if function in FOR_PEOPLE:
                continue
            shown = re.sub(r"\s+", " ", text[site.start:site.end])
            base = f"{Path(file).stem}/{function}: {site.kind} {shown}"
            seen[base] += 1
            name = base if seen[base] == 1 else f"{base} ({seen[base]})"
            mutants.append(Mutant(name, [], "", [Edit(file, site.start, site.end, site.kind)], deliberate=False))
    return mutants


def woven(text, edits, begin, end):
    """The text from begin to end with its edits, outermost first; edits are sorted and properly nested."""
    out, at = [], begin
    i = 0
    while i < len(edits):
        number, e = edits[i]
        j = i + 1
        while j < len(edits) and edits[j][1].start < e.end:
            if edits[j][1].end > e.end:
                raise harness_error(f"two mutants overlap in {e.file}: {text[e.start:e.end]!r} and "
                                    f"{text[edits[j][1].start:edits[j][1].end]!r}")
            j += 1
        original = woven(text, edits[i + 1:j], e.start, e.end)
        out += [text[at:e.start], variant(number, e, original)]
        at = e.end
        i = j
    out.append(text[at:end])
    return "".join(out)


def variant(number, e, original):
    if e.kind == "insert":
        return e.text
    if e.kind == "statement":
        return f"if (::djm::mutant::on({number})) {{ {e.text} }} else {{ {original} }}"
    if e.kind == "expression":
        return f"(::djm::mutant::on({number}) ? ({e.text}) : ({original}))"
    if e.kind == "negate":
        return f"::djm::mutant::negated({number}, static_cast<bool>({original}))"
    return f"::djm::mutant::{'dropped' if e.kind == 'drop' else 'unchecked'}({number}, {original})"


def copy_tree(root, to, mutants):
    """Copies the sources with all mutants woven in. Files that stay the same are left alone, so that little is rebuilt."""
    by_file = {}
    for m in mutants:
        for e in m.edits:
            by_file.setdefault(e.file, []).append((m.number, e))
    kept = set()
    for source in sorted(p for p in root.iterdir() if p.name[0] != "." and not p.name.startswith("build")):
        for path in [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file()):
            name = str(path.relative_to(root))
            kept.add(name)
            content = path.read_bytes()
            if name in by_file:
                text = content.decode()
                edits = sorted(by_file[name], key=lambda x: (x[1].start, -x[1].end))
                content = ('#include "test/mutants/mutant.hpp"\n' + woven(text, edits, 0, len(text))).encode()
            target = to / name
            if not target.exists() or target.read_bytes() != content:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
    for path in [p for p in to.rglob("*") if p.is_file()]:
        if str(path.relative_to(to)) not in kept:
            path.unlink()


def argued(root):
    """Survivors with the reason why no test can tell them from the original: lines `name`, then `  reason`."""
    result, name = {}, None
    for line in (root / "test/mutants/argued.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            name = line.strip()
            if name in result:
                raise harness_error(f"argued.txt names {name!r} twice")
            result[name] = ""
        elif name is None:
            raise harness_error("argued.txt begins with a reason")
        else:
            result[name] = (result[name] + " " + line.strip()).strip()
    for name, why in result.items():
        if not why:
            raise harness_error(f"argued.txt gives no reason for {name!r}")
    return result


def remove_tree(path):
    shutil.rmtree(path, ignore_errors=True)
