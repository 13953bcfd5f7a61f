#include <doctest/doctest.h>

#include "djm/strategy.hpp"
#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

std::string complaint(const std::function<void()>& f) {
  try {
    f();
  } catch (const failure& x) {
    return x.what();
  }
  return "no complaint";
}

/// Everything to the first worker.
class to_the_first final : public strategy {
public:
  std::string_view name() const noexcept override { return "to_the_first"; }
  expected<plan> assign(const assignment_problem& problem, const plan_options& options) const override {
    auto p = sound_.find("evenly_spread")->assign(problem, options);
    if (p) {
      for (auto& owner : p->owner) {
        owner = 0;
      }
    }
    return p;
  }

private:
  strategy_registry sound_;
};

} // namespace

TEST_CASE("tree: a stranger reads and changes what he likes") {
  cluster c{1};
  c.register_job(endless("mail", {"a", "b"}));
  c.settle();
  auto tree = c.tree();
  CHECK(tree.children("/djm/work-pool/mail") == strings{"a", "b"});
  CHECK(tree.data("/djm/work-pool/mail/a") == "");
  CHECK_FALSE(tree.data("/djm/work-pool/fax").has_value());
  CHECK(tree.ephemeral_owner("/djm/alive/n0") != 0);
  CHECK(tree.ephemeral_owner("/djm/alive") == 0);
  tree.create("/other");
  tree.create("/other/x", "1");
  tree.set("/other/x", "2");
  CHECK(tree.data("/other/x") == "2");
  CHECK(tree.paths("/other") == strings{"/other", "/other/x"});
  tree.remove_all("/other");
  CHECK_FALSE(tree.exists("/other"));
  CHECK(complaint([&] { tree.create("/a/b"); }) == "tree: create /a/b: no_node");
  CHECK(complaint([&] { tree.create("/djm"); }) == "tree: create /djm: node_exists");
  CHECK(complaint([&] { tree.remove("/djm"); }) == "tree: remove /djm: not_empty");
  CHECK(complaint([&] { tree.set("a", ""); }).find("tree: set \"a\": not a path") == 0);
  c.store_down();
  CHECK(complaint([&] { tree.create("/other"); }).find("has no leader") != std::string::npos);
}

TEST_CASE("tree: nodes notice what a stranger does to them") {
  cluster c{2};
  c.register_job(endless("mail", numbered("i", 4)));
  c.settle();
  c.tree().remove("/djm/alive/n0");
  c.advance(5s);
  CHECK(c.tree().exists("/djm/alive/n0"));
  c.settle();
  CHECK(to_string(c.overlaps()) == "");
  c.after(1s, [&] { c.tree().remove_all("/djm/alive"); });
  c.advance(1min);
  CHECK(c.tree().children("/djm/alive") == strings{"n0", "n1"});
}

TEST_CASE("tree: what belongs to an identity is closed to others, or theirs to read") {
  cluster c{0};
  auto everybody = c.tree();
  everybody.create("/team");
  everybody.set_access("/team", tree_access::readable, "team:secret");
  CHECK(complaint([&] { everybody.create("/team/x"); }) == "tree: create /team/x: no_auth");
  c.tree("team:secret").create("/team/x");
  CHECK(complaint([&] { everybody.set("/team/x", "1"); }) == "tree: set /team/x: no_auth");
  CHECK(complaint([&] { everybody.set_access("/team/x", tree_access::closed); }).find("for whom") != std::string::npos);
  everybody.set_access("/team/x", tree_access::open);
  everybody.set("/team/x", "1");
  CHECK(complaint([&] { everybody.set_access("/none", tree_access::open); }).find("no such node") != std::string::npos);
}

TEST_CASE("a node can have strategies of its own, and keeps them when it starts again") {
  cluster c{0};
  auto mine = std::make_shared<strategy_registry>();
  REQUIRE(mine->add(std::make_shared<to_the_first>()));
  node_config config;
  config.id = "n0";
  c.start(config, mine);
  c.settle(); // the first to be there leads, and n1 does not know the strategy
  c.start("n1");
  c.register_job(endless("mail", numbered("i", 4)).strategy("to_the_first"));
  c.settle();
  CHECK(c.leader() == "n0");
  CHECK(c.items_of("n0").at("mail").size() == 4);
  c.stop("n0");
  c.stop("n1");
  c.start("n0");
  c.settle();
  CHECK(c.items_of("n0").at("mail").size() == 4);
}

TEST_CASE("a job that nobody offers any more is deleted at once, one that is offered is not") {
  cluster c{2};
  const auto give = [&](const node_id& node, const job_id& id) {
    REQUIRE(c.node(node).register_job(*job_builder(id).items({"a", "b"}).every(1s).run([](job_context&) {}).build()));
  };
  for (const auto& id : to_ids<job_id>({"once", "kept"})) {
    give("n0", id);
    give("n1", id);
  }
  c.settle();
  for (const auto& id : to_ids<job_id>({"once", "kept"})) {
    REQUIRE(c.node("n0").unregister_job(id));
  }
  const auto no = c.node("n0").delete_job("once");
  REQUIRE_FALSE(no);
  CHECK(no.error().code == errc::invalid_state);
  CHECK(no.error().text == "job \"once\" cannot be deleted: node \"n1\" offers it; unregister it there first");
  const auto own = c.node("n1").delete_job("once");
  REQUIRE_FALSE(own);
  CHECK(own.error().text == no.error().text);
  REQUIRE(c.node("n1").unregister_job("once"));
  REQUIRE(c.node("n0").delete_job("once"));
  c.advance(2s);
  CHECK_FALSE(c.tree().exists("/djm/work-pool/once"));
  CHECK(c.tree().exists("/djm/work-pool/kept/a"));
  const auto gone = c.node("n1").delete_job("once");
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == errc::unknown_job);
  // Registered again it is as new.
  give("n0", "once");
  c.settle();
  CHECK(c.owner("once", "b") == "n0");
}

TEST_CASE("a job that is registered again before it is deleted stays") {
  cluster c{1};
  const auto give = [&] {
    REQUIRE(c.node("n0").register_job(*job_builder("mail").items({"a"}).every(1s).run([](job_context&) {}).build()));
  };
  give();
  c.settle();
  auto marked = *c.tree().data("/djm/work-pool/mail");
  marked.replace(marked.find("\"retired\":false"), 15, "\"retired\":true");
  c.tree().set("/djm/work-pool/mail", marked); // as a node did whose answer got lost
  c.advance(10min);
  CHECK(c.tree().exists("/djm/work-pool/mail/a"));
  c.settle();
  CHECK(c.owner("mail", "a") == "n0");
}
