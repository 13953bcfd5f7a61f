#include <deque>
#include <optional>

#include <doctest/doctest.h>

#include "actors/client/order_core.hpp"
#include "test/unit/cores/fake_store.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// What becomes of a transaction, and what the core hears of it.
enum class fate { truth, unknown_applied, unknown_lost, lost_applied, refused };

/// Runs an order against a tree in memory, with a hand on what happens between its questions.
class order_rig {
public:
  explicit order_rig(order_core::order what, order_mode mode = order_mode::write)
    : core(settings(mode), std::move(what)) {
    prepare(tree);
    add_pool(tree, "j", {"a"});
  }

  static order_core::settings settings(order_mode mode) {
    order_core::settings s;
    s.who = "client-1";
    s.mode = mode;
    return s;
  }

  void connect() {
    view.phase = store::session_phase::connected;
    ++view.number;
    session = tree.open();
    take(core.on_session(view, now_step()));
  }
  void expire() {
    tree.end(session);
    view.phase = store::session_phase::expired;
    take(core.on_session(view, now_step()));
  }
  step now_step() { return {now, 7, 0}; }

  void take(const order_core::effects& effects) {
    for (const auto& e : effects) {
      if (const auto* r = std::get_if<read_effect>(&e)) {
        reads.push_back(*r);
      } else if (const auto* c = std::get_if<commit_effect>(&e)) {
        commits.push_back(*c);
      } else {
        REQUIRE_FALSE(result);
        result = std::get<order_core::done>(e).result;
      }
    }
  }
  void answer_read() {
    REQUIRE_FALSE(reads.empty());
    const auto r = reads.front();
    reads.pop_front();
    CHECK(r.fresh);
    take(core.on_read(r.request, tree.read(session, r.reads), now_step()));
  }
  void answer_commit(fate f = fate::truth) {
    REQUIRE_FALSE(commits.empty());
    const auto c = commits.front();
    commits.pop_front();
    store::commit_outcome outcome = store::unknown{};
    if (f == fate::refused) {
      outcome = store::rejected{{errc::no_permission, "no"}};
    } else if (f != fate::unknown_lost) {
      outcome = tree.commit(session, c.txn);
      outcome = f == fate::truth          ? outcome
                : f == fate::lost_applied ? store::commit_outcome{store::session_lost{}}
                                          : store::commit_outcome{store::unknown{}};
    }
    sent.push_back(c);
    take(core.on_commit(c.request, outcome, now_step()));
  }
  /// Until the core waits for nobody.
  void run() {
    for (int i = 0; i < 50 && !result; ++i) {
      if (!reads.empty()) {
        answer_read();
      } else if (!commits.empty()) {
        answer_commit();
      } else {
        REQUIRE(core.wake_at());
        now = *core.wake_at();
        take(core.on_wake(now_step()));
      }
    }
    REQUIRE(result);
  }
  bool enabled() const { return store::decode<store::pool_payload>(tree.data("/djm/work-pool/j"), "j")->enabled; }
  std::int32_t version(const std::string& name) const { return tree.stat("/djm/" + name).version; }

  fake_store tree;
  fake_store::session session = 0;
  store::session_view view;
  time_point now{std::chrono::seconds{1000}};
  order_core core;
  std::deque<read_effect> reads;
  std::deque<commit_effect> commits;
  std::vector<commit_effect> sent;
  std::optional<expected<order_result>> result;
};

order_core::order switch_off() {
  return order_core::switch_job{"j", false};
}

constexpr auto record_path = "/djm/jobs/j";

store::offered_spec offered() {
  job_spec spec;
  spec.id = "j";
  return *store::to_offer(spec);
}

/// An order about the record of the job "j", which is there.
struct record_rig : order_rig {
  explicit record_rig(store::job_order what, std::optional<std::int64_t> rev = {}, order_mode mode = order_mode::write)
    : order_rig(order_core::change_record{"j", std::move(what), rev}, mode) {
    tree.put(record_path, store::encode(store::first_record(offered(), nullptr)));
    connect();
  }
  store::job_payload record() const { return *store::decode<store::job_payload>(tree.data(record_path), "j"); }
  /// Somebody else changes the record.
  void change(const store::job_payload& to) { tree.put(record_path, store::encode(to)); }
};

order_core::order drain(const node_id& worker, bool on = true) {
  return order_core::set_marks{worker, {on, std::nullopt}};
}

} // namespace

