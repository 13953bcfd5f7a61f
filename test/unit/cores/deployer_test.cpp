#include <algorithm>

#include <doctest/doctest.h>

#include "test/unit/cores/deployer_rig.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::seconds;

namespace {

struct one_node {
  one_node() : n(prepared(tree), "a", "a1") {}
  static fake_store& prepared(fake_store& t) {
    prepare(t);
    return t;
  }
  std::string problems() const {
    std::string text;
    for (const auto& e : n.d.emitted) {
      text += show(emit_effect{e}) + "\n";
    }
    return text;
  }

  fake_store tree;
  deploying_node n;
};

} // namespace

TEST_CASE("deployer: what is submitted is marked before it is made, registered, and the mark goes") {
  one_node x;
  x.n.join();
  const auto number = submit_to(x.tree, "j");
  CHECK(x.n.d.settle() == "make j of report");
  CHECK(said_of(x.tree, "j").trying == "a");
  CHECK(said_of(x.tree, "j").trying_life == "a1");
  CHECK(x.n.made(number) == "register j");
  CHECK(said_of(x.tree, "j").trying == "a");
  CHECK(x.n.registered("j", number).empty());
  CHECK(said_of(x.tree, "j").trying.empty());
  x.n.d.take_written();
  x.n.d.pass(seconds{60});
  CHECK(x.n.d.take_written().empty()); // a calm cluster writes nothing
}

TEST_CASE("deployer: it begins when its node has joined, and what is of no kind of its own is none of its business") {
  one_node x;
  submit_to(x.tree, "j");
  submit_to(x.tree, "k", "stranger");
  submit_to(x.tree, "l", "report", 3); // a later version than this node has
  CHECK(x.n.d.connect().empty());
  CHECK(x.n.d.pass(seconds{20}).empty());
  CHECK(x.n.d.take_written().empty());
  CHECK(x.n.join() == "make j of report");
  CHECK(said_of(x.tree, "k").trying.empty());
  CHECK(said_of(x.tree, "l").trying.empty());
}

TEST_CASE("deployer: every transaction names the life of its node, the records as they were, and the submission") {
  one_node x;
  x.n.join();
  submit_to(x.tree, "j");
  x.n.d.settle();
  const auto written = x.n.d.take_written();
  REQUIRE(written.size() == 1);
  CHECK(written[0].find("check alive/a") != std::string::npos);
  CHECK(written[0].find("check jobs-version@") != std::string::npos);
  CHECK(written[0].find("set submissions/j@") != std::string::npos);
}

TEST_CASE("deployer: the guard is read before what it guards, behind a barrier") {
  one_node x;
  x.n.join();
  x.n.d.take_asked();
  submit_to(x.tree, "j");
  x.n.d.settle();
  const auto asked = x.n.d.take_asked();
  const auto found = std::find_if(
    asked.begin(), asked.end(), [](const std::string& q) { return q.find("get submissions/j") != std::string::npos; });
  REQUIRE(found != asked.end());
  CHECK(found->find("fresh") == 0);
  CHECK(found->find("get jobs-version") < found->find("get submissions/j"));
}

TEST_CASE("deployer: a mark that meets a removal is not made, and neither is the job") {
  one_node x;
  x.n.join();
  x.n.d.fates = {fate::delayed};
  submit_to(x.tree, "j");
  CHECK(x.n.d.settle().empty());
  remove_from(x.tree, "j");
  const auto next = submit_to(x.tree, "j"); // another one of that name, whose data has the same version
  CHECK(x.n.d.answer_held().empty());
  CHECK(said_of(x.tree, "j").trying.empty());
  CHECK(x.n.d.pass(seconds{10}) == "make j of report");
  CHECK(x.n.made(next) == "register j");
}

TEST_CASE("deployer: a job whose submission goes is given back; one of another submission takes its place afterwards") {
  one_node x;
  x.n.join();
  const auto number = submit_to(x.tree, "j");
  x.n.d.settle();
  x.n.made(number);
  x.n.registered("j", number);
  remove_from(x.tree, "j");
  const auto next = submit_to(x.tree, "j");
  CHECK(x.n.d.settle() == "withdraw j");
  CHECK(x.n.d.pass(seconds{60}).empty()); // as long as it has the former one
  CHECK(x.n.withdrawn("j") == "make j of report");
  CHECK(x.n.made(next) == "register j");
}

