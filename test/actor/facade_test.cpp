#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "test/actor/facade_rig.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

std::size_t entries(const char* directory) {
  const std::filesystem::directory_iterator all{directory};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

} // namespace

TEST_CASE("the facade offers everything that messages do") {
  run_watch runs;
  event_book book;
  auto n = node::start(at_root("one", "/facade/all"), silent([&](const node_event& e) { book.add(e); }));
  REQUIRE(n);
  REQUIRE(n->register_job(*watched("work", {"a", "b"}, runs).build()));
  CHECK(n->wait_ready(wide));
  CHECK(eventually([&] { return n->job("work")->items.size() == 2 && runs.runs() > 1; }));
  CHECK(n->status()->ready);
  CHECK(n->cluster()->leader == "one");
  CHECK(n->disable_job("work"));
  CHECK(eventually([&] { return n->job("work")->items.empty(); }));
  CHECK(n->enable_job("work"));
  CHECK(n->disable_all());
  CHECK(n->cluster()->all_disabled);
  CHECK(n->enable_all());
  CHECK(eventually([&] { return n->job("work")->items.size() == 2; }));
  CHECK(n->reschedule("work", schedule::on_trigger()));
  CHECK(n->trigger_here("work"));
  const auto marks = [&] {
    const auto w = n->cluster()->workers.at(0);
    return std::string{w.draining ? "draining " : ""} + (w.cordoned ? "cordoned" : "");
  };
  CHECK(n->cordon("one"));
  CHECK(n->drain("one"));
  CHECK(marks() == "draining cordoned");
  CHECK(n->uncordon("one"));
  CHECK(marks() == "draining ");
  CHECK(n->undrain("one"));
  CHECK(marks() == "");
  CHECK(n->drain("no/body").error().code == errc::invalid_id);
  CHECK(n->unregister_job("work"));
  CHECK(n->job("work").error().code == errc::unknown_job);
  CHECK_FALSE(book.of<items_granted>().empty());
  CHECK(n->shutdown());
  CHECK(n->wait_stopped());
  CHECK(n->shutdown()); // once more costs nothing
  CHECK(n->status().error().code == errc::shutting_down);
  CHECK(n->register_job(*watched("work", {"a"}, runs).build()).error().code == errc::shutting_down);
}

TEST_CASE("nodes of one process meet in the embedded store") {
  run_watch runs;
  const auto items = numbered("i", 4);
  auto a = node::start(at_root("a", "/facade/two"), silent());
  auto b = node::start(at_root("b", "/facade/two"), silent());
  REQUIRE(a);
  REQUIRE(b);
  for (auto* n : {&*a, &*b}) {
    REQUIRE(n->register_job(*watched("work", items, runs).build()));
  }
  CHECK(eventually([&] { return a->job("work")->items.size() == 2 && b->job("work")->items.size() == 2; }));
  CHECK(a->shutdown());
  CHECK(eventually([&] { return b->job("work")->items.size() == 4; }));
  CHECK(runs.faults().empty());
}

TEST_CASE("every call is answered although the node ends meanwhile, and several may end it") {
  for (int i = 0; i < 20; ++i) {
    run_watch runs;
    auto n = node::start(at_root("one", "/facade/crowd"), silent());
    REQUIRE(n);
    REQUIRE(n->register_job(*watched("work", {"a"}, runs).build()));
    REQUIRE(n->wait_ready(wide));
    std::vector<std::thread> crowd;
    for (int t = 0; t < 4; ++t) {
      crowd.emplace_back([&] {
        while (n->status()) {
        }
      });
    }
    for (int t = 0; t < 2; ++t) {
      crowd.emplace_back([&] { CHECK(n->shutdown()); });
    }
    for (auto& t : crowd) {
      t.join();
    }
  }
}

