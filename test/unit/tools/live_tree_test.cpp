#include <algorithm>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tool_rig.hpp"

using namespace djm;
using namespace djm::test;
using json = nlohmann::json;

namespace {

/// Two nodes alive that share four items.
struct calm : tool_rig {
  calm() {
    enlist("n1", {"mail"});
    enlist("n2", {"mail"});
    add_job("mail", {"africa", "america", "asia", "europe"});
    assign("n1", "mail", {"africa", "america"});
    assign("n2", "mail", {"asia", "europe"});
    lock("n1", "mail", "africa");
    lock("n1", "mail", "america");
    lock("n2", "mail", "asia");
    lock("n2", "mail", "europe");
    stand("n1");
  }
};

/// The same, and nobody is alive any more.
struct dead : tool_rig {
  dead() {
    enlist("n1", {"mail"}, false);
    add_job("mail", {"asia", "europe"});
    assign("n1", "mail", {"asia", "europe"});
    lock("n1", "mail", "asia");
  }
};

} // namespace

TEST_CASE("tool: status of a calm cluster") {
  calm r;
  const auto s = r.run({"status"});
  CHECK(s.code == 0);
  CHECK(contains(s.out, "leader    n1, epoch "));
  CHECK(s.out.find("health    ") == 0);
  CHECK(contains(s.out,
                 "nodes     2 alive, 0 gone, 0 left\njobs      1\nitems     4: 4 assigned, 4 locked, 0 unassigned\n"
                 "problems  none\nnext      -\n"));
  const auto j = json::parse(r.run({"status", "-o", "json"}).out);
  CHECK(j["leader"] == "n1");
  CHECK(j["items"] == 4);
  CHECK(json::parse(r.run({"status", "-o", "jsonl"}).out) == j);
}

TEST_CASE("tool: nodes, jobs, items and locks as tables and as JSON") {
  calm r;
  CHECK(r.run({"nodes"}).out == "NODE  STATE  ROLE    ZONE  MARK  ITEMS  LOCKED  VERSION  HOST:PID    AGE\n"
                                "n1    alive  leader  -     -     2      2       -        host-n1:42  1min30s\n"
                                "n2    alive  -       -     -     2      2       -        host-n2:42  1min30s\n");
  CHECK(contains(r.run({"nodes", "-o", "wide"}).out, "INCARNATION"));
  CHECK(r.run({"nodes", "--since", "1min"}).out.find('\n') == r.run({"nodes", "--since", "1min"}).out.size() - 1);
  CHECK(r.run({"jobs"}).out == "JOB   STATE  STRATEGY  ITEMS  OWNED  LOCKED  UNASSIGNED  SPREAD  NODES\n"
                               "mail  on     balanced  4      4      4       0           2..2    2\n");
  const auto items = r.run({"items", "mail", "--node", "n2", "--limit", "1"});
  CHECK(contains(items.out, "mail  asia  n2     n2"));
  CHECK(items.err == "of 2 items; go on with --after mail/asia\n");
  CHECK(json::parse(r.run({"items", "-o", "json"}).out)["total"] == 4);
  const auto locks = r.run({"locks", "-o", "jsonl"});
  CHECK(std::count(locks.out.begin(), locks.out.end(), '\n') == 4);
  CHECK(json::parse(locks.out.substr(0, locks.out.find('\n')))["state"] == "held");
  CHECK(contains(r.run({"node", "n1"}).out, "host:pid     host-n1:42"));
  CHECK(r.run({"node", "x"}).code == 1);
  CHECK(contains(r.run({"job", "mail"}).out, "spread      2..2"));
  CHECK(r.run({"job", "x"}).code == 1);
  CHECK(r.run({"items", "x"}).code == 1);
  CHECK(contains(r.run({"leader"}).out, "n1 epoch "));
}

TEST_CASE("tool: with all nodes dead it works") {
  dead r;
  const auto s = r.run({"status"});
  CHECK(s.code == 0);
  CHECK(contains(s.out, "leader    nobody"));
  CHECK(contains(s.out, "next      djm nodes"));
  CHECK(r.run({"items"}).code == 0);
  CHECK(contains(r.run({"locks"}).out, "orphaned"));
  CHECK(r.run({"leader"}).code == 3);
  CHECK(r.run({"explain", "mail", "asia"}).code == 0);
  CHECK(contains(r.run({"explain", "mail", "asia"}).out, "owner   n1"));
  const auto plan = r.run({"plan", "--live", "--add", "n7:weight=2000,zone=eu"});
  CHECK(plan.code == 0);
  CHECK(r.run({"doctor"}).code == 0); // an orphaned lock is a note
  CHECK(r.run({"check"}).code == 3);
  CHECK(contains(r.run({"check", "leader"}).out, "leader      [ERR] nobody leads"));
  CHECK(r.run({"check", "--nagios"}).code == 2);
  CHECK(r.run({"tree", "/djm/locks"}).code == 0);
}

