#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "djm/ask_context.hpp"
#include "test/unit/cores/runner.hpp"

/// Questions to the code of a job about items that this node holds.
using namespace djm;
using namespace djm::test;

namespace {

/// Holds "a" in run 1 and "b" in none.
struct at_work : runner {
  at_work() : runner(one_at_a_time()) {
    leased(0);
    CHECK(granted(0, {{"a", 7}, {"b", 8}}) == "start 1: a#7");
  }

  static job_spec one_at_a_time() {
    auto spec = runner::job();
    spec.mode = running_mode::thread_per_item;
    spec.max_concurrent_runs = 1;
    return spec;
  }
};

job_runner_core::run_end thrown(const std::string& what) {
  job_runner_core::run_end end;
  end.failed = true;
  end.failure = what;
  return end;
}

job_runner_core::run_end dropped() {
  job_runner_core::run_end end;
  end.dropped = true;
  return end;
}

} // namespace

TEST_CASE("ask: about an item that is held, beside its run, and under its token") {
  at_work r;
  CHECK(r.asks(1, "a") == "ask 2: a#7");
  CHECK(r.asks(1, "b") == "ask 3: b#8");
  CHECK(r.done(2, 2) == "answer 2");
  CHECK(r.done(2, 3) == "answer 3");
  CHECK(r.core.status(at(2)).active_runs == 1);
  CHECK(r.done(3, 1) == "start 4: b#8");
}

TEST_CASE("ask: about an item that is not held here it is refused, and about one that is revoked") {
  at_work r;
  CHECK(r.asks(1, "c") == "not_owner");
  CHECK(r.revoked(1, {"a"}) == "stop 1 revoked: a");
  CHECK(r.asks(1, "a") == "not_owner");
  const auto why = r.core.on_ask("c", seconds{1}, when(1)).error();
  CHECK(why.text.find("\"c\"") != std::string::npos);
}

TEST_CASE("ask: without a lease nobody is asked, before the first and after the last") {
  runner r{runner::job()};
  r.granted(0, {{"a", 7}});
  CHECK(r.asks(0, "a") == "not_connected");
  r.leased(1, 10, 12);
  CHECK(r.asks(9.9, "a").substr(0, 3) == "ask");
  CHECK(r.asks(10, "a") == "not_connected");
}

TEST_CASE("ask: an item that is revoked is released when the question is over") {
  at_work r;
  r.asks(1, "b");
  CHECK(r.revoked(2, {"b"}) == "stop 2 revoked");
  CHECK(tells(r, "items_revoked"));
  CHECK_FALSE(tells(r, "items_released"));
  CHECK(r.core.status(at(2)).leaving == std::vector<item_id>{"b"});
  CHECK(r.done(3, 2) == "answer 2; released b"); // it was answered under the lock
  CHECK(tells(r, "items_released"));
}

TEST_CASE("ask: run and question hold an item together, whichever ends first") {
  SUBCASE("the run") {
    at_work r;
    r.asks(1, "a");
    CHECK(r.revoked(2, {"a"}) == "stop 1 revoked: a; stop 2 revoked");
    CHECK(r.done(3, 1) == "start 3: b#8");
    CHECK(r.done(4, 2) == "answer 2; released a");
  }
  SUBCASE("the question") {
    at_work r;
    r.asks(1, "a");
    r.revoked(2, {"a"});
    CHECK(r.done(3, 2) == "answer 2");
    CHECK(r.done(4, 1) == "released a; start 3: b#8");
  }
  SUBCASE("the run lets it go") {
    at_work r;
    r.asks(1, "a");
    r.revoked(2, {"a"});
    CHECK(r.run_released(3, 1, {"a"}) == "");
    CHECK(r.done(4, 2) == "answer 2; released a");
    CHECK(r.done(5, 1) == "start 3: b#8");
  }
}