TEST_CASE("a number of threads that makes no sense is refused") {
  for (std::uint32_t threads : {0u, 1025u, 4'000'000'000u}) {
    auto o = silent();
    o.actor_threads = threads;
    const auto no = node::start(at_root("one", "/facade/threads"), o);
    REQUIRE_FALSE(no);
    CHECK(no.error().code == errc::invalid_config);
    CHECK(mentions(no.error().text, {"actor_threads", std::to_string(threads).c_str(), "1024"}));
  }
}

TEST_CASE("a thread that has called the node and lives on does not keep it from ending, on whatever thread") {
  gate over;
  std::atomic<int> called{0};
  std::atomic<bool> ended{false};
  run_watch runs;
  auto n = node::start(at_root("one", "/facade/lives_on"), silent());
  REQUIRE(n);
  REQUIRE(n->register_job(*watched("work", {"a"}, runs).build()));
  std::vector<std::thread> pool;
  for (int i = 0; i < 3; ++i) {
    pool.emplace_back([&] {
      CHECK(n->status());
      ++called;
      the_bell().ring();
      over.pass();
    });
  }
  CHECK(eventually([&] { return called == 3; }));
  std::thread last{[&] {
    { const auto gone = std::move(*n); }
    ended = true;
    the_bell().ring();
    over.pass();
  }};
  CHECK(eventually([&] { return ended.load(); }));
  over.open();
  last.join();
  for (auto& t : pool) {
    t.join();
  }
}

TEST_CASE("a run that has called its node and is left behind does not keep it from ending") {
  gate over;
  std::atomic<bool> called{false};
  std::atomic<bool> returned{false};
  std::atomic<bool> ended{false};
  auto c = at_root("one", "/facade/left_behind");
  c.store.operation_deadline = 200ms;
  auto n = node::start(c, silent());
  REQUIRE(n);
  auto stubborn = job_builder("work").items({"a"}).every(5ms).run([&](job_context&) {
    CHECK(n->status());
    called = true;
    the_bell().ring();
    over.pass();
    returned = true;
    the_bell().ring();
  });
  REQUIRE(n->register_job(*stubborn.build()));
  CHECK(eventually([&] { return called.load(); }));
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

TEST_CASE("a node that ends by itself says why") {
  auto a = node::start(at_root("same", "/facade/why"), silent());
  REQUIRE(a);
  REQUIRE(a->wait_ready(wide));
  auto c = at_root("same", "/facade/why");
  c.store.session_timeout = 300ms;
  c.store.operation_deadline = 100ms;
  auto b = node::start(c, silent());
  REQUIRE(b);
  const auto end = b->wait_stopped();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == errc::node_id_in_use);
  CHECK(mentions(b->wait_ready(1s).error().text, {"\"same\"", "node_id_in_use"}));
  CHECK(b->wait_ready(duration::max()).error().code == errc::shutting_down);
  const auto late = b->status();
  REQUIRE_FALSE(late);
  CHECK(late.error().code == errc::shutting_down);
  CHECK(mentions(late.error().text, {"\"same\"", "node_id_in_use"}));
  CHECK(b->shutdown().error().code == errc::node_id_in_use);
  CHECK(a->status()->ready);
}

TEST_CASE("a shutdown with quick runs takes less than a second") {
  run_watch runs;
  auto n = node::start(at_root("one", "/facade/quick"), silent());
  REQUIRE(n);
  REQUIRE(n->register_job(*watched("work", numbered("i", 20), runs).thread_per_item().build()));
  REQUIRE(eventually([&] { return runs.runs() > 20; }));
  const auto begin = std::chrono::steady_clock::now();
  CHECK(n->shutdown());
  CHECK(std::chrono::steady_clock::now() - begin < 5s); // aimed at: one
  CHECK(runs.running() == 0);
}

TEST_CASE("200 starts and stops leave threads and descriptors as they were") {
  run_watch runs;
  auto once = [&](int i) {
    auto n = node::start(at_root(node_id{"n" + std::to_string(i % 3)}, "/facade/cycles"), silent());
    REQUIRE(n);
    REQUIRE(n->register_job(*watched("work", {"a"}, runs).build()));
    if (i % 10 == 0) {
      CHECK(n->wait_ready(wide));
    }
    CHECK(n->shutdown());
  };
  once(0);
  const auto threads = entries("/proc/self/task");
  const auto descriptors = entries("/proc/self/fd");
  for (int i = 1; i <= 200; ++i) {
    once(i);
  }
  CHECK(eventually([&] { return entries("/proc/self/task") <= threads; }));
  CHECK(entries("/proc/self/fd") <= descriptors);
}

TEST_CASE("what the builder complains about comes back from the registration") {
  auto n = node::start(at_root("one", "/facade/builder"), silent());
  REQUIRE(n);
  CHECK(n->register_job(job_builder{"no schedule"}.items({"a"})).error().code == errc::invalid_id);
}

TEST_CASE("a node that does not get ready says what is missing") {
  auto c = at_root("one", "/facade/not_ready");
  c.store.connect = "127.0.0.1:1";
  auto n = node::start(c, silent());
  REQUIRE(n);
  const auto no = n->wait_ready(50ms);
  REQUIRE_FALSE(no);
  CHECK(no.error().code == errc::timed_out);
  CHECK(mentions(no.error().text, {"\"one\"", "50ms", "is not connected"}));
}

TEST_CASE("a state that one node has saved is what the next holder loads, and what an operator sees") {
  std::atomic<std::uint64_t> latest{0};
  std::atomic<bool> back{false};
  const auto counting = [&] {
    return job_builder("count").items({"a"}).every(20ms).run([&](job_context& ctx) {
      const auto saved = ctx.load("a");
      if (!saved) {
        return;
      }
      const auto n = *saved ? std::stoull(std::string((*saved)->data.begin(), (*saved)->data.end())) : 0;
      if (n < latest) {
        back = true;
      }
      if (ctx.save("a", bytes_of(std::to_string(n + 1)))) {
        latest = n + 1;
      }
    });
  };
  auto one = node::start(at_root("one", "/facade/states"), silent());
  REQUIRE(one);
  REQUIRE(one->register_job(counting()));
  CHECK(eventually([&] { return latest > 3; }));
  auto two = node::start(at_root("two", "/facade/states"), silent());
  REQUIRE(two);
  REQUIRE(two->register_job(counting()));
  CHECK(two->wait_ready(wide));
  CHECK(one->shutdown());
  const auto before = latest.load();
  CHECK(eventually([&] { return latest > before + 3; }));
  CHECK_FALSE(back);
  const auto seen = two->item_state("count", "a");
  REQUIRE(seen);
  CHECK(seen->saved_by == node_id{"two"});
  REQUIRE(two->set_item_state("count", "a", bytes_of("100000")));
  CHECK(eventually([&] { return latest > 100'000; }));
  CHECK(two->item_state("none", "a").error().code == errc::unknown_job);
  CHECK(two->shutdown());
}
