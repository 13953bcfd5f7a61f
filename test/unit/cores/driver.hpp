#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "test/unit/cores/fake_store.hpp"
#include "test/unit/cores/show.hpp"
#include "zkstore/session_core.hpp"

namespace djm::test {

/// What a core hears of a transaction.
enum class fate {
  truth,
  /// Committed, and the core is told "unknown".
  unknown_applied,
  /// Not committed, and the core is told "unknown".
  unknown_lost,
  /// Committed with the last breath of the session.
  lost_applied,
  /// Committed; the answer stays away until `answer_held`.
  held,
  /// Committed, or not, only when `answer_held` is called.
  delayed,
};

/// Runs one core against a fake store: answers what it asks, wakes it when it wants to be woken, keeps a transcript.
template <class Core>
class driver {
public:
  /// `from`: a core, or the settings of one that stays where it is made.
  template <class From>
  driver(From&& from, fake_store& t) : core(std::forward<From>(from)), tree(t) {}

  step now_step() { return step{now, ++entropy_, wall_ms}; }

  template <class Effects>
  void take(Effects&& effects) {
    for (auto& e : effects) {
      std::visit([&](auto& x) { take_one(x); }, e);
    }
  }

  /// Calls a member of the core, then answers everything until it is at rest; returns what it did besides.
  template <class Base, class... Params, class... Args>
  std::string call(typename Core::effects (Base::*member)(Params...), Args&&... args) {
    said.clear();
    take((core.*member)(std::forward<Args>(args)..., now_step()));
    settle();
    return said;
  }

  std::string connect() {
    view.phase = store::session_phase::connected;
    ++view.number;
    view.id = tree.open();
    view.connects = 1;
    return session_changed();
  }
  std::string suspend() {
    view.phase = store::session_phase::suspended;
    return session_changed();
  }
  std::string reconnect() {
    view.phase = store::session_phase::connected;
    ++view.connects;
    return session_changed();
  }
  /// The server has expired the session.
  std::string expire() {
    tree.end(view.id);
    view.phase = store::session_phase::expired;
    return session_changed();
  }
  std::string close() {
    tree.end(view.id);
    view.phase = store::session_phase::closed;
    view.closed_at = now;
    return session_changed();
  }
  std::string session_changed() {
    said.clear();
    take(core.on_session(view, now_step()));
    settle();
    return said;
  }

  /// Answers and delivers until nothing is pending. Throws when the core does not come to rest.
  std::string settle() {
    for (int n = 0;; ++n) {
      if (n > 3000) {
        throw std::runtime_error("the core does not come to rest; last: " + last_);
      }
      if (!connected()) {
        return said;
      }
      // Events reach a client before any answer that was given after them.
      if (tree.has_events(view.id)) {
        for (const auto& e : tree.take_events(view.id)) {
          take(core.on_watch(e, now_step()));
        }
      } else if (!reads.empty()) {
        auto q = std::move(reads.front());
        reads.pop_front();
        last_ = show(q);
        ++reads_answered;
        single_reads += q.reads.size();
        largest_read = std::max(largest_read, q.reads.size());
        if (before_read) {
          before_read(q.reads);
        }
        auto answer = tree.read(view.id, q.reads);
        for (const auto& e : tree.take_events(view.id)) {
          take(core.on_watch(e, now_step()));
        }
        take(core.on_read(q.request, answer, now_step()));
      } else if (!commits.empty()) {
        answer_commit();
      } else {
        return said;
      }
    }
  }

  void answer_commit() {
    auto q = std::move(commits.front());
    commits.pop_front();
    last_ = show(q);
    if (before_commit) {
      before_commit(q.txn);
    }
    const bool counts = notes || store::path_of(q.txn.ops.back()).find("/model") == std::string::npos;
    if (counts) {
      written.push_back(show(q.txn));
    }
    auto f = fate::truth;
    if (counts && !fates.empty()) {
      f = fates.front();
      fates.pop_front();
    }
    store::commit_outcome outcome = store::unknown{};
    if (f == fate::truth || f == fate::unknown_applied || f == fate::lost_applied || f == fate::held) {
      auto real = tree.commit(view.id, q.txn);
      if (f == fate::truth || f == fate::held) {
        outcome = real;
      } else if (f == fate::lost_applied) {
        outcome = store::session_lost{};
      }
    }
    if (f == fate::held || f == fate::delayed) {
      held.push_back({q.request, outcome, f == fate::delayed, std::move(q.txn)});
      return;
    }
    take(core.on_commit(q.request, outcome, now_step()));
  }

