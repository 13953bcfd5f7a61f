#include <doctest/doctest.h>

#include <algorithm>

#include "test/unit/cores/fake_store.hpp"
#include "zkstore/tree/submissions.hpp"

using namespace djm;
using namespace djm::store;

namespace {

submission report(const std::string& request) {
  submission s;
  s.id = "j";
  s.kind = "report";
  s.config = *user_config::parse(R"({"table":"sales"})");
  s.by = "ann";
  s.request = request;
  return s;
}

submission_payload payload() {
  submission_payload p;
  p.kind = "report";
  p.least_version = 2;
  p.request = "r";
  p.hash = hash_of_submission(report("r"));
  return p;
}

} // namespace

TEST_CASE("submission: a hash is that of kind, version and configuration, whoever submits it") {
  const auto first = hash_of_submission(report("a"));
  auto other = report("b");
  other.by = "bob";
  CHECK(hash_of_submission(other) == first);
  other.least_version = 2;
  CHECK(hash_of_submission(other) != first);
  other = report("a");
  other.config = *user_config::parse(R"({"table":"stock"})");
  CHECK(hash_of_submission(other) != first);
  other = report("a");
  other.kind = "reports";
  CHECK(hash_of_submission(other) != first);
}

TEST_CASE("submission: a kind is known by its name and a version that is late enough") {
  const std::vector<std::string> kinds{"report@3", "re@port@9", "bad", "report@", "report@x"};
  CHECK(knows_kind(kinds, "report", 1));
  CHECK(knows_kind(kinds, "report", 3));
  CHECK_FALSE(knows_kind(kinds, "report", 4));
  CHECK_FALSE(knows_kind(kinds, "rep", 1));
  CHECK_FALSE(knows_kind({}, "report", 1));
  CHECK(name_of_kind("report", 3) == "report@3");
}

TEST_CASE("submission: one node at a time calls the factory, and one that has died in it is counted") {
  auto p = payload();
  CHECK(next_of(p, "a", "a1", {}) == next_try::take);
  p = marked(p, "a", "a1");
  CHECK(p.trying == "a");
  CHECK(next_of(p, "a", "a1", {}) == next_try::ours);
  CHECK(next_of(p, "b", "b1", {}) == next_try::ask);
  CHECK(next_of(p, "b", "b1", "a1") == next_try::wait);
  CHECK(next_of(p, "b", "b1", "") == next_try::take);   // a is gone
  CHECK(next_of(p, "b", "b1", "a2") == next_try::take); // another life of a
  CHECK(next_of(p, "a", "a2", {}) == next_try::take);   // it knows itself that its former life is over
  p = marked(p, "b", "b1");
  CHECK(p.died == std::vector<node_id>{"a"});
  CHECK(p.trying == "b");
  p = marked(p, "c", "c1"); // b has died as well: nobody tries any more, not even c
  CHECK(p.died == std::vector<node_id>{"a", "b"});
  CHECK(p.trying.empty());
  CHECK(next_of(p, "c", "c1", {}) == next_try::leave);
}

TEST_CASE("submission: what has come back is no death, and who has declined is asked no more in this life") {
  auto p = released(marked(payload(), "a", "a1"), "a", "a1", "no table");
  CHECK(p.trying.empty());
  CHECK(p.died.empty());
  CHECK(next_of(p, "a", "a1", {}) == next_try::declined);
  CHECK(next_of(p, "a", "a2", {}) == next_try::take);
  CHECK(next_of(p, "b", "b1", {}) == next_try::take);
  p = released(marked(p, "a", "a2"), "a", "a2", "");
  CHECK(p.declined.empty());
  // Somebody else's mark stays.
  CHECK(released(marked(p, "b", "b1"), "a", "a1", "").trying == "b");
}

TEST_CASE("submission: the reasons it keeps are few and short, and whole characters; who has declined stays known") {
  auto p = payload();
  std::map<node_id, living_node> alive;
  for (int n = 0; n < 200; ++n) {
    const node_id node{"n" + std::to_string(n)};
    p = released(p, node, "i", std::string(499, 'x') + "\xc3\xa4\xc3\xa4");
    alive[node] = {"i", {"report@2"}, {}};
  }
  CHECK(p.declined.size() == 200);
  CHECK(std::count_if(p.declined.begin(), p.declined.end(), [](const auto& d) { return !d.why.empty(); }) ==
        most_reasons);
  CHECK(next_of(p, "n0", "i", {}) == next_try::declined);
  CHECK(view_of_submission("j", p, alive).state == submission_state::failed_to_deploy);
  CHECK(p.declined.back().node == "n199");
  CHECK(p.declined.back().why == std::string(499, 'x'));
  p = released(p, "bytes", "i", "\xff\xfe");
  CHECK(decode<submission_payload>(encode(p), "p"));
}

TEST_CASE("submission: how it gets on is how it stands with those who are alive") {
  const auto look = [](const submission_payload& p, std::map<node_id, living_node> alive) {
    return view_of_submission("j", p, alive);
  };
  const living_node knows{"i", {"report@2"}, {}}, older{"i", {"report@1"}, {}}, has{"i", {"report@2"}, {"j"}};
  auto p = payload();
  CHECK(look(p, {}).state == submission_state::waiting);
  CHECK(look(p, {{"a", older}}).state == submission_state::waiting);
  CHECK(look(p, {{"a", older}, {"b", knows}}).state == submission_state::deploying);
  CHECK(look(p, {{"a", has}, {"b", knows}}).state == submission_state::deployed);
  p = released(p, "b", "i", "no table");
  const auto failed = look(p, {{"a", older}, {"b", knows}});
  CHECK(failed.state == submission_state::failed_to_deploy);
  CHECK(failed.declined == std::map<std::string, std::string>{{"b", "no table"}});
  CHECK(look(p, {{"b", {"another", {"report@2"}, {}}}}).state == submission_state::deploying); // another life
  CHECK(look(p, {{"b", knows}, {"c", knows}}).state == submission_state::deploying);
  p.died = {"x", "y"};
  CHECK(look(p, {{"c", knows}}).state == submission_state::failed_to_deploy);
}

TEST_CASE("submission: who could have written it is nobody but the account that asks, since it was made") {
  const tree_schema tree{"/djm"};
  read_result mine;
  mine.writers = "me";
  const auto why = [&](const read_result& root, const read_result& folder, const read_result& submission) {
    return why_loose(tree, "j", {root, folder, submission, mine});
  };
  CHECK(why(mine, mine, mine).empty());
  read_result open = mine, hidden = mine, other = mine, given = mine;
  open.open = true;
  hidden.code = rc::no_auth;
  other.writers = "you";
  given.stat.aversion = 1;
  for (const auto& bad : {open, hidden}) {
    CHECK_FALSE(why(bad, mine, mine).empty());
  }
  for (const auto& bad : {open, hidden, other, given}) {
    CHECK(why(mine, bad, mine).find("/djm/submissions ") != std::string::npos);
    CHECK(why(mine, mine, bad).find("/djm/submissions/j ") != std::string::npos);
  }
  CHECK(why(other, mine, mine).empty()); // the root may be somebody else's
  CHECK_FALSE(why_loose(tree, "j", {mine, mine, mine, hidden}).empty());
}
