#include <doctest/doctest.h>

#include "test/unit/cores/deployer_rig.hpp"
#include "test/unit/cores/keeper_rig.hpp"

using namespace djm;
using namespace djm::test;

/// Jobs that were made of submissions.
namespace {

struct submitted_node {
  explicit submitted_node(fake_store& tree) : d(keeper_core{keeper_rig::settings(200, "/djm", "w", "i1")}, tree) {}
  /// The node can run the job "j", which was made of that submission.
  void offer(store::zxid_t number) {
    d.call(&keeper_core::on_offer, keeper_rig::job("j"), false, number);
    d.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"a"});
  }

  driver<keeper_core> d;
};

} // namespace

TEST_CASE("keeper: a job that was made of a submission is offered while that one is there") {
  fake_store tree;
  prepare(tree);
  const auto number = submit_to(tree, "j");
  submitted_node n{tree};
  n.d.connect();
  n.offer(number);
  CHECK(tree.has(record_path));
  CHECK(tree.has("/djm/workers/w/available/j"));
  remove_from(tree, "j");
  n.d.settle();
  CHECK(n.d.said.find("ended j") != std::string::npos);
  CHECK_FALSE(tree.has("/djm/workers/w/available/j"));
}

TEST_CASE("keeper: a registration that was decided before the submission was removed makes no record") {
  for (const bool anew : {false, true}) {
    CAPTURE(anew);
    fake_store tree;
    prepare(tree);
    const auto number = submit_to(tree, "j");
    submitted_node n{tree};
    n.d.connect();
    n.d.fates = {fate::delayed};
    n.offer(number);
    remove_from(tree, "j");
    if (anew) {
      submit_to(tree, "j"); // another one under its name
    }
    auto said = n.d.answer_held();
    said += n.d.pass(std::chrono::seconds{10});
    CHECK(said.find("ended j") != std::string::npos);
    CHECK_FALSE(tree.has(record_path));
    CHECK_FALSE(tree.has("/djm/workers/w/available/j"));
  }
}

TEST_CASE("keeper: who was cut off while a submission was removed does not come back with its job") {
  fake_store tree;
  prepare(tree);
  const auto number = submit_to(tree, "j");
  submitted_node n{tree};
  n.d.connect();
  n.offer(number);
  n.d.expire();
  remove_from(tree, "j");
  tree.erase(record_path); // the tombstone has gone meanwhile, too
  submit_to(tree, "j");
  n.d.connect();
  n.d.pass(std::chrono::seconds{20});
  CHECK_FALSE(tree.has(record_path));
  CHECK_FALSE(tree.has("/djm/workers/w/available/j"));
}
