#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;

namespace {

store::job_payload record_in(const fake_store& tree) {
  auto p = store::decode<store::job_payload>(tree.data(record_path), record_path);
  REQUIRE(p.has_value());
  return *p;
}

/// A node that offers a job which has to be prepared.
class node_to_prepare {
public:
  explicit node_to_prepare(fake_store& tree) : d(keeper_core{keeper_rig::settings(200, "/djm", "w", "i1")}, tree) {
    auto spec = keeper_rig::job("j");
    spec.prepares = true;
    d.call(&keeper_core::on_offer, spec, false, 0);
    d.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"a"});
    d.connect();
  }
  const followed_job& followed() const { return d.followed.back().what; }

  driver<keeper_core> d;
};

} // namespace

TEST_CASE("keeper: a preparation that is saved as done is told to the record, once, and as long as it is news") {
  fake_store tree;
  node_to_prepare n{tree};
  CHECK(n.followed().generation == 1);
  CHECK_FALSE(n.followed().prepared);
  n.d.take_written();
  n.d.call(&keeper_core::on_prepared, job_id{"j"}, std::int64_t{1});
  CHECK(record_in(tree).prepared == 1);
  CHECK(n.followed().prepared);
  const auto written = n.d.take_written();
  REQUIRE(written.size() == 1);
  CHECK(written.front().find("check alive/w, ") == 0);
  CHECK(written.front().find("set jobs/j@") != std::string::npos);
  CHECK(written.front().find("set jobs-version@") != std::string::npos);
  n.d.call(&keeper_core::on_prepared, job_id{"j"}, std::int64_t{1});
  n.d.call(&keeper_core::on_prepared, job_id{"k"}, std::int64_t{1});
  CHECK(n.d.take_written().empty());
  auto p = record_in(tree);
  p.generation = 1;
  ++p.rev;
  const auto version = tree.stat("/djm/jobs-version").version;
  const auto before = *store::decode<store::jobs_version_payload>(tree.data("/djm/jobs-version"), "");
  tree.put(record_path, store::encode(p));
  tree.put("/djm/jobs-version", store::encode_change(before, version, {"j"}, "test"));
  n.d.pass(seconds{10});
  CHECK(n.followed().generation == 2);
  CHECK_FALSE(n.followed().prepared);
  CHECK(record_in(tree).prepared == 1);
}

TEST_CASE("keeper: what was prepared while the node was away is told when it is back") {
  fake_store tree;
  node_to_prepare n{tree};
  n.d.fates = {fate::unknown_lost}; // whether it was written is not known
  n.d.call(&keeper_core::on_prepared, job_id{"j"}, std::int64_t{1});
  n.d.pass(seconds{10});
  CHECK(record_in(tree).prepared == 1);
  n.d.call(&keeper_core::on_prepared, job_id{"j"}, std::int64_t{5}); // of a record that is gone
  n.d.pass(seconds{10});
  CHECK(record_in(tree).prepared == 1);
}

TEST_CASE("keeper: a preparation of a session that is over is not told: the store may be an older copy") {
  fake_store tree;
  node_to_prepare n{tree};
  n.d.suspend();
  n.d.call(&keeper_core::on_prepared, job_id{"j"}, std::int64_t{1});
  n.d.expire();
  n.d.connect();
  n.d.pass(seconds{30});
  CHECK(record_in(tree).prepared == 0);
  n.d.call(&keeper_core::on_prepared, job_id{"j"}, std::int64_t{1}); // somebody has looked again
  CHECK(record_in(tree).prepared == 1);
}

TEST_CASE("keeper: a preparation is not told again when the connection was away: the store may be an older copy") {
  fake_store tree;
  node_to_prepare n{tree};
  n.d.call(&keeper_core::on_prepared, job_id{"j"}, std::int64_t{1});
  auto older = record_in(tree);
  older.prepared = 0;
  n.d.suspend();
  tree.put(record_path, store::encode(older));
  tree.put("/djm/jobs-version", tree.data("/djm/jobs-version"));
  n.d.reconnect(); // the copy knows the session
  n.d.pass(seconds{30});
  CHECK(record_in(tree).prepared == 0);
  CHECK_FALSE(n.followed().prepared);
}