  std::string answer_held() {
    said.clear();
    while (!held.empty()) {
      auto h = std::move(held.front());
      held.pop_front();
      if (h.delayed) {
        h.outcome = tree.commit(view.id, h.txn);
      }
      take(core.on_commit(h.request, h.outcome, now_step()));
    }
    settle();
    return said;
  }

  /// Lets time pass; wakes the core at each moment it names. Throws when it names moments that do not advance.
  std::string pass(duration d) {
    said.clear();
    const auto end = now + d;
    settle();
    for (int n = 0;; ++n) {
      if (n > 3000) {
        throw std::runtime_error("the core wakes without rest; last: " + last_);
      }
      auto next = core.wake_at();
      if (!next || *next > end) {
        break;
      }
      now = std::max(now, *next);
      take(core.on_wake(now_step()));
      settle();
    }
    now = end;
    return said;
  }

  bool connected() const { return view.phase == store::session_phase::connected; }

  /// Transactions since the last call, as text.
  std::vector<std::string> take_written() { return std::exchange(written, {}); }
  /// Reads since the last call, as text.
  std::vector<std::string> take_asked() { return std::exchange(asked, {}); }

  Core core;
  fake_store& tree;
  time_point now = at(1000);
  /// What the wall clock of the node shows; time that passes leaves it as it is.
  std::int64_t wall_ms = 1'700'000'000'000;
  store::session_view view{store::session_phase::idle, 0, 0, std::chrono::seconds{10}, 0, {}, {}, {}};
  std::deque<commit_effect> commits;
  std::deque<read_effect> reads;
  struct held_answer {
    std::uint64_t request = 0;
    store::commit_outcome outcome;
    bool delayed = false;
    store::transaction txn;
  };
  std::deque<held_answer> held;
  /// What a leader notes down of the cluster as a whole counts among the transactions.
  bool notes = false;
  /// What happens to the next transactions, in order; afterwards the truth.
  std::deque<fate> fates;
  /// What others do just before a transaction reaches the store.
  std::function<void(const store::transaction&)> before_commit;
  /// What others do just before questions reach the store.
  std::function<void(const std::vector<store::read_op>&)> before_read;
  std::vector<std::string> written;
  /// Every read, as text: "fresh[...]" is one behind a barrier.
  std::vector<std::string> asked;
  std::vector<event> emitted;
  std::size_t reads_answered = 0;
  /// Questions within those, in all and in one.
  std::size_t single_reads = 0, largest_read = 0;
  /// What the core asked of others since the latest call.
  std::string said;
  std::vector<typename Core::effect> others;
  std::vector<keeper_core::follow> followed;
  std::vector<keeper_core::pool_changed> pool_changes;

private:
  void take_one(commit_effect& x) {
    if (x.session != view.number) {
      throw std::runtime_error("decided in session " + std::to_string(x.session) + ": " + show(x));
    }
    commits.push_back(std::move(x));
  }
  void take_one(read_effect& x) {
    asked.push_back(show(x));
    reads.push_back(std::move(x));
  }
  void take_one(emit_effect& x) { emitted.push_back(std::move(x.what)); }
  void take_one(log_effect&) {}
  /// Told by `status().settled` as well; in a transcript it is noise.
  void take_one(worker_core::settled_changed&) {}
  /// Comes with every job that is offered: tests of records look at `followed`.
  void take_one(keeper_core::follow& x) { followed.push_back(std::move(x)); }
  /// The same, of pools.
  void take_one(keeper_core::pool_changed& x) { pool_changes.push_back(std::move(x)); }
  template <class T>
  void take_one(T& x) {
    said += (said.empty() ? "" : "; ") + show(x);
    others.push_back(x);
  }

  std::uint64_t entropy_ = 1;
  std::string last_;
};

} // namespace djm::test