TEST_CASE("deployer: what is removed while it is made or registered is given back") {
  one_node x;
  x.n.join();
  const auto number = submit_to(x.tree, "j");
  x.n.d.settle();
  remove_from(x.tree, "j");
  x.n.d.settle();
  CHECK(x.n.made(number) == "register j"); // the registration is guarded by itself
  CHECK(x.n.registered("j", number) == "withdraw j");
  CHECK(x.n.withdrawn("j").empty());
}

TEST_CASE("deployer: a factory that fails declines, once, and says why; another life tries again") {
  one_node x;
  x.n.join();
  const auto number = submit_to(x.tree, "j");
  x.n.d.settle();
  CHECK(x.n.made(number, "no table") == "forget");
  const auto p = said_of(x.tree, "j");
  CHECK(p.trying.empty());
  REQUIRE(p.declined.size() == 1);
  CHECK(p.declined[0].node == "a");
  CHECK(p.declined[0].why == "no table");
  CHECK(x.problems().find("no table") != std::string::npos);
  CHECK(x.n.d.pass(seconds{600}).empty());
  remove_from(x.tree, "j");
  x.n.d.settle();
  CHECK(std::any_of(x.n.d.emitted.begin(), x.n.d.emitted.end(),
                    [](const event& e) { return std::holds_alternative<problem_over>(e); }));

  submit_to(x.tree, "k");
  x.n.d.settle();
  x.n.made(x.tree.stat(submission_path("k")).czxid, "no table");
  x.n.d.expire();
  deploying_node again{x.tree, "a", "a2"};
  CHECK(again.join() == "make k of report");
}

TEST_CASE("deployer: one that does not come back declines, and what it makes later is let go") {
  one_node x;
  x.n.join();
  const auto number = submit_to(x.tree, "j");
  x.n.d.settle();
  CHECK(x.n.d.pass(seconds{31}) == "forget");
  CHECK(said_of(x.tree, "j").declined.size() == 1);
  CHECK(x.n.made(number) == "forget");
  x.n.d.said.clear();
  submit_to(x.tree, "k"); // and others go on
  CHECK(x.n.d.settle() == "make k of report");
}

TEST_CASE("deployer: what the node refuses is declined with its reason") {
  one_node x;
  x.n.join();
  const auto number = submit_to(x.tree, "j");
  x.n.d.settle();
  x.n.made(number);
  CHECK(x.n.registered("j", number, "duplicate_job: it is the program's own") == "forget");
  CHECK(said_of(x.tree, "j").declined[0].why == "duplicate_job: it is the program's own");
}

TEST_CASE("deployer: another one waits while the factory is called elsewhere, and goes on when that ends") {
  one_node x;
  x.n.join();
  deploying_node other{x.tree, "b", "b1"};
  other.join();
  const auto number = submit_to(x.tree, "j");
  x.n.d.settle();
  CHECK(other.d.settle().empty());
  CHECK(other.d.pass(seconds{20}).empty()); // it looks, and finds that node alive
  x.n.made(number);
  x.n.registered("j", number);
  CHECK(other.d.settle() == "make j of report");
}

TEST_CASE("deployer: after two processes that ended in a factory nobody tries, whoever they were") {
  one_node x;
  x.n.join();
  submit_to(x.tree, "j");
  x.n.d.settle();
  x.n.d.expire(); // it ends in the factory
  deploying_node second{x.tree, "b", "b1"};
  CHECK(second.join() == "make j of report");
  CHECK(said_of(x.tree, "j").died == std::vector<node_id>{"a"});
  second.d.expire();
  deploying_node third{x.tree, "c", "c1"};
  CHECK(third.join().empty());
  CHECK(said_of(x.tree, "j").died == std::vector<node_id>{"a", "b"});
  deploying_node back{x.tree, "a", "a2"};
  CHECK(back.join().empty());
  CHECK(back.d.pass(seconds{600}).empty());
}

TEST_CASE("deployer: a part that is made anew goes on with the mark of its life, and knows what is deployed") {
  one_node x;
  x.n.join();
  const auto number = submit_to(x.tree, "j");
  x.n.d.settle();
  deploying_node rebuilt{x.tree, "a", "a1"};
  CHECK(rebuilt.join() == "make j of report");
  CHECK(said_of(x.tree, "j").died.empty());
  rebuilt.made(number);
  rebuilt.registered("j", number);

  deploying_node knows{x.tree, "a", "a1", {{"j", number}, {"gone", 7}}};
  CHECK(knows.join() == "withdraw gone");
}

