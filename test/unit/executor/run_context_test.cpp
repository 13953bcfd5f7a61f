#include "actors/executor/run_context.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>

#include "djm/run_outcome.hpp"
#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

/// Stop callbacks wait in a list until the test calls them.
struct bench {
  std::vector<std::function<void()>> posted;
  std::vector<std::string> reports;
  std::vector<item_id> released;

  std::shared_ptr<run_context> make(run_order o) {
    return std::make_shared<run_context>(
      std::move(o), run_services{make_system_run_clock(), [this](auto f) { posted.push_back(std::move(f)); },
                                 [this](auto& text) { reports.push_back(text); },
                                 [this](run_id, auto& item, auto&) { released.push_back(item); }});
  }

  void run_posted() {
    auto all = std::move(posted);
    posted.clear();
    for (auto& f : all) {
      f();
    }
  }
};

} // namespace

TEST_CASE("context: shows the run, items sorted or in the order given, tokens only of its own items") {
  bench b;
  auto ordered = order(7, [](auto&) {}, "mail", {{"c", 30}, {"a", 10}, {"b", 20}});
  CHECK(b.make(ordered)->items() == std::vector<work_item>{{"a", 10}, {"b", 20}, {"c", 30}});
  ordered.as_given = true;
  auto run = b.make(ordered);
  CHECK(run->run() == 7);
  CHECK(run->job() == "mail");
  CHECK(run->items() == std::vector<work_item>{{"c", 30}, {"a", 10}, {"b", 20}});
  CHECK(run->token("a") == 10);
  CHECK(run->token("c") == 30);
  CHECK(run->token("bb") == 0);
  CHECK(run->token("") == 0);
  CHECK(run->token("z") == 0);
}

TEST_CASE("context: a stop request can be polled, keeps the first reason and collects revoked items") {
  bench b;
  auto run = b.make(order(1, [](auto&) {}, "mail", {{"a", 1}, {"b", 2}, {"c", 3}}));
  CHECK_FALSE(run->stop_requested());
  CHECK(run->reason() == stop_reason::none);
  CHECK(run->revoked_items().empty());
  run->request_stop(stop_reason::revoked, {"c", "stranger"});
  CHECK(run->stop_requested());
  CHECK(run->reason() == stop_reason::revoked);
  CHECK(run->revoked_items() == std::vector<item_id>{"c"});
  run->request_stop(stop_reason::shutdown, {"a", "c"});
  CHECK(run->reason() == stop_reason::revoked);
  CHECK(run->revoked_items() == std::vector<item_id>{"a", "c"});
}

TEST_CASE("context: a run that loses some of its items is left in peace until it is asked for them") {
  bench b;
  int calls = 0;
  auto run = b.make(order(1, [](auto&) {}, "mail", {{"a", 1}, {"b", 2}, {"c", 3}}));
  auto subscription = run->on_stop([&](stop_reason) { ++calls; });
  run->tell_revoked({"b", "stranger"});
  CHECK_FALSE(run->stop_requested());
  CHECK(run->stop_requested("b"));
  CHECK_FALSE(run->stop_requested("a"));
  CHECK(run->stop_requested("stranger"));
  CHECK(run->revoked_items() == std::vector<item_id>{"b"});
  CHECK(run->reason() == stop_reason::none);
  CHECK_FALSE(run->wait_for_stop(duration::zero()));
  CHECK(b.posted.empty());
  run->request_stop(stop_reason::revoked, {"b"});
  CHECK(run->stop_requested());
  CHECK(b.posted.size() == 1);
  // What it owes is all that it is asked for.
  run->release("b");
  run->release("b");
  run->release("stranger");
  CHECK(b.released == std::vector<item_id>{"b"});
  CHECK_FALSE(run->stop_requested());
  CHECK(run->reason() == stop_reason::none);
  CHECK(run->held_items() == std::vector<work_item>{{"a", 1}, {"c", 3}});
  run->request_stop(stop_reason::revoked, {"b"}); // was under way
  CHECK_FALSE(run->stop_requested());
  // The last of its items, or anything else, stops the run as a whole.
  run->tell_revoked({"a"});
  run->request_stop(stop_reason::revoked, {"c"});
  CHECK(run->stop_requested());
  run->release("a");
  run->release("c");
  CHECK(run->stop_requested());
}

TEST_CASE("context: after a request for some of its items a run can sleep again, after one for all of it not") {
  bench b;
  auto run = b.make(order(1, [](auto&) {}, "mail", {{"a", 1}, {"b", 2}}));
  run->request_stop(stop_reason::revoked, {"a"});
  CHECK(run->wait_for_stop(hours{1})); // told once, although it did not wait when the request came
  CHECK(run->sleep(duration::zero()) == false);
  const auto clock = make_system_run_clock();
  const auto before = clock->now();
  CHECK(run->wait_for_stop(std::chrono::milliseconds{20}));
  CHECK(clock->now() - before >= std::chrono::milliseconds{20});
  run->request_stop(stop_reason::shutdown, {});
  for (int n = 0; n < 3; ++n) {
    CHECK(run->wait_for_stop(hours{1}));
  }
}

