#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "test/unit/cores/runner.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// A worker and an executor that do anything they are allowed to, in any order, and look at what the runner does.
class random_history {
public:
  explicit random_history(unsigned seed) : random_(seed), core_(settings()) {}

  void run(int events) {
    take(core_.on_start(now()));
    for (int n = 0; n < events; ++n) {
      t_ += static_cast<double>(pick(1000)) / 1000.0;
      event();
      wake();
    }
    // The end: everything is taken away, and all runs end.
    std::vector<item_id> all;
    for (const auto& [id, token] : granted_) {
      all.push_back(id);
    }
    granted_.clear();
    leaving_.insert(all.begin(), all.end());
    take(core_.on_revoked(all, stop_reason::shutdown, now()));
    while (!runs_.empty()) {
      end_run(runs_.begin()->first);
    }
    CHECK(leaving_.empty());
    CHECK(core_.idle());
    CHECK(core_.status(at(t_)).lanes == 0);
  }

  std::uint64_t started = 0;

private:
  job_runner_core::settings settings() {
    job_runner_core::settings s;
    s.spec.id = "j";
    s.spec.mode = static_cast<running_mode>(pick(3));
    s.spec.on_new_items = static_cast<new_items_policy>(pick(3));
    s.spec.max_concurrent_runs = pick(2) == 0 ? 0 : 1 + pick(3);
    s.spec.schedule = schedule();
    s.spec.pool_check_period = seconds{pick(2) * 3};
    s.stop_grace = seconds{1};
    cap_ = s.spec.max_concurrent_runs;
    return s;
  }

  djm::schedule schedule() {
    switch (pick(3)) {
    case 0: return djm::schedule::fixed_rate(seconds{1 + pick(5)}, seconds{pick(3)});
    case 1: return djm::schedule::fixed_delay(seconds{1 + pick(5)}, seconds{pick(3)});
    default: return djm::schedule::on_trigger();
    }
  }

  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
  step now() { return {at(t_), random_(), 0}; }

  item_id any_item() { return item_id{std::string(1, static_cast<char>('a' + pick(6)))}; }

  void event() {
    switch (pick(10)) {
    case 0:
    case 1:
    case 2: {
      std::vector<work_item> items;
      for (unsigned n = 1 + pick(3); n > 0; --n) {
        auto id = any_item();
        // As the worker does: never again before it was released.
        if (granted_.count(id) == 0 && leaving_.count(id) == 0) {
          granted_[id] = ++token_;
          items.push_back({id, token_});
        }
      }
      take(core_.on_granted(items, now()));
      break;
    }
    case 3:
    case 4: {
      auto id = any_item();
      if (granted_.erase(id) > 0) {
        leaving_.insert(id);
        take(core_.on_revoked({id}, stop_reason::revoked, now()));
      }
      break;
    }
    case 5:
      if (!runs_.empty()) {
        end_run(std::next(runs_.begin(), static_cast<long>(pick(static_cast<unsigned>(runs_.size()))))->first);
      }
      break;
    case 6:
      run_until_ = t_ + pick(8);
      take(core_.on_lease(at(run_until_), at(run_until_ + 1), now()));
      break;
    case 7: take(core_.on_trigger(now())); break;
    case 8:
      if (auto effects = core_.on_schedule(schedule(), now())) {
        take(*effects);
      }
      break;
    default: t_ += pick(5);
    }
    while (cut_request_ != 0) {
      std::vector<std::vector<item_id>> parts(1 + pick(3));
      for (const auto& id : cut_share_) {
        parts[pick(static_cast<unsigned>(parts.size()))].push_back(id);
      }
      auto request = std::exchange(cut_request_, 0);
      take(core_.on_cut(request, parts, now()));
    }
  }

  void end_run(run_id id) {
    runs_.erase(id);
    take(core_.on_run_done(id, "broke", pick(4) == 0, now()));
  }

  void wake() {
    for (int n = 0;; ++n) {
      auto next = core_.wake_at();
      if (!next || *next > at(t_)) {
        return;
      }
      REQUIRE_MESSAGE(n < 20, "the runner wants to be woken again and again");
      take(core_.on_wake(now()));
    }
  }