TEST_CASE("deployer: an outcome that is not known is found out before anything is made") {
  one_node x;
  x.n.join();
  x.n.d.fates = {fate::unknown_applied};
  submit_to(x.tree, "j");
  CHECK(x.n.d.settle().empty());
  CHECK(x.n.d.pass(seconds{2}) == "make j of report");
  one_node y;
  y.n.join();
  y.n.d.fates = {fate::unknown_lost};
  submit_to(y.tree, "j");
  CHECK(y.n.d.settle().empty());
  CHECK(y.n.d.pass(seconds{2}) == "make j of report");
}

TEST_CASE("deployer: a kind that wants a closed tree takes nothing from one that others may write, or might have") {
  one_node x;
  x.n.join();
  submit_to(x.tree, "j", "closed");
  CHECK(x.n.d.settle() == "forget");
  CHECK(said_of(x.tree, "j").declined[0].why.find("nobody but its owner may write") != std::string::npos);

  const auto closed = [](const char* but, const char* acl) {
    one_node y;
    submit_to(y.tree, "j", "closed");
    y.tree.identify("ann:secret");
    y.tree.set_access("/djm", "ann:secret"); // as old as it is, it was open before
    y.tree.made_for("/djm/submissions", "ann:secret");
    y.tree.made_for("/djm/submissions/j", "ann:secret");
    if (but != nullptr) {
      y.tree.set_access(but, acl);
    }
    return y.n.join();
  };
  CHECK(closed(nullptr, "") == "make j of closed");
  for (const auto* acl : {"", "bob:secret", "ann:secret"}) { // the last one: given to this account later
    CHECK(closed("/djm/submissions", acl).find("make") == std::string::npos);
    CHECK(closed("/djm/submissions/j", acl).find("make") == std::string::npos);
  }
  CHECK(closed("/djm", "") == "forget");
}

TEST_CASE("deployer: a node that stops begins nothing, and takes back the mark of what is under way: nobody died") {
  one_node x;
  x.n.join();
  const auto number = submit_to(x.tree, "j");
  x.n.d.settle();
  CHECK(said_of(x.tree, "j").trying == "a");
  x.n.d.call(&deployer_core::on_stop);
  x.n.d.settle();
  CHECK(said_of(x.tree, "j").trying.empty());
  CHECK(said_of(x.tree, "j").declined.empty());
  CHECK(x.n.made(number) == "forget");
  submit_to(x.tree, "k");
  CHECK(x.n.d.pass(seconds{10}).empty());

  one_node y; // the node refuses what comes as it stops: that is no reason against the submission
  y.n.join();
  const auto other = submit_to(y.tree, "j");
  y.n.d.settle();
  y.n.made(other);
  y.n.d.call(&deployer_core::on_stop);
  CHECK(y.n.registered("j", other, "the node stops") == "forget");
  y.n.d.settle();
  CHECK(said_of(y.tree, "j").declined.empty());
  CHECK(said_of(y.tree, "j").trying.empty());
}

TEST_CASE("deployer: what this life has declined it does not try again, whatever the store says of it") {
  one_node x;
  x.n.join();
  const auto number = submit_to(x.tree, "j");
  x.n.d.settle();
  x.n.made(number, "no table");
  auto p = said_of(x.tree, "j");
  p.declined.clear();
  x.tree.put(submission_path("j"), store::encode(p));
  tell_of_job(x.tree, "j");
  CHECK(x.n.d.pass(seconds{10}).empty());
  remove_from(x.tree, "j");
  submit_to(x.tree, "j");
  CHECK(x.n.d.pass(seconds{10}) == "make j of report"); // another one
}

TEST_CASE("deployer: a submission that may not be read is not gone") {
  one_node x;
  x.n.join();
  const auto number = submit_to(x.tree, "j");
  x.n.d.settle();
  x.n.made(number);
  x.n.registered("j", number);
  x.tree.set_access(submission_path("j"), "bob:secret");
  tell_of_job(x.tree, "j");
  CHECK(x.n.d.pass(seconds{20}).empty());
  CHECK(x.problems().find("no_auth") != std::string::npos);
  x.tree.set_access("/djm/submissions", "bob:secret");
  x.n.d.expire();
  CHECK(x.n.join().find("withdraw") == std::string::npos);
}

TEST_CASE("deployer: a submission that this node may not mark holds up no other one") {
  one_node x;
  x.n.join();
  submit_to(x.tree, "a");
  x.tree.set_access(submission_path("a"), "~bob:secret"); // everybody may look
  submit_to(x.tree, "b");
  CHECK(x.n.d.pass(seconds{10}) == "make b of report");
  CHECK(x.problems().find("no_auth") != std::string::npos);
}
