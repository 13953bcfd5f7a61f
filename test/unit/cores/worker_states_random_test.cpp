#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>
#include <set>

#include "test/unit/cores/driver.hpp"
#include "zkstore/job_payloads.hpp"

using namespace djm;
using namespace djm::test;

/// Two workers that hold items in turn, their runs, a leader and an operator, in random order over one store: each
/// question is answered when chance wants it, some never, and sessions end in the middle of everything.
namespace {

using std::chrono::seconds;

worker_core::settings settings_of(const node_id& id, const std::string& incarnation) {
  worker_core::settings s;
  s.node = id;
  s.incarnation = incarnation;
  s.detach_tolerance = seconds{10};
  s.stop_grace = seconds{1};
  s.state_patience = seconds{5};
  return s;
}

class states_game {
public:
  explicit states_game(unsigned seed) : chance_(seed) {
    prepare(tree_);
    for (auto& n : nodes_) {
      n.d.take(n.d.core.on_job_added("j", n.d.now_step()));
    }
    for (const auto& item : {"a", "b"}) {
      truths_[item_id{item}];
    }
  }

  /// What is wrong; empty: nothing.
  std::string play(int steps) {
    for (int n = 0; n < steps && wrong_.empty(); ++n) {
      step_once();
      look();
    }
    return wrong_;
  }
  std::uint64_t told() const { return told_; }

private:
  struct node {
    node(const node_id& n, const std::string& i, fake_store& t) : id(n), life(i), d(settings_of(n, i), t) {}
    node_id id;
    std::string life;
    driver<worker_core> d;
    bool joined = false;
    std::map<item_id, fencing_token> granted;
    std::set<item_id> revoked;
  };
  struct wish {
    item_id item;
    std::string save; ///< empty: a load
    std::size_t since = 0;
  };
  struct truth {
    /// All states that there ever were; the first is none.
    std::vector<std::string> history{""};
    fencing_token token = 0;
    node_id owner;
  };

  unsigned draw(unsigned n) { return std::uniform_int_distribution<unsigned>{0, n - 1}(chance_); }
  void fail_with(const std::string& text) { wrong_ = wrong_.empty() ? text : wrong_; }

  void step_once() {
    auto& n = nodes_[draw(2)];
    switch (draw(24)) {
    case 0: return move(draw(2) == 0 ? "a" : "b");
    case 1: return end_session(n);
    case 2: return operate(draw(2) == 0 ? "a" : "b");
    case 3: return pass(n);
    case 4: return give_back(n);
    case 5: return suspend(n);
    case 6:
    case 7:
    case 8: return ask(n);
    default: return answer(n);
    }
  }

  void come(node& n) {
    if (!n.d.connected()) {
      n.d.view.phase = store::session_phase::connected;
      if (n.d.view.id == 0 || !tree_.is_open(n.d.view.id)) {
        ++n.d.view.number;
        n.d.view.id = tree_.open();
        n.d.view.connects = 1;
      } else {
        ++n.d.view.connects;
      }
      n.d.take(n.d.core.on_session(n.d.view, n.d.now_step()));
    }
    if (!n.joined) {
      enlist(tree_, n.d.view.id, n.id, n.life, {"j"});
      n.joined = true;
      n.d.take(n.d.core.on_joined(n.d.view.number, tree_.data("/djm/alive/" + n.id), n.d.now_step()));
    }
  }

  void suspend(node& n) {
    if (!n.d.connected()) {
      return come(n);
    }
    lose_questions(n, true);
    n.d.view.phase = store::session_phase::suspended;
    n.d.take(n.d.core.on_session(n.d.view, n.d.now_step()));
  }

  /// What is under way arrives or does not; nobody hears which.
  void lose_questions(node& n, bool lives) {
    for (auto& q : std::exchange(n.d.commits, {})) {
      if (draw(2) == 0) {
        tree_.commit(n.d.view.id, q.txn);
        look();
      }
      if (lives) {
        n.d.take(n.d.core.on_commit(q.request, store::unknown{}, n.d.now_step()));
      }
    }
    for (auto& q : std::exchange(n.d.reads, {})) {
      if (lives) {
        n.d.take(n.d.core.on_read(q.request, {store::read_status::failed, {}, "lost"}, n.d.now_step()));
      }
    }
  }

  void end_session(node& n) {
    if (n.d.view.id == 0 || !tree_.is_open(n.d.view.id)) {
      return;
    }
    lose_questions(n, false);
    tree_.end(n.d.view.id);
    n.joined = false;
    n.d.view.phase = store::session_phase::expired;
    n.d.take(n.d.core.on_session(n.d.view, n.d.now_step()));
    if (draw(3) == 0) { // away for longer than D: its runs have ended with their lease, and its locks are broken
      for (const auto& [item, token] : std::exchange(n.granted, {})) {
        n.d.take(n.d.core.on_released("j", {item}, n.d.now_step()));
      }
      n.revoked.clear();
      for (const auto& item : {"a", "b"}) {
        const auto path = std::string{"/djm/locks/j/"} + item + ".lock";
        if (tree_.has(path) && store::decode<store::lock_payload>(tree_.data(path), path)->worker == n.id) {
          tree_.erase(path);
        }
      }
    }
  }

  void move(const item_id& item) {
    auto& t = truths_[item];
    const auto& to = nodes_[draw(2)].id;
    if (t.owner == to) {
      return;
    }
    for (auto& n : nodes_) {
      if (n.id == t.owner) {
        unassign(tree_, n.id, n.life, "j", {item});
      } else if (n.id == to) {
        assign(tree_, n.id, n.life, "j", {item});
      }
    }
    t.owner = to;
  }

