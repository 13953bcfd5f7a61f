#include <doctest/doctest.h>

#include <cstdlib>

#include "session_world.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::store::test;

namespace {

constexpr std::size_t nodes = 4;

std::string node(std::size_t i) {
  return "/n" + std::to_string(i);
}

/// What really happened, written down as the ensemble commits.
struct truth {
  std::map<std::string, zxid_t> applied;
  std::map<session_id_t, time_point> ended;
  std::uint64_t hash = 14695981039346656037ULL;

  void mix(std::uint64_t x) { hash = (hash ^ x) * 1099511628211ULL; }
};

/// A client that writes unique values, reads, watches and probes, and remembers what it was told.
class actor final : public session_world::peer {
public:
  actor(session_world& w, truth& t) : w_(w), t_(t) {
    session_limits limits;
    limits.operation_deadline = milliseconds{1500};
    core = session_core{limits};
    options.session_timeout = seconds{4};
  }

  void write(std::size_t n) {
    const auto request = ++last_;
    const auto value = std::to_string(index) + "-" + std::to_string(request);
    writes_[request] = value;
    w_.run(*this, core.commit({1, request}, core.view().number, {{set_op{node(n), value, any_version}}}, w_.now));
  }

  void read(std::size_t n, bool fresh, bool watch) {
    const auto request = ++last_;
    const auto* now = w_.ensemble.committed().tree().find(node(n));
    reads_[request] = {n, fresh, now ? now->header.mzxid : 0};
    w_.run(*this, core.read({1, request}, {get(node(n), watch)}, fresh, w_.now));
  }

  void join() {
    if (core.view().phase != session_phase::connected || joined_ == core.view().number || join_request_ != 0) {
      return;
    }
    const auto request = ++last_;
    join_request_ = request;
    joining_ = core.view().number;
    w_.run(*this, core.commit({1, request}, core.view().number,
                              {{create_op{"/alive" + std::to_string(index), "", create_mode::ephemeral}}}, w_.now));
  }

  void on(session_core::effect& effect) override {
    if (auto* x = std::get_if<session_core::commit_done>(&effect)) {
      on_commit(*x);
    } else if (auto* read = std::get_if<session_core::read_done>(&effect)) {
      on_read(*read);
    } else if (auto* watch = std::get_if<session_core::watch_fired>(&effect)) {
      on_watch(*watch);
    } else if (auto* changed = std::get_if<session_core::session_changed>(&effect)) {
      on_session(changed->view);
    } else if (auto* contact = std::get_if<session_core::contact_advanced>(&effect)) {
      on_contact(*contact);
    }
  }

  void check_end() {
    CHECK(core.view().phase == session_phase::connected);
    CHECK(writes_.empty());
    CHECK(reads_.empty());
    for (const auto& [value, zxid] : committed_values) {
      const auto& logged = value;
      CAPTURE(logged);
      REQUIRE(t_.applied.count(value) == 1);
      CHECK(t_.applied[value] == zxid);
    }
    for (const auto& value : refused_values) {
      CHECK(t_.applied.count(value) == 0);
    }
    for (const auto& [n, seen] : watching_) {
      // Nobody told us of a change, so there was none.
      const auto* now = w_.ensemble.committed().tree().find(node(n));
      REQUIRE(now);
      CHECK(now->header.mzxid == seen);
    }
  }

  std::map<std::string, zxid_t> committed_values;
  std::set<std::string> refused_values;
  std::size_t unknowns = 0;
  std::size_t contacts = 0;
  std::size_t fresh_answers = 0;
  std::size_t sessions_lost = 0;
  std::size_t events = 0;

private:
  struct asked {
    std::size_t n;
    bool fresh;
    zxid_t at_least;
  };

  void on_commit(session_core::commit_done& x) {
    t_.mix(x.outcome.index() + 1);
    if (x.to.request == join_request_) {
      join_request_ = 0;
      if (std::holds_alternative<committed>(x.outcome) && joining_ == core.view().number) {
        joined_ = joining_;
        w_.at(w_.now, [this] { w_.run(*this, core.start_probing(joined_, "/alive" + std::to_string(index), w_.now)); });
      }
      return;
    }
    REQUIRE(writes_.count(x.to.request) == 1); // Each is answered once.
    const auto value = writes_[x.to.request];
    writes_.erase(x.to.request);
    if (auto* done = std::get_if<committed>(&x.outcome)) {
      committed_values[value] = done->zxid;
    } else if (std::holds_alternative<conflict>(x.outcome) || std::holds_alternative<rejected>(x.outcome)) {
      refused_values.insert(value);
    } else {
      ++unknowns;
    }
  }

