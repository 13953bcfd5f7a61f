#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <doctest/doctest.h>

#include "djm/client.hpp"
#include "djm/job_kind.hpp"
#include "test/actor/facade_rig.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

void write_report(job_context&) {}

struct report_config {
  std::vector<std::string> tables;
};
DJM_FIELDS(report_config, tables)

job_kind report_kind() {
  return make_kind<report_config>("report", 1,
                                  [](const submitted_job& s, const report_config& c) -> expected<job_definition> {
                                    job_builder job{s.id};
                                    job.items(to_ids<item_id>(c.tables)).every(50ms).run(write_report);
                                    return job.build();
                                  });
}

job_kind kind_of(const std::string& name, std::function<expected<job_definition>(const submitted_job&)> make) {
  job_kind kind;
  kind.name = name;
  kind.make = std::move(make);
  return kind;
}

node_options knowing(std::vector<job_kind> kinds) {
  auto o = silent();
  o.kinds = std::move(kinds);
  return o;
}

client client_at(const std::string& root) {
  client_options o;
  o.store.root = root;
  o.timeout = wide;
  return *client::open(std::move(o));
}

submission report(const job_id& id, const std::string& request = {}) {
  submission s;
  s.id = id;
  s.kind = "report";
  s.config = *user_config::parse(R"({"tables":["sales","stock"]})");
  s.by = "ann";
  s.request = request;
  return s;
}

std::optional<submission_view> look(client& c, const job_id& id) {
  const auto all = c.get_submissions();
  REQUIRE(all);
  const auto found = std::find_if(all->begin(), all->end(), [&](const submission_view& s) { return s.id == id; });
  return found != all->end() ? std::optional{*found} : std::nullopt;
}

} // namespace

TEST_CASE("what is submitted runs on the nodes that know its kind, until it is removed") {
  const std::string root = "/submit/all";
  auto one = node::start(at_root("one", root), knowing({report_kind()}));
  auto two = node::start(at_root("two", root), knowing({report_kind()}));
  auto none = node::start(at_root("none", root), silent());
  REQUIRE(one);
  REQUIRE(two);
  REQUIRE(none);
  for (auto* n : {&*one, &*two, &*none}) {
    REQUIRE(n->wait_ready(wide));
  }
  auto c = client_at(root);
  REQUIRE(c.submit(report("monthly", "r-1")));
  const auto served = c.wait_job("monthly", duration{wide});
  REQUIRE_MESSAGE(served, served.error().text);
  CHECK(served->items.size() == 2);
  CHECK(eventually([&] { return look(c, "monthly")->deployed == to_ids<node_id>({"one", "two"}); }));
  CHECK(look(c, "monthly")->state == submission_state::deployed);
  CHECK(look(c, "monthly")->by == "ann");

  const auto again = c.submit(report("monthly", "r-1"));
  REQUIRE(again);
  CHECK_FALSE(again->changed);
  const auto other = c.submit(report("monthly", "r-2"));
  CHECK(other.error().code == errc::duplicate_job);
  CHECK(other.error().text.find("ann") != std::string::npos);

  REQUIRE(c.remove_job("monthly"));
  CHECK(eventually([&] { return !one->job("monthly") && !two->job("monthly"); }));
  CHECK_FALSE(look(c, "monthly"));
  // And anew, under its name.
  REQUIRE(c.submit(report("monthly", "r-3")));
  CHECK(c.wait_job("monthly", duration{wide}));
}

TEST_CASE("each removal of what was submitted is told once, whichever part of the node notices it first") {
  const std::string root = "/submit/told";
  std::atomic<int> told{0};
  auto o = silent([&](const node_event& e) { told += std::holds_alternative<job_removed>(e.what) ? 1 : 0; });
  o.kinds = {report_kind()};
  auto one = node::start(at_root("one", root), std::move(o));
  REQUIRE(one);
  REQUIRE(one->wait_ready(wide));
  auto c = client_at(root);
  for (int round = 1; round <= 30; ++round) {
    REQUIRE(c.submit(report("monthly", "r-" + std::to_string(round))));
    const auto served = c.wait_job("monthly", duration{wide});
    REQUIRE_MESSAGE(served, served.error().text);
    CHECK(served->items.size() == 2);
    CHECK_MESSAGE(one->job("monthly"), "it is served, and not there");
    REQUIRE(c.remove_job("monthly"));
    REQUIRE(eventually([&] { return !one->job("monthly"); }));
    REQUIRE(eventually([&] { return told == round; }));
  }
}

TEST_CASE("a kind that nobody knows is refused, or waits for a node that does") {
  const std::string root = "/submit/unknown";
  auto one = node::start(at_root("one", root), silent());
  REQUIRE(one);
  REQUIRE(one->wait_ready(wide));
  auto c = client_at(root);
  const auto refused = c.submit(report("late"));
  CHECK(refused.error().code == errc::invalid_state);
  CHECK(refused.error().text.find("no node that is alive knows the kind report") != std::string::npos);
  CHECK_FALSE(look(c, "late"));
  REQUIRE(c.submit(report("late"), unknown_kind::waits));
  CHECK(look(c, "late")->state == submission_state::waiting);
  auto two = node::start(at_root("two", root), knowing({report_kind()}));
  REQUIRE(two);
  CHECK(c.wait_job("late", duration{wide}));
}