  /// What an operator sets.
  void operate(const item_id& item) {
    const auto path = "/djm/states/j/" + item;
    auto p =
      tree_.has(path) ? store::decode<store::state_payload>(tree_.data(path), path).value() : store::state_payload{};
    ++p.epoch;
    p.saved_by = node_id{};
    p.state = bytes_of("operator " + std::to_string(++states_));
    tree_.put(path, store::encode(p));
  }

  void pass(node& n) {
    n.d.now += std::chrono::milliseconds{draw(2500)};
    n.d.take(n.d.core.on_wake(n.d.now_step()));
  }

  void give_back(node& n) {
    if (n.revoked.empty()) {
      return;
    }
    const auto item = *n.revoked.begin();
    n.revoked.erase(item);
    n.granted.erase(item);
    n.d.take(n.d.core.on_released("j", {item}, n.d.now_step()));
  }

  void ask(node& n) {
    if (n.granted.empty()) {
      return;
    }
    const auto g = std::next(n.granted.begin(), draw(static_cast<unsigned>(n.granted.size())));
    const auto id = ++wishes_;
    wish w{g->first, draw(2) == 0 ? "" : n.id + " " + std::to_string(++states_), truths_[g->first].history.size() - 1};
    asked_[id] = w;
    n.d.take(n.d.core.on_state_wish(
      {id, {"j", g->first}, g->second, w.save.empty() ? std::nullopt : std::optional{bytes_of(w.save)}},
      n.d.now_step()));
  }

  void answer(node& n) {
    if (!n.d.connected()) {
      return come(n);
    }
    if (tree_.has_events(n.d.view.id)) {
      for (const auto& e : tree_.take_events(n.d.view.id)) {
        n.d.take(n.d.core.on_watch(e, n.d.now_step()));
      }
    } else if (!n.d.commits.empty()) { // in the order of the session
      if (draw(8) == 0) {
        n.d.fates = {draw(2) == 0 ? fate::unknown_applied : fate::unknown_lost};
      }
      n.d.answer_commit();
    } else if (!n.d.reads.empty()) {
      const auto q = std::move(n.d.reads.front());
      n.d.reads.pop_front();
      n.d.take(n.d.core.on_read(q.request, tree_.read(n.d.view.id, q.reads), n.d.now_step()));
    }
  }

  /// What has come of it.
  void look() {
    for (auto& [item, t] : truths_) {
      const auto path = "/djm/states/j/" + item;
      if (!tree_.has(path)) {
        continue;
      }
      const auto p = store::decode<store::state_payload>(tree_.data(path), path).value();
      const std::string state(p.state->data.begin(), p.state->data.end());
      if (p.token < t.token) {
        fail_with("a former turn has saved " + state);
      }
      t.token = p.token;
      if (state != t.history.back()) {
        if (refused_.count(state) > 0) {
          fail_with("refused, and there: " + state);
        }
        t.history.push_back(state);
      }
    }
    for (auto& n : nodes_) {
      for (auto& e : std::exchange(n.d.others, {})) {
        if (const auto* g = std::get_if<item_grant>(&e)) {
          for (const auto& i : g->items) {
            n.granted[i.id] = i.token;
          }
        } else if (const auto* v = std::get_if<item_revocation>(&e)) {
          n.revoked.insert(v->items.begin(), v->items.end());
        } else if (const auto* a = std::get_if<state_answer>(&e)) {
          judge(*a);
        } else if (std::holds_alternative<registration_lost>(e)) {
          n.joined = false;
        }
      }
    }
  }

  void judge(const state_answer& a) {
    const auto asked = asked_.extract(a.id);
    if (asked.empty()) {
      return fail_with("answered twice");
    }
    const auto& w = asked.mapped();
    const auto& history = truths_[w.item].history;
    const auto from = history.begin() + static_cast<std::ptrdiff_t>(w.since);
    const auto seen = [&](const std::string& x) { return std::find(from, history.end(), x) != history.end(); };
    ++told_;
    if (w.save.empty()) {
      if (a.what) {
        const auto got = *a.what ? std::string((*a.what)->data.begin(), (*a.what)->data.end()) : "";
        if (!seen(got)) {
          fail_with("loaded \"" + got + "\", which was over before");
        }
      }
    } else if (a.what) {
      if (!seen(w.save)) {
        fail_with("told as saved, and never there: " + w.save);
      }
    } else if (a.what.error().code == errc::conflict) {
      // It may have been there, and the operator has set another since.
      if (seen(w.save) && history.back() == w.save) {
        fail_with("told as a conflict, and there: " + w.save);
      }
    } else if (a.what.error().code != errc::unknown_outcome) {
      if (seen(w.save)) {
        fail_with(std::string{"told as "} + to_string(a.what.error().code) + ", and there: " + w.save);
      }
      refused_.insert(w.save);
    }
  }

  std::mt19937 chance_;
  fake_store tree_;
  std::array<node, 2> nodes_{node{"w", "i1", tree_}, node{"v", "i2", tree_}};
  std::map<item_id, truth> truths_;
  std::map<std::uint64_t, wish> asked_;
  std::set<std::string> refused_;
  std::uint64_t wishes_ = 0, states_ = 0, told_ = 0;
  std::string wrong_;
};

} // namespace

TEST_CASE("states: in any order of events a load gives what was there, and a save is what it was told to be") {
  std::uint64_t told = 0;
  for (unsigned seed = 1; seed <= 1500; ++seed) {
    states_game game{seed};
    const auto wrong = game.play(600);
    CAPTURE(seed);
    CHECK(wrong == "");
    told += game.told();
    if (!wrong.empty()) {
      break;
    }
  }
  CHECK(told > 20'000);
}
