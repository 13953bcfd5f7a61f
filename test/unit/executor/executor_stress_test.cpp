#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <random>
#include <set>

#include "actors/executor/thread_executor.hpp"
#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::microseconds;

namespace {

/// Who was told about the end of each run, and how often.
struct ledger {
  std::mutex mutex;
  std::map<run_id, int> told;
  counter all;

  executor::done_fn done() {
    return [this](const run_result& r) {
      {
        std::lock_guard<std::mutex> guard{mutex};
        ++told[r.id];
      }
      all.add();
    };
  }
};

} // namespace

TEST_CASE(
  "stress: starts, stops, callbacks, adoptions, calls and looks from many threads; each run is done exactly once") {
  constexpr int clients = 4;
  constexpr int runs_each = 400;
  auto seed = std::random_device{}();
  MESSAGE("seed ", seed);
  ledger book;
  std::atomic<int> called_back{0}, subscribed{0}, calls{0}, overlapping{0};
  auto o = patient();
  o.max_threads = 6;
  o.idle_time = microseconds{200}; // threads come and go all the time
  thread_executor exec{o};
  std::vector<std::thread> threads;
  for (int c = 0; c < clients; ++c) {
    threads.emplace_back([&, c] {
      std::mt19937 rng{seed + static_cast<unsigned>(c)};
      const job_id job{"job" + std::to_string(c % 2)};
      std::vector<run_id> mine;
      for (int i = 0; i < runs_each; ++i) {
        auto id = exec.next_run_id();
        mine.push_back(id);
        auto kind = rng() % 4;
        exec.start(order(id,
                         [&, kind](job_context& ctx) {
                           std::atomic<int> in_callback{0};
                           {
                             auto one = ctx.on_stop([&](stop_reason) {
                               ++in_callback;
                               ++called_back;
                               --in_callback;
                             });
                             auto two = ctx.on_stop([&](stop_reason) {
                               ++in_callback;
                               std::this_thread::yield();
                               --in_callback;
                             });
                             ++subscribed;
                             if (kind == 0) {
                               throw 42;
                             }
                             if (kind == 1) {
                               ctx.wait_for_stop(microseconds{300});
                             }
                             if (kind == 2) {
                               while (!ctx.stop_requested() && ctx.sleep(microseconds{50})) {
                                 if (ctx.revoked_items().size() > 1) {
                                   break;
                                 }
                               }
                             }
                           }
                           if (in_callback != 0) {
                             ++overlapping; // a subscription did not wait for its callback
                           }
                         },
                         job, {{"a", 1}, {"b", 2}}),
                   book.done());
        switch (rng() % 6) {
        case 0: exec.adopt(job, book.done()); break;
        case 1: exec.call([&] { ++calls; }); break;
        case 2:
          exec.running(job);
          exec.stats();
          break;
        default: break;
        }
        auto victim = mine[rng() % mine.size()];
        exec.request_stop(victim, stop_reason::revoked, {item_id{rng() % 2 == 0 ? "a" : "b"}});
      }
      for (auto id : mine) {
        exec.request_stop(id, stop_reason::disabled, {});
      }
    });
  }
  for (auto& t : threads) {
    t.join();
  }
  CHECK(book.all.reaches(clients * runs_each));
  CHECK(exec.shutdown(far()).empty());
  CHECK(book.told.size() == clients * runs_each);
  for (auto& [id, times] : book.told) {
    CHECK_MESSAGE(times == 1, "run ", id);
  }
  CHECK(overlapping == 0);
  auto s = exec.stats();
  CHECK(s.finished + s.dropped == clients * runs_each);
  CHECK(s.contained == 0);
}

TEST_CASE("stress: shutdown in the middle of everything; each accepted run is done or left over") {
  for (int round = 0; round < 30; ++round) {
    ledger book;
    std::atomic<int> accepted{0};
    auto o = patient();
    o.max_threads = 3;
    auto exec = std::make_unique<thread_executor>(o);
    counter rolling;
    std::atomic<bool> enough{false};
    std::vector<std::thread> threads;
    for (int c = 0; c < 3; ++c) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200 || !enough; ++i) {
          // After the end of shutdown nobody is told, so only starts before it count.
          if (enough) {
            break;
          }
          auto id = exec->next_run_id();
          exec->start(order(id, [](job_context& ctx) { ctx.wait_for_stop(microseconds{100}); }), book.done());
          ++accepted;
          exec->adopt("mail", book.done());
          exec->request_stop(id, stop_reason::disabled, {});
          exec->call([] {});
          if (i == 20) {
            rolling.add();
          }
        }
      });
    }
    REQUIRE(rolling.reaches(2));
    auto left = exec->shutdown(far());
    enough = true;
    CHECK(left.empty());
    for (auto& t : threads) {
      t.join();
    }
    exec.reset();
    std::lock_guard<std::mutex> guard{book.mutex};
    CHECK(book.told.size() <= static_cast<std::size_t>(accepted));
    for (auto& [id, times] : book.told) {
      CHECK_MESSAGE(times == 1, "run ", id);
    }
  }
}
