#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "test/sim/order_truth.hpp"
#include "zkstore/payloads.hpp"

using namespace djm;
using namespace djm::sim;

namespace {

/// Orders of one who is outside, and a history that the test makes up.
struct made_up {
  std::vector<std::string> said;
  order_truth truth{[this](std::string text) { said.push_back(std::move(text)); }};
  store::zxid_t zxid = 0;

  static constexpr store::session_id_t his = 7, others = 8;
  static constexpr const char* mark = "/djm/marks/n1";

  made_up() { truth.own(his); }

  void drain(std::uint64_t number, order_mode mode = order_mode::write) {
    truth.begins(order_truth::name_of(1, number), order_core::set_marks{"n1", {true, std::nullopt}}, mode);
  }
  /// A transaction that sets the mark; `name` is what the version node tells, nothing: it is not bumped.
  store::zxid_t writes(store::session_id_t who, const std::string& name, store::mark_payload m) {
    store::committed_transaction txn;
    txn.zxid = ++zxid;
    txn.session = who;
    if (!name.empty()) {
      txn.changes.push_back(change("/djm/worker-version", store::encode(store::version_payload{name})));
    }
    txn.changes.push_back(change(mark, store::encode(m)));
    truth.committed(txn);
    return zxid;
  }
  static store::node_change change(const std::string& path, std::string data) {
    store::node_change c;
    c.what = store::node_change::kind::set;
    c.path = path;
    c.data = std::move(data);
    return c;
  }
  void done(bool changed, std::int64_t in = 0) {
    order_result r;
    r.changed = changed;
    r.zxid = in;
    truth.answered(r);
  }
  void fails(errc code) { truth.answered(fail(code, "no")); }
  bool finds(const std::string& text) const { return said.size() == 1 && said[0].find(text) != std::string::npos; }
};

const auto first = order_truth::name_of(1, 1) + "-1";

} // namespace

TEST_CASE("truth: what was written, stood already, was refused or may be is told so") {
  made_up m;
  m.drain(1);
  m.done(true, m.writes(made_up::his, first, {true, false}));
  m.drain(2);
  m.done(false);
  m.drain(3);
  m.writes(made_up::others, "n1-1", {false, false});
  m.done(false); // it has stood since it began
  m.drain(4);
  m.fails(errc::timed_out);
  m.drain(5);
  m.fails(errc::unknown_outcome);
  m.writes(made_up::his, order_truth::name_of(1, 5) + "-1", {true, false});
  m.drain(6, order_mode::dry_run);
  m.done(true);
  CHECK(m.said.empty());
  const auto& n = m.truth.counted();
  CHECK(n.done == 1);
  CHECK(n.standing == 2);
  CHECK(n.refused == 1);
  CHECK(n.unknown == 1);
  CHECK(n.written_unknown == 1);
  CHECK(n.dry == 1);
}

TEST_CASE("truth: what never stood is not done") {
  made_up m;
  m.drain(1);
  m.done(false);
  CHECK(m.finds("has never stood"));
}

TEST_CASE("truth: what stood before it was ordered is not done either") {
  made_up m;
  m.writes(made_up::others, "n1-1", {true, false});
  m.writes(made_up::others, "n1-2", {false, false});
  m.drain(1);
  m.done(false);
  CHECK(m.finds("has never stood"));
}

TEST_CASE("truth: a refusal has changed nothing, and never does") {
  made_up m;
  m.drain(1);
  m.writes(made_up::his, first, {true, false});
  m.fails(errc::conflict);
  CHECK(m.finds("is told as refused"));
  made_up late;
  late.drain(1);
  late.fails(errc::timed_out);
  late.writes(made_up::his, first, {true, false});
  CHECK(late.finds("was told as refused, and is carried out"));
}

TEST_CASE("truth: what is done is not carried out once more, and a dry run not at all") {
  made_up m;
  m.drain(1);
  m.done(true, m.writes(made_up::his, first, {true, false}));
  m.writes(made_up::his, first, {true, false});
  CHECK(m.finds("once more"));
  made_up dry;
  dry.drain(1, order_mode::dry_run);
  dry.writes(made_up::his, first, {true, false});
  CHECK(dry.finds("dry run"));
}

TEST_CASE("truth: the answer names the transaction, and does not hide that there was one") {
  made_up other;
  other.drain(1);
  other.done(true, 1 + other.writes(made_up::his, first, {true, false}));
  CHECK(other.finds("not its own"));
  made_up hidden;
  hidden.drain(1);
  hidden.writes(made_up::his, first, {true, false});
  hidden.done(false);
  CHECK(hidden.finds("standing already"));
}

TEST_CASE("truth: whoever changes something tells of it, and leaves what others say") {
  made_up silent;
  silent.drain(1);
  silent.writes(made_up::his, "", {true, false});
  CHECK(silent.finds("no version node tells of it"));
  made_up over;
  over.writes(made_up::others, "n1-1", {false, true});
  over.drain(1);
  over.writes(made_up::his, first, {true, false});
  CHECK(over.finds("overwrites"));
}

TEST_CASE("truth: a job that is there is not unknown") {
  made_up m;
  store::committed_transaction txn;
  txn.changes.push_back(made_up::change("/djm/work-pool/j", store::encode(store::pool_payload{})));
  m.truth.committed(txn);
  m.truth.begins(order_truth::name_of(1, 1), order_core::switch_job{"j", false}, order_mode::write);
  m.fails(errc::unknown_job);
  CHECK(m.finds("was there all the time"));
}

namespace {

/// An order about the record of "j", which is there.
struct about_record : made_up {
  explicit about_record(store::job_order what, std::optional<std::int64_t> expected_rev = {}) {
    record.ruling = "h";
    record.lineage.push_back({"h", 1, 0, "d", {}, {}, {}});
    writes_record(others, "n1-1", record);
    truth.begins(order_truth::name_of(1, 1), order_core::change_record{"j", std::move(what), expected_rev},
                 order_mode::write);
  }
  store::zxid_t writes_record(store::session_id_t who, const std::string& name, const store::job_payload& r) {
    store::committed_transaction txn;
    txn.zxid = ++zxid;
    txn.session = who;
    txn.changes.push_back(change("/djm/jobs-version", store::encode(store::jobs_version_payload{name, {}})));
    txn.changes.push_back(change("/djm/jobs/j", store::encode(r)));
    truth.committed(txn);
    return zxid;
  }
  store::zxid_t pauses(store::job_payload r) {
    r.paused = true;
    ++r.rev;
    return writes_record(his, order_truth::name_of(1, 1), r);
  }

  store::job_payload record;
};

} // namespace

TEST_CASE("truth: an order about a record changes what it is about, and nothing else of it") {
  about_record m{store::order::pause{}};
  m.done(true, m.pauses(m.record));
  CHECK(m.said.empty());
  about_record over{store::order::pause{}};
  auto other = over.record;
  ++other.rev;
  other.triggered = 4;
  over.writes_record(made_up::others, "n1-2", other);
  over.pauses(over.record);
  CHECK(over.finds("overwrites"));
}

TEST_CASE("truth: a record that is removed, or at another rev than it was to be, is not changed") {
  about_record gone{store::order::pause{}};
  auto removed = gone.record;
  removed.state = record_state::removed;
  gone.writes_record(made_up::others, "n1-2", removed);
  gone.pauses(gone.record);
  CHECK(gone.finds("overwrites"));
  about_record bound{store::order::pause{}, 7};
  bound.pauses(bound.record);
  CHECK(bound.finds("overwrites"));
  about_record never{store::order::trigger{"t"}};
  never.done(false);
  CHECK(never.finds("has never stood"));
}
