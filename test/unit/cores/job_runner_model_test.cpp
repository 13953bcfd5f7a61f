#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "test/unit/cores/runner.hpp"

/// The rules of starts, said as slowly and as obviously as possible: everything is looked at, all the time.
using namespace djm;
using namespace djm::test;

namespace {

struct model_lane {
  std::set<item_id> items;
  double due = 0; ///< below zero: the end of a run says when
  bool triggered = false;
};

struct model_run {
  item_id lane;
  std::set<item_id> items;
  bool extra = false;
};

class model {
public:
  explicit model(const job_spec& spec)
    : rate_(spec.schedule.kind == schedule_kind::fixed_rate),
      period_(std::chrono::duration<double>(duration{spec.schedule.period}).count()),
      cap_(spec.max_concurrent_runs),
      per_item_(spec.mode == running_mode::thread_per_item) {}

  void grant(double t, const item_id& id) {
    origin_ = origin_ < 0 ? t : origin_;
    auto [l, is_new] = lanes_.try_emplace(per_item_ ? id : "all");
    l->second.items.insert(id);
    if (is_new) {
      l->second.due = rate_ && origin_ < t && (began_ || per_item_) ? next_beat(origin_, t) : t;
      l->second.triggered = std::exchange(ahead_, false);
    }
  }
  void revoke(const item_id& id) {
    for (auto l = lanes_.begin(); l != lanes_.end();) {
      l->second.items.erase(id);
      l = l->second.items.empty() ? lanes_.erase(l) : std::next(l);
    }
  }
  void trigger() {
    ahead_ = ahead_ || origin_ < 0; // for the first items
    for (auto& [name, l] : lanes_) {
      l.triggered = true;
    }
  }
  void lease(double until) { until_ = until; }
  void end(double t, run_id id) {
    const auto r = runs_.at(id);
    runs_.erase(id);
    for (auto& named : lanes_) {
      auto& l = named.second;
      const bool took_part =
        std::any_of(r.items.begin(), r.items.end(), [&](const item_id& i) { return l.items.count(i) > 0; });
      if (!rate_ && (took_part || (l.due < 0 && !busy(l))) && (!r.extra || l.due < 0)) {
        l.due = t + period_;
      }
    }
  }
  /// The runs that start now, in their order.
  std::string starts(double t) {
    std::string text;
    std::vector<std::pair<double, item_id>> ready;
    for (const auto& [name, l] : lanes_) {
      if (l.triggered || (l.due >= 0 && l.due <= t)) {
        ready.emplace_back(l.due >= 0 && l.due <= t ? l.due : t, name);
      }
    }
    std::sort(ready.begin(), ready.end());
    for (const auto& [since, name] : ready) {
      auto& l = lanes_.at(name);
      if (t >= until_ || busy(l) || (cap_ > 0 && runs_.size() >= cap_)) {
        continue;
      }
      const bool due = l.due >= 0 && l.due <= t;
      model_run r{name, l.items, l.triggered && !due};
      if (!r.extra) {
        l.due = rate_ ? next_beat(l.due, t) : -1;
        began_ = true;
      }
      l.triggered = false;
      text += (text.empty() ? "" : "; ") + std::to_string(next_);
      for (const auto& i : r.items) {
        text += " " + i;
      }
      runs_[next_++] = r;
    }
    return text;
  }
  /// When a lane is due next that could start then.
  double next_start(double t) const {
    double next = -1;
    for (const auto& [name, l] : lanes_) {
      if (l.due >= 0 && !busy(l) && t < until_ && l.due < until_ && (cap_ == 0 || runs_.size() < cap_)) {
        next = next < 0 ? l.due : std::min(next, l.due);
      }
    }
    return next;
  }
  bool holds(const item_id& id) const {
    return std::any_of(lanes_.begin(), lanes_.end(), [&](const auto& l) { return l.second.items.count(id) > 0; });
  }
  bool in_run(const item_id& id) const {
    return std::any_of(runs_.begin(), runs_.end(), [&](const auto& r) { return r.second.items.count(id) > 0; });
  }
  const std::map<run_id, model_run>& runs() const { return runs_; }

private:
  bool busy(const model_lane& l) const {
    return std::any_of(l.items.begin(), l.items.end(), [this](const item_id& i) { return in_run(i); });
  }
  /// The first one after `t`.
  double next_beat(double from, double t) const {
    while (from <= t) {
      from += period_;
    }
    return from;
  }

