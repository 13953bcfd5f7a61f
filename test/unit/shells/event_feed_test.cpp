#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <caf/all.hpp>

#include "actors/node/event_feed.hpp"
#include "actors/node/listener.hpp"

using namespace djm;

namespace {

/// A listener that comes back when the test says so.
struct stalled_listener {
  std::mutex guard;
  std::condition_variable changed;
  bool open = false;
  std::vector<std::string> heard;

  std::function<void(const node_event&)> ear() {
    return [this](const node_event& e) {
      std::unique_lock<std::mutex> lock{guard};
      heard.push_back(std::holds_alternative<problem>(e.what) ? std::get<problem>(e.what).why.text
                                                              : std::to_string(e.at_ms));
      changed.notify_all();
      changed.wait(lock, [this] { return open; });
    };
  }
  void let_go() {
    std::lock_guard<std::mutex> lock{guard};
    open = true;
    changed.notify_all();
  }
  void wait_for(std::size_t n) {
    std::unique_lock<std::mutex> lock{guard};
    REQUIRE(changed.wait_for(lock, std::chrono::seconds{60}, [&] { return heard.size() >= n; }));
  }
};

node_event numbered(std::int64_t n) {
  return {"n", n, leader_changed{}};
}

} // namespace

TEST_CASE("events: what a stalled listener does not take is bounded, dropped and counted, and it hears how many") {
  stalled_listener l;
  event_feed feed{l.ear(), 9};
  CHECK(feed.push(numbered(0)) == event_feed::taken::yes);
  l.wait_for(1); // it stands in that one
  for (int n = 1; n < 100; ++n) {
    CHECK(feed.push(numbered(n)) == (n <= 10   ? event_feed::taken::yes
                                     : n == 11 ? event_feed::taken::no_longer
                                               : event_feed::taken::no));
  }
  auto load = feed.look();
  CHECK(load.told == 1);
  CHECK(load.waiting == 10);
  CHECK(load.dropped == 89);
  l.let_go();
  l.wait_for(11);
  CHECK(feed.push(numbered(100)) == event_feed::taken::yes);
  l.wait_for(13);
  feed.end(std::chrono::seconds{60});
  REQUIRE(l.heard.size() == 13);
  CHECK(l.heard[10] == "10");
  CHECK(l.heard[11] == "89 events dropped: the listener did not take them in time");
  CHECK(l.heard[12] == "100");
  load = feed.look();
  CHECK(load.waiting == 0);
  CHECK(load.dropped == 89);
}

TEST_CASE("events: one that names many items takes as much room") {
  stalled_listener l;
  event_feed feed{l.ear(), 100};
  feed.push(numbered(0));
  l.wait_for(1);
  const node_event large{"n", 1, items_revoked{"j", std::vector<item_id>(60, "x"), stop_reason::revoked}};
  CHECK(feed.push(large) == event_feed::taken::yes);
  CHECK(feed.push(large) == event_feed::taken::yes); // never less than one at a time
  CHECK(feed.push(large) == event_feed::taken::no_longer);
  CHECK(feed.push(numbered(2)) == event_feed::taken::no);
  l.let_go();
  feed.end(std::chrono::seconds{60});
}

TEST_CASE(
  "events: a feed that is cancelled drops what waits, takes nothing more, and is over when its listener returns") {
  stalled_listener l;
  event_feed feed{l.ear()};
  for (int n = 0; n < 5; ++n) {
    CHECK(feed.push(numbered(n)) == event_feed::taken::yes);
  }
  l.wait_for(1); // it stands in that one
  CHECK(feed.cancel(duration::zero()));
  CHECK(feed.push(numbered(5)) == event_feed::taken::ended);
  CHECK_FALSE(feed.is_over());
  l.let_go();
  feed.end(std::chrono::seconds{60});
  CHECK(feed.is_over());
  CHECK(l.heard.size() == 1);
}

TEST_CASE("events: feeds that end together are all closed before any of them is waited for") {
  stalled_listener first, second;
  const std::vector<std::shared_ptr<event_feed>> feeds{std::make_shared<event_feed>(first.ear()),
                                                       std::make_shared<event_feed>(second.ear())};
  for (const auto& f : feeds) {
    f->push(numbered(0));
    f->push(numbered(1));
  }
  first.wait_for(1);
  second.wait_for(1);
  event_feed::end(feeds, duration::zero());
  for (const auto& f : feeds) {
    CHECK(f->push(numbered(2)) == event_feed::taken::ended);
  }
  first.let_go();
  second.let_go();
  event_feed::end(feeds, std::chrono::seconds{60});
  CHECK(first.heard.size() == 1);
  CHECK(second.heard.size() == 1);
}

TEST_CASE("events: the actor of a listener ends with the first event that its feed does not take any more") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  const auto feed = std::make_shared<event_feed>([](const node_event&) {});
  const auto listener = system.spawn(listener_behavior, feed, caf::weak_actor_ptr{});
  std::promise<void> down;
  listener->attach_functor([&down](const caf::error&) { down.set_value(); });
  CHECK(feed->cancel(std::chrono::seconds{60}));
  cx::anon_mail(numbered(1)).send(listener);
  CHECK(down.get_future().wait_for(std::chrono::seconds{60}) == std::future_status::ready);
}
