#include "actors/election/election_core.hpp"

#include <algorithm>
#include <utility>

#include "djm/ids.hpp"
#include "zkstore/payloads.hpp"

namespace djm {

using store::rc;

namespace {

// What may fail for long, as people read it.
constexpr auto looking = "looking for the leader";
constexpr auto standing = "standing as a candidate for leadership";
/// What is reported where nobody leads.
constexpr auto leadership = "the leadership";

} // namespace

election_core::election_core(settings s)
  : cfg_(std::move(s)),
    tree_(cfg_.root),
    store_(open_problems{"election"}, backoff{cfg_.backoff_min, cfg_.backoff_max}) {}

election_core::effects election_core::on_session(const store::session_view& view, step) {
  effects out;
  const bool now_connected = view.phase == store::session_phase::connected;
  if (view.number != session_.number) {
    store_.drop();
    watched_.clear();
    joined_ = 0;
  }
  session_ = view;
  const bool back = now_connected && !connected_;
  connected_ = now_connected;
  if (!connected_) {
    leave_office(out);
    if (view.phase != store::session_phase::suspended) {
      joined_ = 0;
    }
  } else if (back) {
    store_.reset_backoff();
    look(out);
  }
  return out;
}

election_core::effects election_core::on_joined(std::uint64_t number, step) {
  effects out;
  if (number == session_.number) {
    joined_ = number;
    look(out);
  }
  return out;
}

election_core::effects election_core::on_unjoined(step) {
  effects out;
  joined_ = 0;
  leave_office(out);
  return out;
}

election_core::effects election_core::on_resign(step) {
  effects out;
  resigned_ = true;
  leave_office(out);
  return out;
}

election_core::effects election_core::on_watch(const store::watch_event& e, step) {
  effects out;
  if (!watched_.empty() && e.path == watched_) {
    watched_.clear();
    look(out);
  }
  return out;
}

election_core::effects election_core::on_wake(step s) {
  effects out;
  if (store_.on_wake(s)) {
    // Settled: a cheap look keeps everybody informed about the leader. Otherwise a retry, behind a barrier.
    routine_ = store_.idle() && settled();
    look(out);
  }
  return out;
}

void election_core::look(effects& out) {
  if (!online()) {
    return;
  }
  if (!store_.idle()) {
    dirty_ = true;
    return;
  }
  dirty_ = false;
  read_batch ask;
  const auto latches = ask.children(tree_.latches());
  store_.read(looking, ask, !leading_ && !routine_, out, &election_core::listed, latches);
}

void election_core::look_again_later(step s) {
  store_.retry_at(s.now + std::max(session_.timeout, duration{std::chrono::milliseconds{100}}));
}

election_core::effects election_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  const auto q = store_.answered(request, r, out);
  if (!q || !online()) {
    return out;
  }
  if (!q->ok()) {
    routine_ = false;
    store_.retry(looking, q->text, s, out);
    return out;
  }
  q->then(*this, s, out);
  return out;
}

void election_core::listed(const read_slot& slot, step s, effects& out) {
  const auto& latches = *slot;
  if (latches.code != rc::ok) {
    // Who cannot see its latch does not lead. The keeper makes the folder anew.
    routine_ = false;
    names_.clear();
    watched_.clear();
    leave_office(out);
    store_.retry(looking, tree_.latches() + " is missing", s, out);
    return;
  }
  std::vector<std::string> names;
  std::set<std::string> impostors;
  for (const auto& name : latches.children) {
    if (impostors_.count(name) > 0) {
      impostors.insert(name);
    } else if (!store::candidate_worker(name).empty()) {
      names.push_back(name);
    }
  }
  impostors_ = std::move(impostors);
  store_.over_if(
    [&](const std::string& about) {
      return about.compare(0, tree_.latches().size(), tree_.latches()) == 0 &&
             impostors_.count(std::string{store::name_of(about)}) == 0;
    },
    out);
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    auto x = *store::sequence_of(a);
    auto y = *store::sequence_of(b);
    return x != y ? x < y : a < b;
  });
  if (std::exchange(routine_, false) && names == names_ && settled()) {
    look_again_later(s); // nothing new: one read was enough
    store_.works(looking, out);
    if (dirty_) {
      look(out);
    }
    return;
  }
  names_ = std::move(names);
  inspect(out);
}

/// Asks about our own candidates, the one before our lowest, which is watched, and the lowest of all, which leads.
void election_core::inspect(effects& out) {
  const auto prefix = std::string{store::name_of(tree_.latch_prefix(cfg_.node, cfg_.incarnation))};
  std::vector<std::string> own;
  std::copy_if(names_.begin(), names_.end(), std::back_inserter(own),
               [&](const std::string& name) { return name.compare(0, prefix.size(), prefix) == 0; });
  const auto before = own.empty() ? names_.begin() : std::find(names_.begin(), names_.end(), own.front());
  read_batch ask;
  inspection seen{ask, {}, {}, {}};
  seen.own = ask.each(own, [this](const std::string& name) { return store::exists(tree_.latch(name)); });
  if (before != names_.begin()) {
    seen.before = ask.exists(tree_.latch(*(before - 1)), true);
  }
  if (!names_.empty()) {
    seen.lowest = ask.exists(tree_.latch(names_.front()));
  } else {
    ask.exists(tree_.latches());
  }
  store_.read(looking, ask, false, out, &election_core::decide, seen);
}