  bool rate_;
  double period_;
  std::size_t cap_;
  bool per_item_;
  double origin_ = -1;
  bool began_ = false; ///< a run of the rhythm has started
  double until_ = -1;
  bool ahead_ = false;
  std::map<item_id, model_lane> lanes_;
  std::map<run_id, model_run> runs_;
  run_id next_ = 1;
};

/// Binary fractions of a second, so that the sums of the model are exact.
class model_history {
public:
  explicit model_history(unsigned seed) : random_(seed), core_(settings()), model_(spec_) {}

  void run(int events) {
    for (int n = 0; n < events; ++n) {
      t_ += pick(8) / 8.0;
      event();
      for (int wakes = 0; core_.wake_at() && *core_.wake_at() <= at(t_); ++wakes) {
        REQUIRE_MESSAGE(wakes < 20, "the runner wants to be woken again and again");
        take(core_.on_wake(when(t_)));
      }
    }
    CHECK(told_.size() + model_.runs().size() == started);
  }

  std::size_t started = 0;

private:
  job_runner_core::settings settings() {
    const seconds period{1 + pick(5)};
    spec_ = runner::job(pick(2) == 0 ? schedule::fixed_rate(period) : schedule::fixed_delay(period));
    spec_.mode = pick(3) == 0 ? running_mode::single_thread : running_mode::thread_per_item;
    spec_.max_concurrent_runs = pick(2) == 0 ? 0 : 1 + pick(3);
    job_runner_core::settings s;
    s.spec = spec_;
    s.stop_grace = seconds{1};
    return s;
  }
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }

  void event() {
    const item_id id{std::string(1, static_cast<char>('a' + pick(9)))};
    switch (pick(8)) {
    case 0:
    case 1:
      if (!model_.holds(id) && !model_.in_run(id)) {
        model_.grant(t_, id);
        take(core_.on_granted({{id, 1}}, when(t_)));
      }
      break;
    case 2:
      if (model_.holds(id)) {
        model_.revoke(id);
        take(core_.on_revoked({id}, stop_reason::lease_expiring, when(t_)));
      }
      break;
    case 3:
      model_.trigger();
      take(core_.on_trigger(when(t_)));
      break;
    case 4: {
      const auto until = t_ + pick(20);
      model_.lease(until);
      take(core_.on_lease(at(until), at(until + 1), when(t_)));
      break;
    }
    default:
      if (!model_.runs().empty()) {
        const auto run = std::next(model_.runs().begin(), pick(static_cast<unsigned>(model_.runs().size())))->first;
        model_.end(t_, run);
        take(core_.on_run_done(run, {}, pick(3) == 0, when(t_)));
      }
    }
  }

  void take(const job_runner_core::effects& effects) {
    std::string text;
    for (const auto& e : effects) {
      if (const auto* s = std::get_if<job_runner_core::start_run>(&e)) {
        ++started;
        std::set<item_id> items;
        for (const auto& w : s->items) {
          items.insert(w.id);
        }
        text += (text.empty() ? "" : "; ") + std::to_string(s->id);
        for (const auto& i : items) {
          text += " " + i;
        }
      } else if (const auto* x = std::get_if<emit_effect>(&e)) {
        const auto* fine = std::get_if<run_finished>(&x->what);
        const auto* bad = std::get_if<run_failed>(&x->what);
        if (fine != nullptr || bad != nullptr) {
          CHECK(told_.insert(fine != nullptr ? fine->run : bad->run).second); // each end is told once
        }
      }
    }
    REQUIRE(text == model_.starts(t_));
    // It wakes up in time for what is due next.
    if (const auto next = model_.next_start(t_); next >= 0) {
      REQUIRE(core_.wake_at());
      CHECK(*core_.wake_at() <= at(next));
    }
  }

  std::mt19937 random_;
  job_spec spec_;
  job_runner_core core_;
  model model_;
  double t_ = 0;
  std::set<run_id> told_;
};

} // namespace

TEST_CASE("runner: random histories start the runs that a slow and obvious reading of the rules starts, in its order") {
  std::size_t started = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    model_history h{seed};
    h.run(200);
    started += h.started;
  }
  CHECK(started > 5000);
}
