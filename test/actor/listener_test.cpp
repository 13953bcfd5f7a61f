#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "test/actor/facade_rig.hpp"

/// Listeners of a node that are no actors.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

TEST_CASE("a listener that throws hears the next event all the same") {
  run_watch runs;
  std::atomic<int> heard{0};
  auto n = node::start(at_root("one", "/facade/throws"), silent([&](const node_event&) {
                         ++heard;
                         throw std::runtime_error("not interested");
                       }));
  REQUIRE(n);
  REQUIRE(n->register_job(*watched("work", {"a"}, runs).build()));
  CHECK(eventually([&] { return heard > 5 && runs.runs() > 2; }));
}

TEST_CASE("a listener may ask the node, and even end it") {
  run_watch runs;
  std::atomic<node*> the_node{nullptr};
  std::atomic<int> asked{0};
  std::atomic<bool> ended{false};
  auto o = silent([&](const node_event& e) {
    auto* n = the_node.load();
    if (n == nullptr || ended) {
      return;
    }
    asked += n->status() ? 1 : 0;
    if (std::get_if<run_finished>(&e.what) != nullptr) {
      CHECK(n->shutdown());
      ended = true;
      the_bell().ring();
    }
  });
  o.actor_threads = 1; // none of which the listener keeps
  auto n = node::start(at_root("one", "/facade/asks"), std::move(o));
  REQUIRE(n);
  the_node = &*n;
  REQUIRE(n->register_job(*watched("work", {"a"}, runs).build()));
  CHECK(eventually([&] { return ended.load(); }));
  CHECK(asked > 0);
  CHECK(n->status().error().code == errc::shutting_down);
}

TEST_CASE("a node that a listener has ended goes when the listener is done") {
  run_watch runs;
  std::atomic<node*> the_node{nullptr};
  std::atomic<bool> ended{false}, leaving{false}, done{false};
  auto o = silent([&](const node_event& e) {
    auto* n = the_node.load();
    if (n == nullptr || ended || std::get_if<run_finished>(&e.what) == nullptr) {
      return;
    }
    CHECK(n->shutdown());
    ended = true;
    the_bell().ring();
    CHECK(eventually([&] { return leaving.load(); }));
    std::mutex guard;
    std::condition_variable never;
    std::unique_lock<std::mutex> lock{guard};
    never.wait_for(lock, 50ms);
    done = true;
  });
  {
    auto n = node::start(at_root("one", "/facade/goes"), std::move(o));
    REQUIRE(n);
    the_node = &*n;
    REQUIRE(n->register_job(*watched("work", {"a"}, runs).build()));
    CHECK(eventually([&] { return ended.load(); }));
    leaving = true;
    the_bell().ring();
  }
  CHECK(done);
}

TEST_CASE("a listener that is far behind does not keep the node") {
  run_watch runs;
  std::mutex guard;
  std::condition_variable never;
  auto n = node::start(at_root("one", "/facade/behind"), silent([&](const node_event&) {
                         std::unique_lock<std::mutex> lock{guard};
                         never.wait_for(lock, 50ms);
                       }));
  REQUIRE(n);
  REQUIRE(n->register_job(*watched("work", numbered("i", 20), runs).thread_per_item().build()));
  REQUIRE(eventually([&] { return runs.runs() > 1000; })); // two events each: minutes of listening
  const auto begin = std::chrono::steady_clock::now();
  CHECK(n->shutdown());
  CHECK(std::chrono::steady_clock::now() - begin < 20s); // aimed at: one and a bit
}

TEST_CASE("a listener that does not come back is left behind") {
  gate over;
  std::atomic<bool> stuck{false};
  std::atomic<bool> returned{false};
  std::atomic<bool> ended{false};
  auto n = node::start(at_root("one", "/facade/deaf"), silent([&](const node_event&) {
                         stuck = true;
                         the_bell().ring();
                         over.pass();
                         returned = true;
                         the_bell().ring();
                       }));
  REQUIRE(n);
  CHECK(eventually([&] { return stuck.load(); }));
  std::thread last{[&] {
    { const auto gone = std::move(*n); }
    ended = true;
    the_bell().ring();
  }};
  CHECK(eventually([&] { return ended.load(); }));
  over.open();
  last.join();
  CHECK(eventually([&] { return returned.load(); }));
}

TEST_CASE("a listener that comes later hears first how things stand, and nothing after its end") {
  auto n = node::start(at_root("one", "/facade/later"), silent());
  REQUIRE(n);
  REQUIRE(eventually([&] { return n->cluster() && n->cluster()->leader == "one"; }));
  job_builder unplanned{"lost"};
  unplanned.items({"a"}).every(1h).strategy("nobody_knows_it").run([](job_context&) {});
  REQUIRE(n->register_job(unplanned)); // a problem that goes on
  REQUIRE(eventually([&] { return !n->status()->problems.empty(); }));
  event_book book;
  auto s = n->subscribe([&](const node_event& e) { book.add(e); });
  REQUIRE(s);
  CHECK(eventually([&] {
    const auto connection = book.of<connection_changed>();
    const auto leader = book.of<leader_changed>();
    return !connection.empty() && connection[0].state == connection_state::connected && !leader.empty() &&
           leader[0].leader == "one" && !book.of<problem>().empty();
  }));
  CHECK(n->unregister_job("lost"));
  CHECK(eventually([&] { return !book.of<problem_over>().empty(); }));
  s->end();
  const auto heard = book.of<problem>().size();
  REQUIRE(n->register_job(unplanned));
  REQUIRE(eventually([&] { return !n->status()->problems.empty(); }));
  CHECK(n->shutdown());
  CHECK(book.of<problem>().size() == heard);
  CHECK(n->subscribe([](const node_event&) {}).error().code == errc::shutting_down);
}

TEST_CASE("a listener may end its own subscription, and one that outlives its node is harmless") {
  auto n = node::start(at_root("one", "/facade/own_end"), silent());
  REQUIRE(n);
  std::atomic<int> heard{0};
  std::mutex guard;
  std::optional<subscription> mine;
  {
    std::lock_guard<std::mutex> lock{guard};
    auto s = n->subscribe([&](const node_event&) {
      ++heard;
      std::lock_guard<std::mutex> l{guard};
      mine.reset();
      the_bell().ring();
    });
    REQUIRE(s);
    mine = std::move(*s);
  }
  REQUIRE(eventually([&] { return heard > 0; }));
  auto other = n->subscribe([](const node_event&) {});
  REQUIRE(other);
  CHECK(n->register_job(job_builder{"work"}.items({"a"}).every(1ms).run([](job_context&) {})));
  REQUIRE(eventually([&] { return n->status()->events.told > 20; }));
  CHECK(heard == 1);
  CHECK(n->shutdown());
  other->end();
}