  void take(const job_runner_core::effects& effects) {
    for (const auto& e : effects) {
      if (const auto* s = std::get_if<job_runner_core::start_run>(&e)) {
        ++started;
        CHECK_FALSE(s->items.empty());
        CHECK(t_ < run_until_);
        for (const auto& w : s->items) {
          REQUIRE(granted_.count(w.id) == 1); // I7
          CHECK(granted_.at(w.id) == w.token);
          for (const auto& [id, items] : runs_) {
            CHECK(items.count(w.id) == 0); // in no other run
          }
        }
        auto& r = runs_[s->id];
        for (const auto& w : s->items) {
          r.insert(w.id);
        }
        CHECK((cap_ == 0 || runs_.size() <= cap_));
      } else if (const auto* x = std::get_if<job_runner_core::stop_run>(&e)) {
        CHECK(runs_.count(x->id) == 1);
      } else if (const auto* r = std::get_if<job_runner_core::released>(&e)) {
        for (const auto& id : r->items) {
          CHECK(leaving_.erase(id) == 1);
          for (const auto& [run, items] : runs_) {
            CHECK(items.count(id) == 0); // never while a run holds it
          }
        }
      } else if (const auto* c = std::get_if<job_runner_core::cut_share>(&e)) {
        cut_request_ = c->request;
        cut_share_ = c->share;
      } else if (const auto* p = std::get_if<job_runner_core::call_pool>(&e)) {
        take(core_.on_pool(p->request, std::vector<item_id>{"a"}, now()));
      }
    }
  }

  std::mt19937 random_;
  std::uint32_t cap_ = 0;
  job_runner_core core_;
  double t_ = 0;
  double run_until_ = -1;
  fencing_token token_ = 0;
  std::map<item_id, fencing_token> granted_;
  std::set<item_id> leaving_;
  std::map<run_id, std::set<item_id>> runs_;
  std::uint64_t cut_request_ = 0;
  std::vector<item_id> cut_share_;
};

} // namespace

TEST_CASE("runner: random histories start no run with items revoked, taken or out of lease, and release all") {
  std::uint64_t started = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    random_history h{seed};
    h.run(200);
    started += h.started;
  }
  CHECK(started > 3000);
}

TEST_CASE("runner: in calm every granted item of a scheduled job runs again and again") {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    auto spec = runner::job(seed % 2 == 0 ? schedule::fixed_rate(seconds{2}) : schedule::fixed_delay(seconds{2}));
    spec.mode = seed % 3 == 0 ? running_mode::thread_per_item : running_mode::single_thread;
    spec.max_concurrent_runs = seed % 5 == 0 ? 1 : 0;
    runner r{spec};
    std::map<run_id, std::pair<double, std::vector<work_item>>> runs;
    std::map<item_id, int> count;
    double t = 0;
    auto take = [&](const job_runner_core::effects& effects) {
      for (const auto& e : effects) {
        if (const auto* s = std::get_if<job_runner_core::start_run>(&e)) {
          runs[s->id] = {t + static_cast<double>(random() % 3), s->items};
          for (const auto& w : s->items) {
            ++count[w.id];
          }
        }
      }
    };
    take(r.core.on_lease(at(1e6), at(1e6), when(0)));
    // Items come and go for a while; those that are left at the end must all run.
    std::map<item_id, bool> held;
    for (; t < 100; t += 0.5) {
      const item_id id{std::string(1, static_cast<char>('a' + random() % 5))};
      if (t < 40 && !held[id] && r.core.status(at(t)).leaving.empty()) {
        take(r.core.on_granted({{id, static_cast<std::int64_t>(t * 2) + 1}}, when(t)));
        held[id] = true;
      } else if (t < 40 && held[id] && random() % 2 == 0) {
        take(r.core.on_revoked({id}, stop_reason::revoked, when(t)));
        held[id] = false;
      }
      if (t == 50) {
        count.clear();
      }
      for (auto i = runs.begin(); i != runs.end();) {
        if (i->second.first <= t) {
          auto done = i->first;
          i = runs.erase(i);
          take(r.core.on_run_done(done, {}, false, when(t)));
          i = runs.begin();
        } else {
          ++i;
        }
      }
      take(r.core.on_wake(when(t)));
    }
    for (const auto& [id, is] : held) {
      if (is) {
        CHECK_MESSAGE(count[id] >= 2, "item " << id);
      }
    }
  }
}