TEST_CASE("context: an item that fails fails the run by name, and not the items behind it") {
  bench b;
  std::vector<item_id> served;
  auto run = b.make(order(1,
                          [&](job_context& ctx) {
                            ctx.for_each_item([&](const work_item& item) {
                              if (item.id != "c") {
                                throw std::runtime_error{"no " + item.id};
                              }
                              served.push_back(item.id);
                            });
                            ctx.fail_item("stranger", "is not here");
                          },
                          "mail", {{"a", 1}, {"b", 2}, {"c", 3}}));
  const auto result = run->execute();
  CHECK(served == std::vector<item_id>{"c"});
  CHECK(result.failed);
  CHECK(result.failure == "item \"a\": no a; item \"b\": no b");
  CHECK(result.failed_items == std::vector<item_id>{"a", "b"});
}

TEST_CASE("context: items are served one by one without those that are taken away, until the run has to stop") {
  bench b;
  std::vector<item_id> served;
  std::shared_ptr<run_context> run;
  run = b.make(order(1,
                     [&](job_context& ctx) {
                       ctx.for_each_item([&](const work_item& item) {
                         served.push_back(item.id);
                         if (item.id == "a") {
                           run->request_stop(stop_reason::revoked, {"b"});
                         }
                         if (item.id == "c") {
                           run->request_stop(stop_reason::shutdown, {});
                         }
                       });
                     },
                     "mail", {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}}));
  CHECK_FALSE(run->execute().failed);
  CHECK(served == std::vector<item_id>{"a", "c"});
  CHECK(b.released == std::vector<item_id>{"b"});
  run = nullptr;
}

TEST_CASE("context: what is no std::exception names its item and goes on to who called the run") {
  bench b;
  auto run = b.make(order(1, [&](job_context& ctx) { ctx.for_each_item([](const work_item&) { throw 42; }); }, "mail",
                          {{"a", 1}, {"b", 2}}));
  const auto result = run->execute();
  CHECK(result.failed);
  CHECK(result.failed_items == std::vector<item_id>{"a"});
  CHECK(result.failure.find("item \"a\"") != std::string::npos);
}

TEST_CASE("context: waiting ends with the time or with the stop request") {
  bench b;
  auto run = b.make(order(1, [](auto&) {}));
  CHECK_FALSE(run->wait_for_stop(std::chrono::milliseconds{1}));
  CHECK_FALSE(run->wait_for_stop(duration::zero()));
  CHECK_FALSE(run->wait_for_stop(duration::min()));
  CHECK(run->sleep(std::chrono::milliseconds{1}));
  std::thread stopper{[&] { run->request_stop(stop_reason::disabled, {}); }};
  CHECK(run->wait_for_stop(duration::max()));
  stopper.join();
  CHECK(run->wait_for_stop(duration::zero()));
  CHECK_FALSE(run->sleep(hours{1}));
}

TEST_CASE("context: a stop callback is posted once, with the reason, also when registered late") {
  bench b;
  std::vector<stop_reason> seen;
  auto run = b.make(order(1, [](auto&) {}));
  auto early = run->on_stop([&](stop_reason r) { seen.push_back(r); });
  CHECK(b.posted.empty());
  run->request_stop(stop_reason::new_items, {});
  run->request_stop(stop_reason::shutdown, {});
  CHECK(seen.empty());
  CHECK(b.posted.size() == 1);
  b.run_posted();
  CHECK(seen == std::vector<stop_reason>{stop_reason::new_items});
  auto late = run->on_stop([&](stop_reason r) { seen.push_back(r); });
  CHECK(b.posted.size() == 1);
  b.run_posted();
  CHECK(seen.size() == 2);
}

TEST_CASE("context: a stop callback posted twice is called once") {
  bench b;
  int calls = 0;
  auto run = b.make(order(1, [](auto&) {}));
  auto subscription = run->on_stop([&](stop_reason) { ++calls; });
  run->request_stop(stop_reason::shutdown, {});
  auto again = b.posted;
  b.run_posted();
  for (auto& f : again) {
    f();
  }
  CHECK(calls == 1);
}

TEST_CASE("context: a destroyed subscription is not called, neither before the request nor when already posted") {
  bench b;
  int calls = 0;
  auto run = b.make(order(1, [](auto&) {}));
  std::optional<stop_subscription> before{run->on_stop([&](stop_reason) { ++calls; })};
  std::optional<stop_subscription> posted{run->on_stop([&](stop_reason) { ++calls; })};
  before.reset();
  run->request_stop(stop_reason::shutdown, {});
  CHECK(b.posted.size() == 1);
  posted.reset();
  b.run_posted();
  CHECK(calls == 0);
}