TEST_CASE("tool: an item without a place ends with 3, and names the rule against each node") {
  tool_rig r;
  r.enlist("n1", {"other"});
  r.add_job("mail", {"asia"});
  const auto e = r.run({"explain", "mail", "asia"});
  CHECK(e.code == 3);
  CHECK(contains(e.out, "owner   nobody"));
  CHECK(contains(e.out, "n1    not_offered"));
  CHECK(r.run({"explain", "mail", "x"}).code == 1);
  r.add_job("own", {"a"}, "mine");
  CHECK(contains(r.run({"explain", "own", "a"}).err, "strategy \"mine\", which only nodes have"));
  CHECK(contains(r.run({"plan", "--live"}).err, "strategy \"mine\", which only nodes have"));
}

TEST_CASE("tool: plan --live says what would move, and writes nothing") {
  calm r;
  const auto p = r.run({"plan", "--live", "--without", "n2"});
  CHECK(p.code == 0);
  CHECK(contains(p.out, "mail  asia    n2    n1  its owner would not be there"));
  CHECK(contains(p.out, "2 moves"));
  CHECK(contains(p.out, "n1    2       4\nn2    2       -\n"));
  CHECK(json::parse(r.run({"plan", "--live", "-o", "json"}).out)["moves"].empty());
  CHECK(r.run({"plan", "--live", "--without", "x"}).code == 1);
  CHECK(r.run({"plan", "--live", "--add", "n3:colour=red"}).code == 2);
  CHECK_FALSE(r.has("/djm/workers/n3"));
}

TEST_CASE("tool: marks are written, said again as nothing to change, and taken back") {
  calm r;
  const auto on = r.run({"cordon", "n1"});
  CHECK(on.code == 0);
  CHECK(contains(on.out, "create /djm/marks/n1"));
  CHECK(r.run({"cordon", "n1"}).out == "nothing to change\n");
  CHECK(contains(r.run({"nodes"}).out, "cordoned"));
  CHECK(contains(r.run({"uncordon", "n1", "--dry-run"}).out, "would remove /djm/marks/n1"));
  CHECK(r.has("/djm/marks/n1"));
  CHECK(r.run({"uncordon", "n1"}).code == 0);
  CHECK_FALSE(r.has("/djm/marks/n1"));
  CHECK(r.run({"cordon", "a/b"}).code == 2);
}

TEST_CASE("tool: a drain waits for what the node has, and says what is left when its time is over") {
  calm r;
  const auto dry = r.run({"drain", "n2", "--dry-run"});
  CHECK(contains(dry.out, "would move mail/asia to n1\n"));
  CHECK_FALSE(r.has("/djm/marks/n2"));
  const auto d = r.run({"drain", "n1", "--timeout", "300ms"});
  CHECK(d.code == 3);
  CHECK(contains(d.err,
                 "node n1 is draining\nnode n1 still has 2 items:\n  mail/africa  assigned  locked for 1min, token "));
  CHECK(contains(d.err, "still has 2 items after 300ms; it goes on draining"));
  CHECK(r.has("/djm/marks/n1"));
  CHECK(r.run({"drain", "n1", "--detach"}).code == 0);
  CHECK(r.run({"drain", "n9", "--timeout", "5s"}).out == "node n9 is drained\n");
}

TEST_CASE("tool: switches are confirmed on a terminal, and need --yes elsewhere") {
  calm r;
  const auto blind = r.run({"disable", "mail"});
  CHECK(blind.code == 2);
  CHECK(contains(blind.err, "needs --yes"));
  r.can_ask = true;
  r.typed = "n\n";
  const auto no = r.run({"disable", "mail"});
  CHECK(no.code == 5);
  CHECK(contains(no.err, "Disable job \"mail\"? [y/N] "));
  r.typed = "y\n";
  CHECK(r.run({"disable", "mail"}).code == 0);
  CHECK(contains(r.data("/djm/work-pool/mail"), "\"enabled\":false"));
  CHECK(contains(r.run({"jobs"}).out, "mail  off"));
  CHECK(r.run({"enable", "mail", "--yes"}).code == 0);
  CHECK(r.run({"disable", "--all", "-y"}).code == 0);
  CHECK(contains(r.run({"status"}).out, "jobs      1, all switched off"));
  CHECK(r.run({"disable", "nope", "-y"}).code == 1);
  CHECK(r.run({"disable", "mail", "--all", "-y"}).code == 2);
}

TEST_CASE("tool: which nodes may be stopped") {
  calm r;
  CHECK(r.run({"stoppable", "n1"}).code == 0);
  const auto both = r.run({"stoppable", "n1", "n2"});
  CHECK(both.code == 3);
  CHECK(both.out == "NODE  STOPPABLE  REASON\nn1    yes        -\nn2    no         it is the last node alive\n");
}