/// Sorts out the names that no session holds; true when there are any.
bool election_core::unmask(const read_batch& asked, effects& out) {
  bool found = false;
  for (const auto& [read, latch] : asked) {
    if (latch.code == rc::ok && !held_by_session(latch) &&
        impostors_.insert(std::string{store::name_of(read.path)}).second) {
      found = true;
      store_.complain(read.path,
                      {errc::malformed_payload, read.path + " is not ephemeral: nobody stands behind this candidate"},
                      out);
    }
  }
  return found;
}

void election_core::decide(const inspection& seen, step s, effects& out) {
  if (!names_.empty() && unmask(seen.all, out)) {
    names_.clear();
    look(out);
    return;
  }
  std::vector<std::string> mine;
  std::int64_t my_epoch = 0;
  for (const auto& [name, x] : seen.own) {
    if (x->code == rc::ok && x->stat.ephemeral_owner == session_.id) {
      if (mine.empty()) {
        my_epoch = x->stat.czxid;
      }
      mine.push_back(name);
    }
  }
  if (!names_.empty() && seen.lowest->code == rc::ok) {
    learn(store::candidate_worker(names_.front()), seen.lowest->stat.czxid, out);
  }
  if (!cfg_.stands) {
    observe(seen, s, out);
    return;
  }
  if (mine.size() != 1) {
    if (mine.empty()) {
      leave_office(out);
    }
    stand(mine, out);
    return;
  }
  if (names_.front() == mine.front()) {
    if (!leading_) {
      leading_ = true;
      epoch_ = my_epoch;
      out.push_back(granted{epoch_, tree_.latch(mine.front()), session_.number});
    }
  } else {
    leave_office(out);
    // Our own may start with a stranger's node of our prefix only after an expired session of ours, which the server
    // removes itself; the candidate before our own is what we wait for. It was asked about: ours is not the first of
    // all names.
    if (seen.own.front().first != mine.front() || seen.before->code != rc::ok) {
      store_.retry(looking, "a candidate of a former session of this node is still there", s, out);
      return;
    }
    auto me = std::find(names_.begin(), names_.end(), mine.front());
    watched_ = tree_.latch(*(me - 1));
  }
  store_.reset_backoff();
  store_.works(looking, out);
  store_.works(standing, out); // an answer may have been lost
  look_again_later(s);
  if (dirty_) {
    look(out);
  }
}

/// Keeps an eye on who leads. That somebody is about to is no problem: one look without a leader is nothing yet.
void election_core::observe(const inspection& seen, step s, effects& out) {
  const bool led = !names_.empty() && seen.lowest->code == rc::ok;
  if (led) {
    store_.relieve(leadership, out);
  } else {
    names_.clear(); // one that went meanwhile is not waited for
    learn({}, 0, out);
    if (leaderless_) {
      store_.complain(leadership,
                      {errc::invalid_state, "nobody leads, and this node does not stand: nothing is assigned"}, out);
    }
  }
  leaderless_ = !led;
  store_.reset_backoff();
  store_.works(looking, out);
  look_again_later(s);
  if (dirty_) {
    look(out);
  }
}

/// Becomes a candidate; one that has several latches keeps the lowest.
void election_core::stand(const std::vector<std::string>& mine, effects& out) {
  store::transaction txn;
  txn.ops.push_back(store::check_op{tree_.alive(cfg_.node)});
  if (mine.empty()) {
    txn.ops.push_back(
      store::create_op{tree_.latch_prefix(cfg_.node, cfg_.incarnation), {}, store::create_mode::ephemeral_sequential});
  }
  for (std::size_t i = 1; i < mine.size(); ++i) {
    txn.ops.push_back(store::remove_op{tree_.latch(mine[i])});
  }
  store_.commit(standing, session_.number, std::move(txn), out);
}

election_core::effects election_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (!store_.answered(request)) {
    return out;
  }
  const bool done = std::holds_alternative<store::committed>(outcome);
  if (done) {
    store_.works(standing, out);
  } else { // counted also when it has cost the connection
    const auto* no = std::get_if<store::rejected>(&outcome);
    store_.failing(standing, no != nullptr ? no->why.text : "a conflict, or an unknown outcome", s.now, out);
  }
  if (!online()) {
    return out;
  }
  if (done) {
    look(out);
  } else {
    store_.retry(s); // unknown or not: looking again tells
  }
  return out;
}

void election_core::leave_office(effects& out) {
  if (leading_) {
    leading_ = false;
    epoch_ = 0;
    out.push_back(revoked{});
  }
}

void election_core::learn(node_id leader, std::int64_t epoch, effects& out) {
  if (leader != leader_ || epoch != leader_epoch_) {
    leader_ = std::move(leader);
    leader_epoch_ = epoch;
    ++changes_;
    out.push_back(emit_effect{leader_changed{leader_, leader_epoch_}});
  }
}

election_status election_core::status() const {
  election_status st;
  st.role = leading_      ? election_role::leading
            : !online()   ? election_role::out
            : cfg_.stands ? election_role::candidate
                          : election_role::observer;
  st.epoch = epoch_;
  st.leader = leader_;
  st.leader_epoch = leader_epoch_;
  st.changes = changes_;
  st.candidates = static_cast<std::uint32_t>(names_.size());
  return st;
}

} // namespace djm