TEST_CASE("order: a job is switched off under its version, and the leader hears of it") {
  order_rig r{switch_off()};
  const auto before = r.version("work-pool-version");
  r.connect();
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
  CHECK((*r.result)->zxid > 0);
  CHECK_FALSE(r.enabled());
  CHECK(r.version("work-pool-version") == before + 1);
  CHECK(r.core.over());
}

TEST_CASE("order: what stands already is not written") {
  order_rig r{order_core::switch_job{"j", true}};
  r.connect();
  r.run();
  REQUIRE(*r.result);
  CHECK_FALSE((*r.result)->changed);
  CHECK(r.sent.empty());
}

TEST_CASE("order: a dry run says what would change, and changes nothing") {
  order_rig r{drain("n1"), order_mode::dry_run};
  r.connect();
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
  REQUIRE((*r.result)->changes.size() == 1);
  CHECK((*r.result)->changes[0].find("create /djm/marks/n1") == 0);
  CHECK_FALSE(r.tree.has("/djm/marks/n1"));
  CHECK(r.sent.empty());
}

TEST_CASE("order: marks come, change and go, each leaving the other as it is") {
  order_rig on{drain("n1")};
  on.connect();
  on.run();
  CHECK(on.tree.has("/djm/marks/n1"));
  order_rig off{drain("n1", false)};
  off.tree.put("/djm/marks/n1", store::encode(store::mark_payload{true, false}));
  off.connect();
  off.run();
  CHECK_FALSE(off.tree.has("/djm/marks/n1"));
  order_rig half{drain("n1", false)};
  half.tree.put("/djm/marks/n1", store::encode(store::mark_payload{true, true}));
  half.connect();
  half.run();
  CHECK(*store::decode<store::mark_payload>(half.tree.data("/djm/marks/n1"), "m") == store::mark_payload{false, true});
}

TEST_CASE("order: who changes the same meanwhile is met by the version, and it is decided anew") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.tree.put("/djm/work-pool-version", "someone else");
  r.run();
  REQUIRE(*r.result);
  CHECK_FALSE(r.enabled());
  CHECK(r.sent.size() == 2);
}

TEST_CASE("order: every change of the subject itself is met as well") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.tree.put("/djm/work-pool/j", r.tree.data("/djm/work-pool/j"));
  r.answer_commit();
  CHECK_FALSE(r.result);
  CHECK(r.enabled());
}

TEST_CASE("order: a mark that a stranger has changed meanwhile is not overwritten") {
  order_rig r{drain("n1")};
  r.tree.put("/djm/marks/n1", store::encode(store::mark_payload{false, true}));
  r.connect();
  r.answer_read();
  r.tree.put("/djm/marks/n1", store::encode(store::mark_payload{false, false}));
  r.answer_commit();
  CHECK_FALSE(r.result);
  CHECK(*store::decode<store::mark_payload>(r.tree.data("/djm/marks/n1"), "m") == store::mark_payload{false, false});
}

TEST_CASE("order: an unknown outcome is looked at, and told as done when it stands") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.answer_commit(fate::unknown_applied);
  CHECK_FALSE(r.result);
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
  CHECK(r.sent.size() == 1);
}

TEST_CASE("order: an unknown outcome is repeated when it does not stand") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.answer_commit(fate::unknown_lost);
  r.run();
  REQUIRE(*r.result);
  CHECK(r.sent.size() == 2);
  CHECK_FALSE(r.enabled());
}

TEST_CASE("order: the end of the session leaves an outcome that is looked at in the next one") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.answer_commit(fate::lost_applied);
  r.expire();
  CHECK_FALSE(r.result);
  r.connect();
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
}

TEST_CASE("order: what was sent in a session that is over may stand, though nobody has answered") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  REQUIRE(r.commits.size() == 1);
  r.expire();
  r.connect();
  REQUIRE(r.reads.size() == 1); // it looks again, and its time is over before it sees anything
  r.take(r.core.on_timeout());
  CHECK((*r.result).error().code == errc::unknown_outcome);
}

TEST_CASE("order: an answer of a session that is over is not decided on in the next one") {
  order_rig r{switch_off()};
  r.connect();
  REQUIRE(r.reads.size() == 1);
  r.expire();
  r.connect();
  REQUIRE(r.reads.size() == 2);
  r.answer_read(); // the one of before, late
  CHECK(r.commits.empty());
  r.answer_read();
  REQUIRE(r.commits.size() == 1);
  CHECK(r.commits.front().session == r.view.number);
}