TEST_CASE("ask: what is granted again during a question stays, and another turn makes its answer void") {
  at_work r;
  r.asks(1, "b");
  r.revoked(2, {"b"});
  SUBCASE("the same turn") {
    CHECK(r.granted(3, {{"b", 8}}) == "");
    CHECK(r.done(4, 2) == "answer 2");
  }
  SUBCASE("another one") {
    CHECK(r.granted(3, {{"b", 9}}) == "");
    CHECK(r.done(4, 2) == "answer 2 not_owner");
  }
  CHECK(r.asks(5, "b").substr(0, 6) == "ask 3:");
}

TEST_CASE("ask: an answer that comes when the lock is gone, or the lease, is not told") {
  at_work r;
  r.asks(1, "b");
  SUBCASE("the lock") {
    CHECK(r.revoked(2, {"b"}, stop_reason::lease_expiring) == "stop 2 lease_expiring");
    CHECK(r.done(3, 2) == "answer 2 not_owner; released b");
  }
  SUBCASE("the lease") {
    r.leased(2, 4, 6);
    CHECK(r.wakes() <= 4);
    CHECK(r.wake(4).find("stop 2 lease_expiring") != std::string::npos);
    CHECK(r.done(6, 2) == "answer 2 not_owner");
  }
  SUBCASE("the lease, but in time") {
    r.leased(2, 4, 6);
    r.wake(4);
    CHECK(r.done(5.5, 2) == "answer 2");
  }
}

TEST_CASE("ask: who waits is told in time, and the code holds its item until it comes back") {
  at_work r;
  r.asks(1, "b", seconds{3});
  CHECK(r.wakes() == 4);
  CHECK(r.wake(4) == "answer 2 timed_out; stop 2 timed_out");
  CHECK(r.wake(6) == ""); // its grace is over
  CHECK(tells(r, "user_code_hangs"));
  CHECK(tells(r, "answer of job"));
  CHECK(r.revoked(7, {"b"}) == "");
  CHECK(r.done(8, 2) == "released b"); // nobody hears it
  CHECK(tells(r, "problem_over"));
}

TEST_CASE("ask: what the code throws is told, and what was not called") {
  at_work r;
  r.asks(1, "a");
  r.asks(1, "b");
  CHECK(r.ended(2, 2, thrown("no idea")) == "answer 2 user_code_failed");
  r.revoked(3, {"b"});
  CHECK(r.ended(4, 3, dropped()) == "answer 3 not_owner; released b");
  CHECK(r.asks(5, "a") == "ask 4: a#7");
  CHECK(r.ended(6, 4, dropped()) == "answer 4 not_connected"); // the executor has seen the end of the lease first
}

TEST_CASE("ask: there are so many at once, and one that does not come back is one of them") {
  at_work r;
  for (std::size_t i = 0; i < max_questions_of_job; ++i) {
    CHECK(r.asks(1, "a", seconds{1}).substr(0, 3) == "ask");
  }
  CHECK(r.asks(1, "b") == "backlog_full");
  r.wake(2);
  CHECK(r.asks(3, "b") == "backlog_full");
  r.done(4, 2);
  CHECK(r.asks(4, "b").substr(0, 3) == "ask");
}

TEST_CASE("ask: when the job stops here whoever waits is told at once, and the code is waited for") {
  at_work r;
  r.asks(1, "b");
  CHECK(r.stop(2) == "stop 1 shutdown; answer 2 shutting_down; stop 2 shutdown");
  CHECK(r.asks(2, "a") == "shutting_down");
  CHECK(r.revoked(3, {"a", "b"}, stop_reason::shutdown) == "stop 1 shutdown: a");
  CHECK(r.done(4, 2) == "released b");
  CHECK(r.done(5, 1) == "released a");
  CHECK(r.core.idle());
}