TEST_CASE("a factory that fails or throws, or whose job the node refuses, declines once, and says why") {
  const std::string root = "/submit/declined";
  std::atomic<int> calls{0};
  auto one = node::start(at_root("one", root),
                         knowing({report_kind(),
                                  kind_of("throws",
                                          [&](const submitted_job&) -> expected<job_definition> {
                                            ++calls;
                                            throw std::runtime_error("no such table");
                                          }),
                                  kind_of("renames", [&](const submitted_job&) {
                                    return job_builder("other").items({"a"}).every(1s).run([](job_context&) {}).build();
                                  })}));
  REQUIRE(one);
  run_watch runs;
  REQUIRE(one->register_job(*watched("native", {"a"}, runs).build()));
  REQUIRE(one->wait_ready(wide));
  auto c = client_at(root);
  auto s = report("a");
  s.kind = "throws";
  REQUIRE(c.submit(s));
  const auto failed = c.wait_job("a", duration{wide});
  CHECK(failed.error().code == errc::invalid_state);
  CHECK(failed.error().text.find("no such table") != std::string::npos);
  CHECK(look(c, "a")->state == submission_state::failed_to_deploy);
  CHECK(calls == 1);

  s = report("b");
  s.config = *user_config::parse(R"({"tables":"sales"})");
  REQUIRE(c.submit(s));
  CHECK(c.wait_job("b", duration{wide}).error().text.find("tables") != std::string::npos);

  s = report("c");
  s.kind = "renames";
  REQUIRE(c.submit(s));
  CHECK(c.wait_job("c", duration{wide}).error().text.find("\"other\"") != std::string::npos);

  CHECK(c.submit(report("native")).error().code == errc::duplicate_job);
  // What goes on is not disturbed by any of this.
  REQUIRE(c.submit(report("d")));
  CHECK(c.wait_job("d", duration{wide}));
  CHECK(calls == 1);
}

TEST_CASE("who waits for a job that was removed and submitted anew is not told of what still runs of the former one") {
  const std::string root = "/submit/anew";
  gate runs;
  std::atomic<int> running{0};
  auto one = node::start(at_root("one", root), knowing({report_kind(), kind_of("stubborn", [&](const submitted_job& s) {
                                                          return job_builder{s.id}
                                                            .items({"a"})
                                                            .every(50ms)
                                                            .run([&](job_context&) {
                                                              ++running;
                                                              runs.pass();
                                                            })
                                                            .build();
                                                        })}));
  REQUIRE(one);
  REQUIRE(one->wait_ready(wide));
  auto c = client_at(root);
  auto s = report("a");
  s.kind = "stubborn";
  REQUIRE(c.submit(s));
  REQUIRE(c.wait_job("a", duration{wide}));
  REQUIRE(eventually([&] { return running > 0; }));
  REQUIRE(c.remove_job("a"));
  s = report("a");
  s.config = *user_config::parse(R"({"tables":"sales"})");
  REQUIRE(c.submit(s));
  CHECK(c.wait_job("a", duration{200ms}).error().code == errc::invalid_state); // not served, and why
  runs.open();
  CHECK(c.wait_job("a", duration{wide}).error().text.find("tables") != std::string::npos);
}

TEST_CASE("a node that stops while a factory is under way ends, and a kind is there once, with a name, a version and a "
          "function") {
  const std::string root = "/submit/stops";
  std::mutex guard;
  std::condition_variable changed;
  bool inside = false, go_on = false;
  {
    auto one =
      node::start(at_root("one", root), knowing({kind_of("slow", [&](const submitted_job&) -> expected<job_definition> {
                    std::unique_lock lock{guard};
                    inside = true;
                    changed.notify_all();
                    changed.wait(lock, [&] { return go_on; });
                    return fail(errc::invalid_config, "too late");
                  })}));
    REQUIRE(one);
    REQUIRE(one->wait_ready(wide));
    auto c = client_at(root);
    auto s = report("a");
    s.kind = "slow";
    REQUIRE(c.submit(s));
    {
      std::unique_lock lock{guard};
      REQUIRE(changed.wait_for(lock, wide, [&] { return inside; }));
    }
    std::thread ends{[&] {
      CHECK(one->begin_shutdown(true));
      const std::lock_guard lock{guard};
      go_on = true;
      changed.notify_all();
    }};
    ends.join();
    CHECK(one->wait_stopped());
  }
  const auto refusal = [&](std::vector<job_kind> kinds) {
    auto n = node::start(at_root("two", root), knowing(std::move(kinds)));
    return n ? std::string{"started"} : n.error().text;
  };
  CHECK(refusal({report_kind(), report_kind()}).find("is there twice") != std::string::npos);
  CHECK(refusal({kind_of("a b", report_kind().make)}).find("rule of ids") != std::string::npos);
  CHECK(refusal({kind_of("a", {})}).find("no function") != std::string::npos);
  auto wrong = report_kind();
  wrong.version = 0;
  CHECK(refusal({wrong}).find("has version 0") != std::string::npos);
}
