#include <doctest/doctest.h>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// What the call complains about.
std::string complaint(const std::function<void()>& f) {
  try {
    f();
  } catch (const failure& x) {
    return x.what();
  }
  return "no complaint";
}

bool mentions(const std::string& text, std::initializer_list<const char*> parts) {
  for (const auto* p : parts) {
    if (text.find(p) == text.npos) {
      return false;
    }
  }
  return true;
}

} // namespace

TEST_CASE("names that nobody has are told with those that there are") {
  cluster c{2};
  CHECK(complaint([&] { c.crash("n2"); }) == "no node \"n2\" in this cluster; there are: n0, n1");
  CHECK(complaint([&] { c.node(7); }) == "no node \"n7\" in this cluster; there are: n0, n1");
  CHECK(complaint([&] { static_cast<void>(c.owner("mail", "a")); }) ==
        "nobody has registered a job \"mail\" in this cluster; there are: none");
  c.register_job(endless("fax", {"a"}));
  CHECK(complaint([&] { static_cast<void>(c.runs("mail")); }) ==
        "nobody has registered a job \"mail\" in this cluster; there are: fax");
}

TEST_CASE("what a node's state does not allow is refused") {
  cluster c{2};
  c.crash("n0");
  CHECK(complaint([&] { c.crash("n0"); }) == "crash: node \"n0\" is crashed");
  CHECK(complaint([&] { c.pause("n0"); }) == "pause: node \"n0\" is crashed");
  CHECK(c.node("n0").status().error().code == errc::shutting_down);
  CHECK(complaint([&] { c.start("n1"); }) == "start: node \"n1\" is up");
  c.pause("n1");
  CHECK(c.node("n1").status().error().code == errc::invalid_state);
  CHECK(complaint([&] { c.start("n1"); }) == "start: node \"n1\" is paused");
  CHECK(complaint([&] { c.start("not an id"); }).find("start: invalid_id") == 0);
}

TEST_CASE("jobs that break a rule are refused where they are registered") {
  cluster c{1};
  CHECK(complaint([&] { c.register_job(job_builder("mail")); }).find("register_job: ") == 0);
  CHECK(complaint([&] { c.register_job(endless("a job", {"a"})); }).find("register_job: invalid_id") == 0);
  c.register_job(endless("mail", {"a"}));
  CHECK(complaint([&] { c.register_job(endless("mail", {"a"})); }) ==
        "register_job: job \"mail\" is registered already");
  // What only a node can know.
  CHECK(mentions(complaint([&] { c.register_job(endless("slow", {"a"}).stop_grace(1h)); }),
                 {"register_job: ", "slow", "stop_grace"}));
}

TEST_CASE("options outside their range are refused by name") {
  const auto with = [](const std::function<void(cluster_options&)>& change) {
    return complaint([&] {
      cluster_options o;
      change(o);
      cluster c{o};
    });
  };
  CHECK(with([](auto& o) { o.nodes = 501; }) == "cluster_options: nodes is 501: at most 500");
  CHECK(with([](auto& o) { o.servers = 0; }) == "cluster_options: servers is 0: 1 to 7");
  CHECK(mentions(with([](auto& o) { o.least_delay = 1s; }), {"least_delay is 1s", "most_delay 2ms"}));
  CHECK(mentions(with([](auto& o) { o.most_delay = std::chrono::hours{5124096}; }), {"292 years or more"}));
  CHECK(mentions(with([](auto& o) { o.real_time_limit = std::chrono::hours::max(); }), {"292 years or more"}));
  CHECK(mentions(with([](auto& o) { o.clock_skew_ppm = -1; }), {"clock_skew_ppm is -1"}));
  CHECK(mentions(with([](auto& o) { o.real_time_limit = 0ms; }), {"real_time_limit"}));
  CHECK(mentions(with([](auto& o) { o.config.stop_grace = 1h; }), {"config", "stop_grace"}));
}

TEST_CASE("a cluster that does not settle says what is missing") {
  cluster c{2};
  c.register_job(endless("mail", {"a", "b"}));
  SUBCASE("nobody may have the item") {
    job_attributes needs;
    needs.requires_labels = {"gpu"};
    c.register_job(endless("paint", {"wall"}).attributes(needs));
    const auto text = complaint([&] { c.settle(20s); });
    CHECK(mentions(text, {"settle: after 20s something is missing", "paint/wall has no owner", "the leader ",
                          "says of paint/wall: ", "labels it requires", "node n0: up", "item mail/a: owner n"}));
  }
  SUBCASE("the owner is out of reach") {
    c.settle();
    const auto owner = c.owner("mail", "a");
    c.cut(owner);
    CHECK(mentions(complaint([&] { c.settle(5s); }),
                   {"mail/a still belongs to ", owner.str().c_str(), "which is out of reach", "cut off"}));
  }
  SUBCASE("the store is down") {
    c.store_down();
    CHECK(mentions(complaint([&] { c.settle(5s); }), {"node n0 has not joined", "node n1 has not joined"}));
  }
}

TEST_CASE("a run that does not stop keeps a node from ending, and the text says so") {
  cluster_options o;
  o.nodes = 1;
  o.config.stop_timeout = 1h;
  cluster c{o};
  c.register_job(stubborn("mail", {"a"}, 24h));
  c.settle();
  c.advance(2s);
  c.begin_stop("n0");
  c.advance(30min);
  CHECK(c.is_up("n0"));
  c.begin_stop("n0", true);
  c.advance(1min);
  CHECK(c.state("n0") == node_state::stopped);
  CHECK(c.running("mail").size() == 1); // it goes on: nothing can kill user code
}

TEST_CASE("no time passes within a planned fault") {
  cluster c{1};
  c.after(1s, [&] { c.advance(1s); });
  CHECK(complaint([&] { c.advance(2s); }) ==
        "advance within a function given to cluster::after: no time may pass in it");
}