  void on_read(session_core::read_done& x) {
    REQUIRE(reads_.count(x.to.request) == 1);
    const auto question = reads_[x.to.request];
    reads_.erase(x.to.request);
    t_.mix(static_cast<std::uint64_t>(x.outcome.status) + 10);
    if (x.outcome.status != read_status::ok) {
      return;
    }
    const auto& r = x.outcome.results.at(0);
    t_.mix(static_cast<std::uint64_t>(r.stat.mzxid));
    if (question.fresh) {
      ++fresh_answers;
      CHECK(r.stat.mzxid >= question.at_least);
    }
    // One session never sees time run backwards.
    CHECK(r.stat.mzxid >= seen_[question.n]);
    seen_[question.n] = r.stat.mzxid;
    if (r.watched) {
      watching_[question.n] = r.stat.mzxid;
    }
  }

  void on_watch(session_core::watch_fired& x) {
    ++events;
    CHECK(x.clients == std::vector<std::uint32_t>{1});
    watching_.erase(static_cast<std::size_t>(std::stoul(x.event.path.substr(2))));
    t_.mix(99);
  }

  void on_session(const session_view& view) {
    t_.mix(static_cast<std::uint64_t>(view.phase) + 1000);
    if (view.phase == session_phase::expired || view.phase == session_phase::closed) {
      ++sessions_lost;
      watching_.clear();
      seen_.clear();
      if (contact_ && t_.ended.count(view.id)) {
        // The lease: the ensemble ended the session no earlier than a timeout after contact.
        CHECK(t_.ended[view.id] - *contact_ >= view.timeout);
      }
      contact_.reset();
    }
  }

  void on_contact(const session_core::contact_advanced& x) {
    ++contacts;
    CHECK(x.number == core.view().number);
    CHECK(x.number == joined_);
    CHECK((!contact_ || x.contact > *contact_));
    CHECK(x.contact + core.view().timeout / 3 <= w_.now);
    contact_ = x.contact;
    // The session may have ended already without our knowing: then not before contact + T either.
    if (const auto i = t_.ended.find(core.view().id); i != t_.ended.end()) {
      CHECK(i->second - x.contact >= core.view().timeout);
    }
  }

