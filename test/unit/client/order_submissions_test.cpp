#include <doctest/doctest.h>

#include "actors/client/submission_look.hpp"
#include "test/unit/client/order_rig.hpp"

using namespace djm;
using namespace djm::test;

/// Orders about jobs that are submitted.
namespace {

constexpr auto submitted_at = "/djm/submissions/s";

submission report(const std::string& request = "r-1", const std::string& by = "ann") {
  submission s;
  s.id = "s";
  s.kind = "report";
  s.config = *user_config::parse(R"({"table":"sales"})");
  s.by = by;
  s.request = request;
  return s;
}

struct submit_rig : order_rig {
  explicit submit_rig(submission what, order_mode mode = order_mode::write)
    : order_rig(order_core::submit{std::move(what)}, mode) {
    connect();
  }
  store::submission_payload said() const {
    return *store::decode<store::submission_payload>(tree.data(submitted_at), "s");
  }
  /// Somebody has changed that job.
  void tell(const job_id& job) {
    const auto before = *store::decode<store::jobs_version_payload>(tree.data("/djm/jobs-version"), "v");
    tree.put("/djm/jobs-version", store::encode_change(before, tree.stat("/djm/jobs-version").version, {job}, "bob"));
  }
  /// Somebody else writes it, as everybody does.
  void put(const submission& other) {
    read_batch ask;
    const store::submission_reads found{store::tree_schema{"/djm"}, other.id, ask};
    REQUIRE(ask.take(tree.read(session, ask.next_part(10)).results));
    store::transaction txn{*store::submit_ops(store::tree_schema{"/djm"}, other, found, 5)};
    txn.ops.emplace_back(store::set_op{"/djm/jobs-version", tree.data("/djm/jobs-version")});
    REQUIRE(std::holds_alternative<store::committed>(tree.commit(session, txn)));
  }
};

struct removal_rig : order_rig {
  removal_rig() : order_rig(order_core::change_record{"s", store::order::remove{}, {}}) { connect(); }
  void open_record() {
    job_spec spec;
    spec.id = "s";
    tree.put("/djm/jobs/s", store::encode(store::first_record(*store::to_offer(spec), nullptr)));
  }
  void put_submission() {
    store::submission_payload p;
    p.kind = "report";
    p.request = "r";
    p.hash = "h";
    tree.put(submitted_at, store::encode(p));
  }
  record_state state() const { return store::decode<store::job_payload>(tree.data("/djm/jobs/s"), "s")->state; }
};

} // namespace

TEST_CASE("order: what is submitted is made once, with its folder, and those who follow hear of it") {
  submit_rig r{report()};
  const auto before = r.version("jobs-version");
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
  CHECK(r.said().submitted_by == "ann");
  CHECK(r.said().hash == store::hash_of_submission(report()));
  const auto news = store::decode<store::jobs_version_payload>(r.tree.data("/djm/jobs-version"), "v");
  CHECK(store::changed_since(*news, before + 1, before)->count("s") == 1);
}

TEST_CASE("order: the same request again is the same submission, and nothing is written") {
  submit_rig r{report()};
  r.put(report());
  r.run();
  REQUIRE(*r.result);
  CHECK_FALSE((*r.result)->changed);
  CHECK(r.sent.empty());
}

TEST_CASE("order: another submission of that id is told with its submitter, and so is a request with another content") {
  submit_rig r{report("r-2", "bob")};
  r.put(report());
  r.run();
  CHECK((*r.result).error().code == errc::duplicate_job);
  CHECK((*r.result).error().text.find("\"ann\"") != std::string::npos);
  auto changed = report();
  changed.config = {};
  submit_rig c{changed};
  c.put(report());
  c.run();
  CHECK((*c.result).error().code == errc::duplicate_job);
  CHECK((*c.result).error().text.find("as something else") != std::string::npos);
}

TEST_CASE("order: a job that nodes register themselves is not submitted, and one that is being removed is") {
  submit_rig r{report()};
  job_spec spec;
  spec.id = "s";
  auto record = store::first_record(*store::to_offer(spec), nullptr);
  r.tree.put("/djm/jobs/s", store::encode(record));
  r.run();
  CHECK((*r.result).error().code == errc::duplicate_job);
  CHECK_FALSE(r.tree.has(submitted_at));
  submit_rig again{report()};
  record.state = record_state::removing;
  again.tree.put("/djm/jobs/s", store::encode(record));
  again.run();
  CHECK(*again.result);
}

TEST_CASE("order: of two that submit one id at once, one stands, and the other one hears whose") {
  submit_rig r{report("r-2", "bob")};
  r.answer_read();
  r.put(report());
  r.run();
  CHECK((*r.result).error().code == errc::duplicate_job);
  CHECK(r.said().request == "r-1");
}

TEST_CASE("order: a submission whose outcome got lost is found by its request, or told as another one's") {
  for (const auto f : {fate::unknown_applied, fate::unknown_lost, fate::lost_applied}) {
    submit_rig r{report()};
    r.answer_read();
    r.answer_commit(f);
    if (f == fate::lost_applied) {
      r.expire();
      r.connect();
    }
    r.run();
    REQUIRE(*r.result);
    CHECK(r.said().request == "r-1");
  }
  submit_rig r{report("r-2", "bob")};
  r.answer_read();
  r.answer_commit(fate::unknown_lost);
  r.put(report());
  r.run();
  CHECK((*r.result).error().code == errc::duplicate_job); // its own one would meet the version that this one has left
}