TEST_CASE("order: a commit names the session in which it was decided") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  REQUIRE(r.commits.size() == 1);
  CHECK(r.commits.front().session == r.view.number);
}

TEST_CASE("order: when the time is over, what may have been written is unknown, and what was not is not connected") {
  order_rig never{switch_off()};
  never.take(never.core.on_timeout());
  REQUIRE(never.result);
  CHECK((*never.result).error().code == errc::not_connected);

  order_rig asked{switch_off()};
  asked.connect();
  asked.take(asked.core.on_timeout());
  CHECK((*asked.result).error().code == errc::timed_out);

  order_rig sent{switch_off()};
  sent.connect();
  sent.answer_read();
  sent.take(sent.core.on_timeout());
  CHECK((*sent.result).error().code == errc::unknown_outcome);

  order_rig unknown{switch_off()};
  unknown.connect();
  unknown.answer_read();
  unknown.answer_commit(fate::unknown_lost);
  unknown.take(unknown.core.on_timeout());
  CHECK((*unknown.result).error().code == errc::unknown_outcome);
}

TEST_CASE("order: others that keep changing the same are a conflict") {
  order_rig r{switch_off()};
  r.connect();
  for (int i = 0; i < 3; ++i) {
    r.answer_read();
    r.tree.put("/djm/work-pool-version", std::to_string(i));
    r.answer_commit();
    r.now = *r.core.wake_at();
    r.take(r.core.on_wake(r.now_step()));
  }
  r.take(r.core.on_timeout());
  // It has asked once more, so what it waits for now is an answer.
  CHECK(((*r.result).error().code == errc::conflict || (*r.result).error().code == errc::timed_out));
  CHECK(r.enabled());
}

TEST_CASE("order: refusals are told as they are, unless something before may have been written") {
  order_rig r{switch_off()};
  r.connect();
  r.answer_read();
  r.answer_commit(fate::refused);
  CHECK((*r.result).error().code == errc::no_permission);

  order_rig later{switch_off()};
  later.connect();
  later.answer_read();
  later.answer_commit(fate::unknown_lost);
  later.now = *later.core.wake_at();
  later.take(later.core.on_wake(later.now_step()));
  later.answer_read();
  later.answer_commit(fate::refused);
  CHECK((*later.result).error().code == errc::unknown_outcome);
}

TEST_CASE("order: jobs and trees that are not there are named") {
  order_rig job{order_core::switch_job{"x", false}};
  job.connect();
  job.run();
  CHECK((*job.result).error().code == errc::unknown_job);

  order_rig bare{switch_off()};
  bare.tree.erase("/djm");
  bare.connect();
  bare.run();
  CHECK((*bare.result).error().code == errc::malformed_payload);
}

TEST_CASE("order: what may not be read is not taken for missing") {
  order_rig r{drain("n1")};
  r.tree.forbid("/djm/marks");
  r.connect();
  r.run();
  CHECK((*r.result).error().code == errc::no_permission);
  CHECK(r.sent.empty());
}

TEST_CASE("order: a repair is sent once, in the session in which it was decided") {
  const std::vector<store::write_op> ops{store::remove_op{"/djm/work-pool/j/a", 0}};
  order_rig done{order_core::mend{1, ops}};
  done.connect();
  done.run();
  REQUIRE(*done.result);
  CHECK_FALSE(done.tree.has("/djm/work-pool/j/a"));

  order_rig late{order_core::mend{5, ops}};
  late.connect();
  REQUIRE(late.result);
  CHECK((*late.result).error().code == errc::conflict);
  CHECK(late.sent.empty());

  order_rig met{order_core::mend{1, ops}};
  met.tree.put("/djm/work-pool/j/a", "changed");
  met.connect();
  met.run();
  CHECK((*met.result).error().code == errc::conflict);
  CHECK(met.tree.has("/djm/work-pool/j/a"));

  order_rig unknown{order_core::mend{1, ops}};
  unknown.connect();
  unknown.answer_commit(fate::unknown_lost);
  CHECK((*unknown.result).error().code == errc::unknown_outcome);
}

TEST_CASE("order: all jobs are switched, and data that makes no sense is replaced") {
  order_rig r{order_core::switch_all{true}};
  r.tree.put("/djm/work-pool", "nonsense");
  r.connect();
  r.run();
  REQUIRE(*r.result);
  CHECK(store::decode<store::pools_payload>(r.tree.data("/djm/work-pool"), "p")->all_disabled);
}

