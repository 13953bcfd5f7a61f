#include <doctest/doctest.h>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

struct mail_settings {
  int batch = 10;
  std::string server = "localhost";
};
template <class V>
auto fields(V&& v, mail_settings& x) {
  return v("mail_settings", field("batch", x.batch).range(1, 1000).doc("messages in one run"),
           field("server", x.server));
}

/// What runs have seen, by node.
struct seen {
  std::map<node_id, int> batch;
  std::map<node_id, std::int64_t> rev;
};

job_builder mail(const node_id& id, const std::shared_ptr<seen>& s) {
  return job_builder("mail")
    .items({"a", "b", "c", "d"})
    .thread_per_item()
    .every(1s)
    .config(mail_settings{})
    .run([id, s](job_context& ctx) {
      s->batch[id] = ctx.config().as<mail_settings>()->batch;
      s->rev[id] = ctx.config_rev();
    });
}

struct configured : cluster {
  configured() : cluster(2) {
    register_job([s = shown](const node_id& id) { return *mail(id, s).build(); });
    settle();
    advance(3s);
  }
  std::shared_ptr<seen> shown = std::make_shared<seen>();
};

using batches = std::map<node_id, int>;

} // namespace

TEST_CASE("a configuration that is set reaches the next runs of all nodes, and moves nothing") {
  configured c;
  REQUIRE(c.shown->batch == batches{{"n0", 10}, {"n1", 10}});
  const auto before = c.items_of("n0");
  const auto rev = c.node("n1").configure_job("mail", *user_config{}.with("batch", 50));
  REQUIRE(rev);
  c.advance(2s);
  CHECK(c.shown->batch == batches{{"n0", 50}, {"n1", 50}});
  CHECK(c.shown->rev.at("n0") == *rev);
  CHECK(c.items_of("n0") == before);
  CHECK(c.events_of<items_revoked>("n0").empty());
}

TEST_CASE("a configuration that breaks a range changes nothing anywhere") {
  configured c;
  const auto refused = c.node("n0").configure_job("mail", *user_config{}.with("batch", 5000));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::invalid_config);
  CHECK(refused.error().text.find("/batch") != std::string::npos);
  CHECK(c.node("n0").configure_job("mail", *user_config{}.with("bach", 5)).error().text.find("bach") !=
        std::string::npos);
  c.advance(2s);
  CHECK(c.shown->batch == batches{{"n0", 10}, {"n1", 10}});
  CHECK_FALSE(c.tree().exists("/djm/jobs/mail/config"));
}

TEST_CASE("a node of another version refuses a configuration, goes on with the one before, and says so") {
  configured c;
  // Set by a node that does not have the job, and so cannot ask its code.
  c.start("n2");
  c.settle();
  REQUIRE(c.node("n2").unregister_job("mail"));
  c.settle();
  REQUIRE(c.node("n2").configure_job("mail", *user_config{}.with("batch", 0)));
  c.advance(3s);
  CHECK(c.shown->batch.at("n0") == 10);
  const auto problems = c.node("n0").status()->problems;
  REQUIRE_FALSE(problems.empty());
  CHECK(problems.back().text.find("job \"mail\", configuration at revision") != std::string::npos);
  CHECK(problems.back().text.find("/batch") != std::string::npos);
  REQUIRE(c.node("n2").configure_job("mail", *user_config{}.with("batch", 7)));
  c.advance(2s);
  CHECK(c.shown->batch.at("n0") == 7);
  CHECK(c.node("n0").status()->problems.back().ended_ms > 0);
}

TEST_CASE("a node that starts later has what was set before") {
  configured c;
  REQUIRE(c.node("n0").configure_job("mail", *user_config{}.with("batch", 20)));
  c.start("n2");
  c.settle();
  c.advance(3s);
  CHECK(c.shown->batch.at("n2") == 20);
}