TEST_CASE("tool: every fault in a tree is found by the doctor and what can be is mended by repair") {
  for (const auto& fault : tree_faults()) {
    calm sound;
    sound.enlist("n1", {"j"});
    sound.add_job("j", {"a", "b"});
    sound.assign("n1", "j", {"a"});
    fault.make(sound.hands(), "/djm");
    const auto id = to_string(fault.rule) + ":" + fault.path;
    CAPTURE(id);
    const auto found = sound.run({"doctor", "-o", "json"});
    bool listed = false;
    for (const auto& f : json::parse(found.out)) {
      listed = listed || f["id"] == id;
    }
    CHECK(listed);
    const auto dry = sound.run({"repair"});
    CHECK(dry.code == 0);
    CHECK(contains(dry.out, "djm repair --fix " + id) == fault.mended);
    const auto fixed = sound.run({"repair", "--fix", id});
    CHECK(fixed.code == (fault.mended ? 0 : 5));
    if (fault.mended) {
      CHECK_FALSE(contains(sound.run({"doctor", "-o", "json"}).out, id));
      CHECK(sound.run({"repair", "--fix", id}).code == 5);
    }
  }
}

TEST_CASE("tool: a watch draws a terminal anew, and writes elsewhere only what has changed") {
  calm r;
  r.between = [&](int look) {
    if (look == 1) {
      r.put("/djm/marks/n2", store::encode(store::mark_payload{false, true}));
    }
  };
  const auto piped = r.run({"nodes", "--watch"});
  CHECK(piped.code == 0);
  CHECK(std::count(piped.out.begin(), piped.out.end(), '\n') == 6); // two tables of three lines; the third is the same
  r.terminal = true;
  r.columns = 80;
  const auto drawn = r.run({"leader", "--watch"});
  CHECK(contains(drawn.out, "\x1b[H\x1b[2J"));
}

TEST_CASE("tool: events tell what the tree remembers, and what changes while one looks") {
  calm r;
  const auto past = r.run({"events", "--type", "worker_joined"});
  CHECK(past.code == 0);
  CHECK(contains(past.out, "worker_joined  n1  on host host-n1"));
  CHECK_FALSE(contains(past.out, "item_locked"));
  CHECK(contains(r.run({"events"}).out, "item_locked  n1  mail/africa  token "));
}

TEST_CASE("tool: a store that is not there ends with 4 in time, and one clear line") {
  tool_rig r;
  const auto s = r.run_bare({"status", "--store", "127.0.0.1:1", "--timeout", "300ms"});
  CHECK(s.code == 4);
  CHECK(s.out.empty());
  CHECK(std::count(s.err.begin(), s.err.end(), '\n') == 1);
  CHECK(contains(s.err, "djm status: no connection to the store at 127.0.0.1:1"));
}

TEST_CASE(
  "tool: a job is submitted once, shown as it gets on, and goes with its removal; a damaged one hides no other") {
  calm r;
  const auto unknown = r.run({"submit", "monthly", "report"});
  CHECK(unknown.code != 0);
  CHECK(contains(unknown.err, "none knows any kind"));
  const std::vector<std::string> order{"submit", "monthly", "report", "--force", "--by", "ann", "--request", "r-1"};
  const auto first = r.run(order);
  CHECK(first.code == 0);
  CHECK(contains(first.out + first.err, "create /djm/submissions/monthly"));
  CHECK(r.run(order).code == 0); // the same request
  auto other = order;
  other[7] = "r-2";
  const auto taken = r.run(other);
  CHECK(taken.code == 5);
  CHECK(contains(taken.err, "was submitted by \"ann\""));
  r.put("/djm/submissions/broken", "{");
  const auto shown = r.run({"submissions", "-o", "jsonl"});
  CHECK(shown.code == 0);
  CHECK(contains(shown.out, R"("id":"monthly","state":"waiting","kind":"report")"));
  CHECK(contains(shown.out, R"("id":"broken","state":"failed_to_deploy")"));
  CHECK(contains(r.run({"submissions"}).out, "monthly"));
  const auto waited = r.run({"wait", "monthly", "--timeout", "200ms"});
  CHECK(waited.code == 3);
  CHECK(contains(waited.err, "is waiting"));
  CHECK(r.run({"remove", "monthly", "--yes"}).code == 0);
  CHECK_FALSE(contains(r.run({"submissions"}).out, "monthly"));
}

TEST_CASE("tool: what nodes have refused is shown, and whether it counts") {
  calm r;
  CHECK(r.run({"refusals"}).code == 0);
  store::refusal_payload p;
  p.worker = "n1";
  p.incarnation = "lifen1";
  p.job = "mail";
  p.items = to_ids<item_id>({"asia", "europe"});
  p.for_ms = 60'000;
  p.why = "no printer";
  r.put("/djm/refusals/n1-lifen1-1", store::encode(p));
  p.incarnation = "former";
  p.items = to_ids<item_id>({"x"});
  r.put("/djm/refusals/n1-former-1", store::encode(p));
  const auto shown = r.run({"refusals", "-o", "jsonl"});
  CHECK(shown.code == 0);
  CHECK(contains(shown.out, R"("counts":false,"job":"mail","items":["x"])"));
  CHECK(
    contains(shown.out, R"("counts":true,"job":"mail","items":["asia","europe"],"for_ms":60000,"why":"no printer")"));
  CHECK(contains(r.run({"refusals"}).out, "n1    mail  asia europe  1min  yes     no printer"));
}