TEST_CASE("ask: a rebuilt runner takes over a question, and nobody waits for its answer") {
  runner r{runner::job()};
  CHECK(r.take(r.core.on_adopted_question(5, {"a", 7}, when(0))) == "");
  r.leased(0);
  CHECK(r.granted(1, {{"a", 7}}) == "start 6: a#7");
  CHECK(r.revoked(2, {"a"}).find("stop 5 revoked") != std::string::npos);
  CHECK(r.done(3, 6) == "");
  CHECK(r.done(4, 5) == "released a");
}

TEST_CASE("ask: a parked item can be asked about, and comes back as new") {
  auto spec = runner::job(schedule::on_trigger());
  spec.failures.park_item_after = 1;
  runner r{spec};
  r.leased(0);
  r.granted(0, {{"a", 7}});
  CHECK(r.trigger(1) == "start 1: a#7");
  r.failed(2, 1, "bad");
  CHECK(r.core.status(at(2)).parked.size() == 1);
  CHECK(r.asks(3, "a") == "ask 2: a#7");
  CHECK(r.revoked(4, {"a"}) == "stop 2 revoked");
  CHECK(r.granted(5, {{"a", 7}}) == "");
  CHECK(r.core.status(at(5)).parked.empty());
  CHECK(r.trigger(6) == "start 3: a#7");
}

TEST_CASE("ask: whatever happens, an item is released once, and never while anything is at work on it") {
  CHECK(rc::check([] {
    auto spec = runner::job();
    spec.mode = *rc::gen::element(running_mode::single_thread, running_mode::thread_per_item);
    runner r{spec};
    const std::vector<item_id> names{"a", "b", "c"};
    std::map<run_id, std::set<item_id>> busy; // runs and questions
    std::set<run_id> open;                    // questions that nobody has been told about
    std::set<item_id> granted;
    double t = 0;
    const auto see = [&](const job_runner_core::effects& all) {
      for (const auto& e : all) {
        if (const auto* s = std::get_if<job_runner_core::start_run>(&e)) {
          for (const auto& w : s->items) {
            busy[s->id].insert(w.id);
          }
        } else if (const auto* q = std::get_if<job_runner_core::start_question>(&e)) {
          RC_ASSERT(granted.count(q->item.id) == 1);
          busy[q->id].insert(q->item.id);
          open.insert(q->id);
        } else if (const auto* c = std::get_if<job_runner_core::conclude_question>(&e)) {
          RC_ASSERT(open.erase(c->id) == 1);
        } else if (const auto* f = std::get_if<job_runner_core::released>(&e)) {
          for (const auto& id : f->items) {
            RC_ASSERT(granted.count(id) == 0);
            for (const auto& [run, items] : busy) {
              RC_ASSERT(items.count(id) == 0);
            }
          }
        }
      }
    };
    r.leased(0);
    for (int i = 0; i < 60; ++i) {
      t += 0.5;
      const auto& item = *rc::gen::elementOf(names);
      switch (*rc::gen::inRange(0, 6)) {
      case 0:
        if (granted.insert(item).second) {
          see(r.core.on_granted({{item, 1}}, when(t)));
        }
        break;
      case 1:
        granted.erase(item);
        see(r.core.on_revoked({item}, stop_reason::revoked, when(t)));
        break;
      case 2:
      case 3:
        if (const auto fx = r.core.on_ask(item, seconds{2}, when(t))) {
          see(*fx);
        }
        break;
      case 4:
        if (!busy.empty()) {
          const auto at =
            std::next(busy.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(busy.size())));
          const auto id = at->first;
          busy.erase(at);
          see(r.core.on_run_done(id, {}, false, when(t)));
        }
        break;
      default: see(r.core.on_wake(when(t))); break;
      }
    }
    granted.clear();
    see(r.core.on_revoked(names, stop_reason::revoked, when(t)));
    while (!busy.empty()) {
      const auto id = busy.begin()->first;
      busy.erase(busy.begin());
      see(r.core.on_run_done(id, {}, false, when(t)));
    }
    RC_ASSERT(open.empty());
    RC_ASSERT(r.core.idle());
    RC_ASSERT(r.core.status(at(t)).leaving.empty());
  }));
}