TEST_CASE("order: a removal takes submission and record in one transaction, whatever nodes write into the one") {
  removal_rig r;
  r.put_submission();
  r.open_record();
  r.answer_read();
  r.tree.put(submitted_at, r.tree.data(submitted_at)); // a node marks it
  r.run();
  REQUIRE(*r.result);
  CHECK_FALSE(r.tree.has(submitted_at));
  CHECK(r.state() == record_state::removing);
  CHECK(r.sent.size() == 1);
}

TEST_CASE("order: what no node has registered yet is removed, and who repeats a removal does not take the next one") {
  removal_rig r;
  r.put_submission();
  r.answer_read();
  r.answer_commit(fate::unknown_applied);
  r.run();
  REQUIRE(*r.result);
  CHECK_FALSE(r.tree.has(submitted_at));

  removal_rig late;
  late.put_submission();
  late.answer_read();
  late.answer_commit(fate::unknown_applied);
  late.put_submission();
  late.run();
  CHECK(*late.result); // that of then is gone
  CHECK(late.tree.has(submitted_at));

  removal_rig none;
  none.run();
  CHECK((*none.result).error().code == errc::unknown_job);
}

TEST_CASE("order: a removal that is repeated takes no submission that came after it, whatever the record says") {
  removal_rig open;
  open.put_submission();
  open.open_record();
  open.answer_read();
  open.answer_commit(fate::unknown_applied);
  open.put_submission(); // it may come: the record is not open any more
  open.run();
  CHECK(*open.result);
  CHECK(open.tree.has(submitted_at));
  CHECK(open.state() == record_state::removing);

  removal_rig tombstone; // of an earlier removal
  tombstone.open_record();
  auto record = *store::decode<store::job_payload>(tombstone.tree.data("/djm/jobs/s"), "s");
  record.state = record_state::removed;
  tombstone.tree.put("/djm/jobs/s", store::encode(record));
  tombstone.put_submission();
  tombstone.answer_read();
  tombstone.answer_commit(fate::unknown_applied);
  tombstone.put_submission();
  tombstone.run();
  CHECK(*tombstone.result);
  CHECK(tombstone.tree.has(submitted_at));

  removal_rig still_there; // and one that was not applied is repeated
  still_there.put_submission();
  still_there.open_record();
  still_there.answer_read();
  still_there.answer_commit(fate::unknown_lost);
  still_there.run();
  CHECK(*still_there.result);
  CHECK_FALSE(still_there.tree.has(submitted_at));
}

TEST_CASE("order: what may have been submitted and removed since is not submitted once more") {
  submit_rig r{report()};
  r.answer_read();
  r.answer_commit(fate::unknown_applied);
  r.tree.erase(submitted_at);
  r.tell("s");
  r.run();
  CHECK((*r.result).error().code == errc::unknown_outcome);
  CHECK_FALSE(r.tree.has(submitted_at));

  submit_rig other{report()}; // changes of other jobs say nothing of it
  other.answer_read();
  other.answer_commit(fate::unknown_lost);
  other.tell("t");
  other.run();
  REQUIRE(*other.result);
  CHECK(other.said().request == "r-1");
}

TEST_CASE(
  "order: a removal that was decided before another submission of that name meets the version that it has left") {
  removal_rig r;
  r.put_submission();
  r.answer_read();
  r.tree.erase(submitted_at);
  r.put_submission();
  r.tree.put("/djm/jobs-version", r.tree.data("/djm/jobs-version"));
  r.answer_commit();
  CHECK(r.tree.has(submitted_at)); // it is read again before anything is removed
  CHECK_FALSE(r.result);
}

TEST_CASE("submission: what breaks a rule is refused before anything is asked, and so is a kind that nobody knows") {
  auto s = report();
  CHECK(check_submission(s));
  s.kind = "a b";
  CHECK(check_submission(s).error().code == errc::invalid_config);
  s = report();
  s.id = "a/b";
  CHECK(check_submission(s).error().code == errc::invalid_id);
  s = report();
  s.least_version = 0;
  CHECK(check_submission(s).error().text.find("least_version 0") != std::string::npos);
  s = report("a b");
  CHECK(check_submission(s).error().code == errc::invalid_id);
  s = report("r", std::string(201, 'x'));
  CHECK(check_submission(s).error().code == errc::invalid_config);

  cluster_view view;
  CHECK(check_kind(report(), view).error().text.find("none knows any kind") != std::string::npos);
  worker_view w;
  w.id = "n";
  w.state = worker_state::alive;
  w.kinds = {"reports@1"};
  view.workers = {w};
  CHECK(check_kind(report(), view).error().text.find("known are reports@1") != std::string::npos);
  view.workers[0].kinds.emplace_back("report@1");
  CHECK(check_kind(report(), view));
  view.workers[0].state = worker_state::gone;
  CHECK(check_kind(report(), view).error().code == errc::invalid_state);
}
