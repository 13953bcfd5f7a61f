#include <doctest/doctest.h>

#include <caf/all.hpp>

#include <algorithm>
#include <iostream>

#include "djm/node_actor.hpp"
#include "harness.hpp"
#include "shared_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

template <class T, class Message>
T ask(caf::actor_system& system, const node_actor& n, Message m) {
  cx::scoped_actor self{system};
  T answer;
  self->mail(std::move(m))
    .request(n, 30s)
    .receive([&](T& x) { answer = std::move(x); }, [](caf::error& e) { FAIL(to_string(from_caf(e))); });
  return answer;
}

void must(caf::actor_system& system, const node_actor& n, register_job m) {
  cx::scoped_actor self{system};
  self->mail(std::move(m)).request(n, 30s).receive([] {}, [](caf::error& e) { FAIL(to_string(from_caf(e))); });
}

} // namespace

TEST_CASE("25,000 items in 51 jobs on 4 nodes: locked soon, taken over soon, within all limits") {
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  caf::actor_system_config config;
  caf::actor_system system{config};
  {
    const auto begin = clock::now();
    std::vector<node_actor> nodes;
    auto big = std::make_shared<counting_job>(numbered("item-", 20000));
    auto small = std::make_shared<counting_job>(numbered("item-", 100));
    for (int i = 0; i < 4; ++i) {
      auto c = quick_config("n" + std::to_string(i), connect, root);
      c.max_threads = 4;
      node_options o;
      o.log = stderr_log(log_level::error);
      auto n = spawn_node(system, c, o);
      REQUIRE(n);
      nodes.push_back(*n);
      register_job m;
      m.spec.id = "big";
      m.spec.schedule = schedule::fixed_delay(2s);
      m.code = big;
      must(system, nodes.back(), m);
      for (int j = 0; j < 50; ++j) {
        m.spec.id = job_id{"small-" + std::to_string(j)};
        m.code = small;
        must(system, nodes.back(), m);
      }
    }
    auto locked = [&] {
      std::uint32_t n = 0;
      for (const auto& x : nodes) {
        if (x) {
          n += ask<node_status>(system, x, get_status{}).worker.locked;
        }
      }
      return n;
    };
    const bool all = eventually([&] { return locked() == 25000; }, 60s);
    CHECK(all);
    const auto took = since(begin);
    std::cout << "figure: size: 25000 locks after " << took.count() << " ms\n";

    const auto killed = clock::now();
    caf::anon_send_exit(nodes[1], caf::exit_reason::kill);
    nodes[1] = nullptr;
    CHECK(eventually([&] { return locked() == 25000; }, 60s));
    std::cout << "figure: size: all locked again " << since(killed).count() << " ms after a node was killed\n";

    std::uint64_t largest = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t watches = 0;
    std::uint64_t watch_bytes = 0;
    std::uint64_t operations = 0;
    for (const auto& x : nodes) {
      if (x) {
        auto st = ask<node_status>(system, x, get_status{});
        largest = std::max(largest, st.store.max_transaction_bytes);
        in_flight = std::max(in_flight, st.store.max_in_flight_bytes);
        watches = std::max(watches, st.store.max_watches);
        watch_bytes = std::max(watch_bytes, st.store.max_watch_bytes);
        operations = std::max(operations, st.manager.counters.largest_transaction_ops);
      }
    }
    std::cout << "figure: size: largest multi " << largest << " B (" << operations << " operations in an assignment), "
              << in_flight << " B in flight, " << watches << " watches of " << watch_bytes << " B\n";
    CHECK(largest <= 256u << 10);
    CHECK(operations <= 200);
    CHECK(in_flight <= 4u << 20);
    CHECK(watches <= 4000);
    CHECK(watch_bytes <= 512u << 10);
    for (const auto& x : nodes) {
      if (x) {
        cx::scoped_actor self{system};
        self->mail(shutdown_node{true}).request(x, caf::infinite).receive([] {}, [](caf::error&) {});
      }
    }
  }
  system.await_all_actors_done();
}
