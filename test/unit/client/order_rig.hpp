#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "actors/client/order_core.hpp"
#include "test/unit/cores/fake_store.hpp"

/// What the tests of a client's orders have in common.
namespace djm::test {

/// What becomes of a transaction, and what the core hears of it.
enum class fate { truth, unknown_applied, unknown_lost, lost_applied, refused };

/// Runs an order against a tree in memory, with a hand on what happens between its questions.
class order_rig {
public:
  explicit order_rig(order_core::order what, order_mode mode = order_mode::write)
    : core(settings(mode), std::move(what)) {
    prepare(tree);
    add_pool(tree, "j", {"a"});
  }

  static order_core::settings settings(order_mode mode) {
    order_core::settings s;
    s.who = "client-1";
    s.mode = mode;
    return s;
  }

  void connect() {
    view.phase = store::session_phase::connected;
    ++view.number;
    session = tree.open();
    take(core.on_session(view, now_step()));
  }
  void expire() {
    tree.end(session);
    view.phase = store::session_phase::expired;
    take(core.on_session(view, now_step()));
  }
  step now_step() { return {now, 7, 0}; }

  void take(const order_core::effects& effects) {
    for (const auto& e : effects) {
      if (const auto* r = std::get_if<read_effect>(&e)) {
        reads.push_back(*r);
      } else if (const auto* c = std::get_if<commit_effect>(&e)) {
        commits.push_back(*c);
      } else {
        REQUIRE_FALSE(result);
        result = std::get<order_core::done>(e).result;
      }
    }
  }
  void answer_read() {
    REQUIRE_FALSE(reads.empty());
    const auto r = reads.front();
    reads.pop_front();
    CHECK(r.fresh);
    take(core.on_read(r.request, tree.read(session, r.reads), now_step()));
  }
  void answer_commit(fate f = fate::truth) {
    REQUIRE_FALSE(commits.empty());
    const auto c = commits.front();
    commits.pop_front();
    store::commit_outcome outcome = store::unknown{};
    if (f == fate::refused) {
      outcome = store::rejected{{errc::no_permission, "no"}};
    } else if (f != fate::unknown_lost) {
      outcome = tree.commit(session, c.txn);
      outcome = f == fate::truth          ? outcome
                : f == fate::lost_applied ? store::commit_outcome{store::session_lost{}}
                                          : store::commit_outcome{store::unknown{}};
    }
    sent.push_back(c);
    take(core.on_commit(c.request, outcome, now_step()));
  }
  /// Until the core waits for nobody.
  void run() {
    for (int i = 0; i < 50 && !result; ++i) {
      if (!reads.empty()) {
        answer_read();
      } else if (!commits.empty()) {
        answer_commit();
      } else {
        REQUIRE(core.wake_at());
        now = *core.wake_at();
        take(core.on_wake(now_step()));
      }
    }
    REQUIRE(result);
  }
  bool enabled() const { return store::decode<store::pool_payload>(tree.data("/djm/work-pool/j"), "j")->enabled; }
  std::int32_t version(const std::string& name) const { return tree.stat("/djm/" + name).version; }

  fake_store tree;
  fake_store::session session = 0;
  store::session_view view;
  time_point now{std::chrono::seconds{1000}};
  order_core core;
  std::deque<read_effect> reads;
  std::deque<commit_effect> commits;
  std::vector<commit_effect> sent;
  std::optional<expected<order_result>> result;
};

} // namespace djm::test
