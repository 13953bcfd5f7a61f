#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tool_rig.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;
using json = nlohmann::json;

namespace {

struct recorded : tool_rig {
  recorded() {
    enlist("n1", {"mail"});
    add_job("mail", {"asia"});
    assign("n1", "mail", {"asia"});
    job_spec spec;
    spec.id = "mail";
    spec.deployment = "2026.11";
    spec.schedule.period = std::chrono::seconds{5};
    add_record(spec);
  }
  store::job_payload record() { return *store::decode<store::job_payload>(data("/djm/jobs/mail"), "mail"); }
  json shown() { return json::parse(run({"record", "mail", "-o", "json"}).out); }
};

} // namespace

TEST_CASE("tool: a job is paused and goes on, and each says which rev the record came to") {
  recorded r;
  CHECK(r.run({"pause", "mail"}).code == 2);
  CHECK_FALSE(r.record().paused);
  const auto paused = r.run({"pause", "mail", "--yes"});
  CHECK(paused.code == 0);
  CHECK(paused.out == "set /djm/jobs/mail (paused: true)\nrecord rev 1 -> 2\n");
  CHECK(contains(r.run({"record", "mail"}).out, "state       paused"));
  CHECK(contains(r.run({"job", "mail"}).out, "record      rev 2, paused"));
  CHECK(contains(r.run({"job", "mail"}).out, "state       paused"));
  CHECK(contains(r.run({"jobs"}).out, "mail  paused"));
  CHECK(contains(r.run({"status"}).out, ", 1 paused"));
  CHECK(contains(r.run({"check", "coverage"}).out, "[WARN] 1 job paused"));
  CHECK(r.run({"pause", "mail", "-y"}).out == "nothing to change: rev 2\n");
  const auto trigger = r.run({"trigger", "mail", "--yes"});
  CHECK(trigger.code == 5);
  CHECK(contains(trigger.err, "paused"));
  CHECK(r.run({"resume", "mail", "--yes"}).code == 0);
  CHECK(r.run({"trigger", "mail", "--yes", "--request", "once"}).code == 0);
  CHECK(contains(r.run({"trigger", "mail", "--yes", "--request", "once"}).out, "nothing to change"));
  CHECK(r.record().triggered == 1);
  CHECK(r.run({"trigger", "mail", "--yes", "--request", "a/b"}).code == 2);
}

TEST_CASE("tool: a field is overridden, shown, and taken back") {
  recorded r;
  CHECK(r.run({"set", "mail", "schedule.period", "30s", "--yes", "--rev", "1"}).code == 0);
  CHECK(r.shown()["overrides"] == json{{"schedule", {{"period", "30s"}}}});
  CHECK(r.shown()["spec"]["schedule"]["period"] == "30s");
  CHECK(r.run({"set", "mail", "max_concurrent_runs", "4", "--yes"}).code == 0);
  CHECK(r.shown()["spec"]["max_concurrent_runs"] == 4);

  const auto late = r.run({"set", "mail", "schedule.period", "1s", "--yes", "--rev", "1"});
  CHECK(late.code == 5);
  CHECK(contains(late.err, "is at revision 3 of its record, not 1"));
  const auto wrong = r.run({"set", "mail", "schedule.period", "often", "--yes"});
  CHECK(contains(wrong.err, "often"));
  CHECK(wrong.code == 2);
  const auto unknown = r.run({"set", "mail", "colour", "red", "--yes"});
  CHECK(contains(unknown.err, "colour"));
  CHECK(r.run({"set", "mail", "schedule.period", "1s", "--yes", "--rev", "x"}).code == 2);
  CHECK(r.record().rev == 3);

  CHECK(r.run({"unset", "mail", "schedule.period", "--yes"}).code == 0);
  CHECK(r.shown()["spec"]["schedule"]["period"] == "5s");
  CHECK(r.run({"unset", "mail"}).code == 2);
  CHECK(r.run({"unset", "mail", "--all", "--yes"}).code == 0);
  CHECK(r.shown()["overrides"] == json::object());
}

TEST_CASE("tool: a configuration is set from standard input, shown, and refused where it is none") {
  recorded r;
  r.typed = R"({"batch": 5})";
  CHECK(r.run({"config", "mail", "-", "--yes"}).code == 0);
  CHECK(json::parse(r.run({"config", "mail"}).out) == json{{"batch", 5}});
  r.typed = "[1]";
  const auto wrong = r.run({"config", "mail", "-", "--yes"});
  CHECK(wrong.code == 2);
  CHECK(contains(wrong.err, "-: "));
  const auto missing = r.run({"config", "mail", "/no/such/file", "--yes"});
  CHECK(missing.code == 2);
  CHECK(contains(missing.err, "/no/such/file"));
  CHECK(json::parse(r.run({"config", "mail"}).out) == json{{"batch", 5}});
  CHECK(r.run({"config", "mail", "-", "--dry-run"}).code == 2);
}

TEST_CASE("tool: a job is removed after a question, and not without an answer") {
  recorded r;
  r.can_ask = true;
  r.typed = "n\n";
  CHECK(r.run({"remove", "mail"}).code == 5);
  CHECK(r.record().state == record_state::open);
  CHECK(contains(r.run({"remove", "mail", "--dry-run"}).out, "would set /djm/jobs/mail (state: removing)"));
  r.typed = "y\n";
  const auto done = r.run({"remove", "mail"});
  CHECK(done.code == 0);
  CHECK(contains(done.err, "Remove job \"mail\" in the whole cluster? [y/N]"));
  CHECK(r.record().state == record_state::removing);
  CHECK(r.run({"pause", "mail", "--yes"}).code == 5);
}

TEST_CASE("tool: a job without a record, and one that others have damaged, are named") {
  recorded r;
  const auto none = r.run({"pause", "x", "--yes"});
  CHECK(none.code == 1);
  CHECK(contains(none.err, "job \"x\" has no record"));
  CHECK(r.run({"record", "x"}).code == 1);
  CHECK(r.run({"record", "a b"}).code == 2);
  r.put("/djm/jobs/mail", "{");
  CHECK(contains(r.run({"pause", "mail", "--yes"}).err, "/djm/jobs/mail"));
  CHECK(contains(r.run({"record", "mail"}).err, "/djm/jobs/mail"));
  CHECK(contains(r.run({"job", "mail"}).out, "/djm/jobs/mail"));
  CHECK(r.data("/djm/jobs/mail") == "{");
}

TEST_CASE("tool: waiting for a job says what is missing, or that it is served") {
  recorded r;
  const auto early = r.run({"wait", "mail", "--timeout", "2s"});
  CHECK(early.code == 3);
  CHECK(contains(early.err, "item \"asia\" of node \"n1\" is not locked yet"));
  CHECK(contains(r.run({"wait", "x", "--timeout", "2s"}).err, "job \"x\" is not in the cluster's work pool"));
  r.lock("n1", "mail", "asia");
  const auto served = r.run({"wait", "mail", "--timeout", "10s"});
  CHECK(served.code == 0);
  CHECK(served.out == "job mail is served: 1 item\n");
}