TEST_CASE("context: destroying a subscription waits for its callback under way") {
  bench b;
  counter inside, release, unsubscribed;
  auto run = b.make(order(1, [](auto&) {}));
  bool returned = false;
  std::optional<stop_subscription> subscription{run->on_stop([&](stop_reason) {
    inside.add();
    release.reaches(1);
    returned = true;
  })};
  run->request_stop(stop_reason::shutdown, {});
  std::thread reserved{[&] { b.run_posted(); }};
  REQUIRE(inside.reaches(1));
  std::thread unsubscriber{[&] {
    subscription.reset();
    CHECK(returned); // unsynchronised on purpose: ThreadSanitizer proves that the destructor orders it
    unsubscribed.add();
  }};
  CHECK(unsubscribed.value() == 0);
  release.add();
  unsubscriber.join();
  reserved.join();
}

TEST_CASE("context: a callback may destroy its own subscription and register another") {
  bench b;
  auto run = b.make(order(1, [](auto&) {}));
  std::optional<stop_subscription> first, second;
  int calls = 0;
  first = run->on_stop([&](stop_reason) {
    ++calls;
    first.reset();
    second = run->on_stop([&](stop_reason) { ++calls; });
  });
  run->request_stop(stop_reason::shutdown, {});
  b.run_posted();
  b.run_posted();
  CHECK(calls == 2);
}

TEST_CASE("context: what a stop callback throws is contained and reported") {
  bench b;
  auto run = b.make(order(3, [](auto&) {}));
  auto one = run->on_stop([](stop_reason) { throw std::runtime_error{"no more ink"}; });
  auto two = run->on_stop([](stop_reason) { throw 42; });
  run->request_stop(stop_reason::shutdown, {});
  b.run_posted();
  REQUIRE(b.reports.size() == 2);
  CHECK(b.reports[0] == "a stop callback of run 3 of job mail threw: no more ink");
  CHECK(b.reports[1] == "a stop callback of run 3 of job mail threw: exception of type int");
}

TEST_CASE("context: execute contains exceptions and says what they were") {
  bench b;
  auto failure = [&](std::function<void(job_context&)> f) {
    auto r = b.make(order(9, std::move(f)))->execute();
    CHECK(r.id == 9);
    CHECK(r.failed == !r.failure.empty());
    CHECK_FALSE(r.dropped);
    return r.failure;
  };
  CHECK(failure([](auto&) {}) == "");
  CHECK(failure([](auto&) { throw std::runtime_error{"paper jam"}; }) == "paper jam");
  CHECK(failure([](auto&) { throw std::runtime_error{""}; }) == "exception of type std::runtime_error without text");
  CHECK(failure([](auto&) { throw 42; }) == "exception of type int");
  CHECK(failure([](auto&) { throw "paper"; }) == "paper");
  CHECK(failure([](auto&) { throw std::string{"jam"}; }) == "jam");
}

namespace {

struct speechless : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

} // namespace

TEST_CASE("context: an exception whose text is null is contained and named by its type") {
  bench b;
  const auto r = b.make(order(9, [](job_context&) { throw speechless{}; }))->execute();
  CHECK(r.failed);
  CHECK(r.failure.find("speechless without text") != std::string::npos);
}

TEST_CASE("context: the code is released when the run is over") {
  bench b;
  auto o = order(1, [](auto&) {});
  std::weak_ptr<djm::job> code = o.code;
  auto run = b.make(std::move(o));
  run->execute();
  CHECK(code.expired());
}

TEST_CASE("context: a run is over only when no stop callback is under way, and none starts afterwards") {
  counter inside, release, ended;
  std::vector<stop_subscription> kept;
  int late_calls = 0;
  // The first callback of the list is called while the run is on, the second only after its end.
  std::vector<std::function<void()>> posted;
  run_services services{make_system_run_clock(), [&](auto f) { posted.push_back(std::move(f)); }, [](auto&) {}};
  std::thread reserved;
  auto run =
    std::make_shared<run_context>(order(2,
                                        [&](job_context& ctx) {
                                          kept.push_back(ctx.on_stop([&](stop_reason) {
                                            inside.add();
                                            release.reaches(1);
                                          }));
                                          kept.push_back(ctx.on_stop([&](stop_reason) { ++late_calls; }));
                                          static_cast<run_context&>(ctx).request_stop(stop_reason::shutdown, {});
                                          reserved = std::thread{[&] { posted.at(0)(); }};
                                          inside.reaches(1);
                                        }),
                                  services);
  std::thread runner{[&] {
    run->execute();
    CHECK(release.value() == 1);
    ended.add();
  }};
  REQUIRE(inside.reaches(1));
  CHECK(ended.value() == 0);
  release.add();
  runner.join();
  reserved.join();
  posted.at(1)();
  CHECK(late_calls == 0);
  auto after = run->on_stop([&](stop_reason) { ++late_calls; });
  CHECK(posted.size() == 2);
}