  session_world& w_;
  truth& t_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::string> writes_;
  std::map<std::uint64_t, asked> reads_;
  std::map<std::size_t, zxid_t> seen_;
  std::map<std::size_t, zxid_t> watching_;
  std::uint64_t join_request_ = 0;
  std::uint64_t joining_ = 0;
  std::uint64_t joined_ = 0;
  std::optional<time_point> contact_;
};

struct totals {
  std::uint64_t hash = 0;
  std::size_t committed = 0, unknowns = 0, contacts = 0, fresh = 0, lost = 0, events = 0, elections = 0, steps = 0;
};

totals simulate(std::uint64_t seed) {
  ensemble_options o;
  o.servers = 3;
  truth t;
  session_world w{o, seed};
  auto& dice = w.random;
  w.ensemble.set_observer([&](const committed_transaction& x, time_point when) {
    t.mix(static_cast<std::uint64_t>(x.zxid));
    for (const auto& change : x.changes) {
      if (change.what == node_change::kind::set) {
        CHECK(t.applied.count(change.data) == 0); // Nothing is ever applied twice.
        t.applied[change.data] = x.zxid;
      }
    }
    if (x.ends_session) {
      t.ended[x.session] = when;
    }
  });
  std::vector<actor*> actors;
  for (std::size_t i = 0; i < 4; ++i) {
    auto a = std::make_unique<actor>(w, t);
    actors.push_back(a.get());
    a->delay = milliseconds{static_cast<int>(dice.below(40))};
    w.add(std::move(a));
    w.run(*actors.back(), actors.back()->core.open(w.now));
  }
  w.pass(seconds{2});
  transaction first;
  for (std::size_t n = 0; n < nodes; ++n) {
    first.ops.emplace_back(create_op{node(n), "", create_mode::persistent});
  }
  // By a hand-made connection, so that no actor sees an answer it has not asked for.
  const connection_t by_hand = 7;
  const auto leader = *w.ensemble.leader();
  w.ensemble.connect(by_hand, leader, w.now);
  w.ensemble.receive(by_hand, wire::hello{0, 0, 0, seconds{4}, {}}, w.now);
  w.ensemble.receive(by_hand, wire::request{1, first}, w.now);
  w.ensemble.receive(by_hand, wire::goodbye{}, w.now);
  w.pass(milliseconds{10});

  std::set<std::size_t> down;
  for (int round = 0; round < 250; ++round) {
    auto& a = *actors[dice.below(actors.size())];
    const auto n = dice.below(nodes);
    switch (dice.below(16)) {
    case 0:
    case 1:
    case 2:
    case 3: a.write(n); break;
    case 4:
    case 5:
    case 6: a.read(n, true, dice.chance(50)); break;
    case 7:
    case 8:
    case 9: a.read(n, false, dice.chance(50)); break;
    case 10: w.cut_peer(a, dice.chance(50)); break;
    case 11: w.ensemble.set_link(dice.below(3), dice.below(3), dice.chance(70), w.now); break;
    case 12: w.ensemble.set_lag(dice.below(3), milliseconds{static_cast<int>(dice.below(400))}); break;
    case 13:
      if (dice.chance(30)) {
        const auto s = dice.below(3);
        w.ensemble.crash(s, w.now);
        down.insert(s);
      }
      break;
    case 14:
      for (const auto s : std::exchange(down, {})) {
        w.ensemble.restart(s, w.now);
      }
      break;
    default:
      for (auto* x : actors) {
        x->join();
      }
      break;
    }
    w.pass(milliseconds{static_cast<int>(dice.below(dice.chance(10) ? 3000 : 200))});
  }
  // Everything heals; after a while everybody is well again.
  for (const auto s : down) {
    w.ensemble.restart(s, w.now);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      w.ensemble.set_link(i, k, true, w.now);
    }
  }
  for (std::size_t s = 0; s < 3; ++s) {
    w.ensemble.set_lag(s, duration::zero());
  }
  for (auto* a : actors) {
    w.cut_peer(*a, false);
  }
  w.pass(seconds{60});
  totals sum;
  for (auto* a : actors) {
    a->check_end();
    sum.committed += a->committed_values.size();
    sum.unknowns += a->unknowns;
    sum.contacts += a->contacts;
    sum.fresh += a->fresh_answers;
    sum.lost += a->sessions_lost;
    sum.events += a->events;
  }
  for (std::size_t s = 0; s < 3; ++s) {
    CHECK(w.ensemble.data_of(s).zxid() == w.ensemble.committed().zxid());
  }
  sum.hash = t.hash;
  sum.elections = w.ensemble.epoch();
  sum.steps = w.steps;
  return sum;
}

} // namespace

TEST_CASE("world: under random faults outcomes are true, fresh reads are fresh, contact is safe, no event is lost") {
  const auto* chosen = std::getenv("DJM_SEED");
  const std::uint64_t from = chosen ? std::strtoull(chosen, nullptr, 10) : 1;
  const std::uint64_t count = chosen ? 1 : 150;
  totals all;
  for (auto seed = from; seed < from + count; ++seed) {
    INFO("replay with DJM_SEED=" << seed);
    const auto t = simulate(seed);
    all.committed += t.committed;
    all.unknowns += t.unknowns;
    all.contacts += t.contacts;
    all.fresh += t.fresh;
    all.lost += t.lost;
    all.events += t.events;
    all.elections += t.elections;
    all.steps += t.steps;
  }
  MESSAGE("committed " << all.committed << ", unknown " << all.unknowns << ", contacts " << all.contacts << ", fresh "
                       << all.fresh << ", sessions lost " << all.lost << ", events " << all.events << ", elections "
                       << all.elections << ", steps " << all.steps);
  if (!chosen) {
    // "Nothing failed" means something only when all of this happened.
    CHECK(all.committed > 1000);
    CHECK(all.unknowns > 100);
    CHECK(all.contacts > 100);
    CHECK(all.fresh > 500);
    CHECK(all.lost > 50);
    CHECK(all.events > 100);
    CHECK(all.elections > count);
  }
}

TEST_CASE("world: the same seed gives the same history") {
  for (std::uint64_t seed = 1000; seed < 1005; ++seed) {
    CHECK(simulate(seed).hash == simulate(seed).hash);
  }
}