TEST_CASE("order: what somebody writes into the pools by hand meanwhile is not overwritten") {
  order_rig r{order_core::switch_all{true}};
  r.connect();
  r.answer_read();
  r.tree.put("/djm/work-pool", "by hand");
  r.answer_commit();
  CHECK_FALSE(r.result);
  CHECK(r.tree.data("/djm/work-pool") == "by hand");
}

TEST_CASE("order: a record changes under its version, with its configuration, and those who follow it hear of it") {
  const auto config = *user_config::parse(R"({"batch":5})");
  record_rig r{store::order::configure{config}};
  const auto before = r.version("jobs-version");
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->rev == 2);
  CHECK(r.record().rev == 2);
  CHECK(store::decode<store::config_payload>(r.tree.data("/djm/jobs/j/config"), "c")->config == config);
  const auto news = store::decode<store::jobs_version_payload>(r.tree.data("/djm/jobs-version"), "v");
  CHECK(store::changed_since(*news, before + 1, before)->count("j") == 1);
}

TEST_CASE("order: what a record says already is not written, and answered with its rev") {
  record_rig r{store::order::pause{false}};
  r.run();
  REQUIRE(*r.result);
  CHECK_FALSE((*r.result)->changed);
  CHECK((*r.result)->rev == 1);
  CHECK(r.sent.empty());
}

TEST_CASE("order: a dry run says what a record would come to") {
  record_rig r{store::order::pause{true}, 1, order_mode::dry_run};
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->rev == 2);
  CHECK((*r.result)->changes == std::vector<std::string>{"set /djm/jobs/j (paused: true)"});
  CHECK_FALSE(r.record().paused);
}

TEST_CASE("order: a record at another rev is a conflict, and one that is not there unknown") {
  record_rig r{store::order::pause{true}, 7};
  r.run();
  CHECK((*r.result).error().code == errc::conflict);
  CHECK_FALSE(r.record().paused);

  order_rig none{order_core::change_record{"k", store::order::pause{true}, {}}};
  none.connect();
  none.run();
  CHECK((*none.result).error().code == errc::unknown_job);
  CHECK(none.sent.empty());
}

TEST_CASE("order: whoever changes the record meanwhile is met by its version, though jobs-version stands still") {
  record_rig r{store::order::pause{true}};
  r.answer_read();
  auto other = r.record();
  ++other.rev;
  other.triggered = 3;
  r.change(other);
  r.run();
  REQUIRE(*r.result);
  CHECK(r.sent.size() == 2);
  CHECK(r.record().triggered == 3);
  CHECK(r.record().paused);
}

TEST_CASE("order: a configuration that somebody writes by hand meanwhile is not overwritten") {
  record_rig r{store::order::configure{*user_config::parse(R"({"batch":5})")}};
  const std::string path = "/djm/jobs/j/config";
  r.tree.put(path, store::encode(store::config_payload{}));
  r.answer_read();
  const auto by_hand = store::encode(store::config_payload{*user_config::parse(R"({"batch":7})")});
  r.tree.put(path, by_hand);
  r.answer_commit();
  CHECK_FALSE(r.result);
  CHECK(r.tree.data(path) == by_hand);
}

TEST_CASE("order: a trigger whose answer was lost is given once") {
  record_rig r{store::order::trigger{"t"}};
  r.answer_read();
  r.answer_commit(fate::unknown_applied);
  r.run();
  REQUIRE(*r.result);
  CHECK((*r.result)->changed);
  CHECK(r.record().triggered == 1);
}

TEST_CASE("order: a job that was removed and registered anew meanwhile is not removed a second time") {
  record_rig r{store::order::remove{}};
  r.answer_read();
  r.answer_commit(fate::unknown_applied);
  const auto gone = r.record();
  CHECK(gone.state == record_state::removing);
  r.change(store::first_record(offered(), &gone));
  r.run();
  CHECK((*r.result).error().code == errc::unknown_outcome);
  CHECK(r.record().state == record_state::open);

  record_rig lost{store::order::remove{}};
  lost.answer_read();
  lost.answer_commit(fate::unknown_lost);
  lost.run();
  REQUIRE(*lost.result);
  CHECK(lost.record().state == record_state::removing);
}
