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

} // namespace

node_id candidate_worker(std::string_view name) {
  constexpr std::size_t digits = 10;
  if (!store::sequence_of(name) || name.size() <= digits + 1 || name[name.size() - digits - 1] != '-') {
    return {};
  }
  name.remove_suffix(digits + 1); // "-" and the sequence
  auto dash = name.rfind('-');
  if (dash == std::string_view::npos || !is_valid_id(name.substr(0, dash))) {
    return {};
  }
  return node_id{name.substr(0, dash)};
}

election_core::election_core(settings s)
  : cfg_(std::move(s)), tree_(cfg_.root), backoff_(cfg_.backoff_min, cfg_.backoff_max) {}

election_core::effects election_core::on_session(const store::session_view& view, step s) {
  effects out;
  (void) s;
  const bool now_connected = view.phase == store::session_phase::connected;
  if (view.number != session_.number) {
    request_ = 0;
    doing_ = doing::nothing;
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
    backoff_.reset();
    look(out);
  }
  return out;
}

election_core::effects election_core::on_joined(std::uint64_t number, step s) {
  effects out;
  (void) s;
  if (number == session_.number) {
    joined_ = number;
    look(out);
  }
  return out;
}

election_core::effects election_core::on_unjoined(step s) {
  effects out;
  (void) s;
  joined_ = 0;
  leave_office(out);
  return out;
}

election_core::effects election_core::on_resign(step s) {
  effects out;
  (void) s;
  resigned_ = true;
  leave_office(out);
  return out;
}

election_core::effects election_core::on_watch(const store::watch_event& e, step s) {
  effects out;
  (void) s;
  if (!watched_.empty() && e.path == watched_) {
    watched_.clear();
    look(out);
  }
  return out;
}

election_core::effects election_core::on_wake(step s) {
  effects out;
  if (look_at_ && s.now >= *look_at_) {
    look_at_.reset();
    // Settled: a cheap look keeps everybody informed about the leader. Otherwise a retry, behind a barrier.
    routine_ = doing_ == doing::nothing && (leading_ || !watched_.empty());
    look(out);
  }
  return out;
}

void election_core::look(effects& out) {
  if (!online()) {
    return;
  }
  if (doing_ != doing::nothing) {
    dirty_ = true;
    return;
  }
  dirty_ = false;
  doing_ = doing::listing;
  request_ = next_request_++;
  out.push_back(read_effect{request_, {store::children(tree_.latches())}, !leading_ && !routine_});
}

void election_core::look_again_later(step s) {
  look_at_ = s.now + std::max(session_.timeout, duration{std::chrono::milliseconds{100}});
}

void election_core::later(step s) {
  look_at_ = s.now + backoff_.draw(s.entropy);
}

election_core::effects election_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  if (request == 0 || request != request_) {
    return out;
  }
  request_ = 0;
  const auto what = std::exchange(doing_, doing::nothing);
  if (!online()) {
    return out;
  }
  if (r.status != store::read_status::ok || r.results.empty()) {
    routine_ = false;
    problems_.failing(looking, r.text, s.now, out);
    later(s);
    return out;
  }
  if (what == doing::inspecting) {
    decide(r, s, out);
    return out;
  }
  if (r.results[0].code != rc::ok) {
    // Who cannot see its latch does not lead. The keeper makes the folder anew.
    routine_ = false;
    names_.clear();
    watched_.clear();
    leave_office(out);
    problems_.failing(looking, tree_.latches() + " is missing", s.now, out);
    later(s);
    return out;
  }
  std::vector<std::string> names;
  std::set<std::string> impostors;
  for (const auto& name : r.results[0].children) {
    if (impostors_.count(name) > 0) {
      impostors.insert(name);
    } else if (!candidate_worker(name).empty()) {
      names.push_back(name);
    }
  }
  impostors_ = std::move(impostors);
  problems_.over_if(
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
  if (std::exchange(routine_, false) && names == names_ && (leading_ || !watched_.empty())) {
    look_again_later(s); // nothing new: one read was enough
    problems_.works(looking, out);
    if (dirty_) {
      look(out);
    }
    return out;
  }
  names_ = std::move(names);
  own_.clear();
  const auto prefix = std::string{store::name_of(tree_.latch_prefix(cfg_.node, cfg_.incarnation))};
  std::vector<store::read_op> reads;
  inspected_.clear();
  const auto inspect = [&](const std::string& name, bool watch = false) {
    inspected_.push_back(name);
    reads.push_back(store::exists(tree_.latch(name), watch));
  };
  for (const auto& name : names_) {
    if (name.compare(0, prefix.size(), prefix) == 0) {
      own_.push_back(name);
      inspect(name);
    }
  }
  // The candidate before our lowest is watched, the lowest of all names the leader.
  std::size_t before = names_.size();
  if (!own_.empty()) {
    auto first = std::find(names_.begin(), names_.end(), own_.front());
    before = first == names_.begin() ? names_.size() : static_cast<std::size_t>(first - names_.begin()) - 1;
  }
  if (before < names_.size()) {
    inspect(names_[before], true);
  }
  if (!names_.empty()) {
    inspect(names_.front());
  }
  if (reads.empty()) {
    reads.push_back(store::exists(tree_.latches()));
  }
  doing_ = doing::inspecting;
  request_ = next_request_++;
  out.push_back(read_effect{request_, std::move(reads), false});
  return out;
}

/// Sorts out the names that no session holds; true when there are any.
bool election_core::unmask(const store::read_outcome& r, effects& out) {
  bool found = false;
  for (std::size_t i = 0; i < inspected_.size(); ++i) {
    const auto path = tree_.latch(inspected_[i]);
    if (r.results[i].code == rc::ok && !held_by_session(r.results[i]) && impostors_.insert(inspected_[i]).second) {
      found = true;
      problems_.tell(path, {errc::malformed_payload, path + " is not ephemeral: nobody stands behind this candidate"},
                     out);
    }
  }
  return found;
}

void election_core::decide(const store::read_outcome& r, step s, effects& out) {
  if (unmask(r, out)) {
    names_.clear();
    look(out);
    return;
  }
  std::vector<std::string> mine;
  std::int64_t my_epoch = 0;
  for (std::size_t i = 0; i < own_.size(); ++i) {
    const auto& x = r.results[i];
    if (x.code == rc::ok && x.stat.ephemeral_owner == session_.id) {
      if (mine.empty()) {
        my_epoch = x.stat.czxid;
      }
      mine.push_back(own_[i]);
    }
  }
  if (!names_.empty() && r.results.back().code == rc::ok) {
    learn(candidate_worker(names_.front()), r.results.back().stat.czxid, out);
  }
  if (mine.empty()) {
    leave_office(out);
    doing_ = doing::entering;
    request_ = next_request_++;
    store::transaction txn;
    txn.ops.push_back(store::check_op{tree_.alive(cfg_.node)});
    txn.ops.push_back(
      store::create_op{tree_.latch_prefix(cfg_.node, cfg_.incarnation), {}, store::create_mode::ephemeral_sequential});
    out.push_back(commit_effect{request_, session_.number, std::move(txn)});
    return;
  }
  if (mine.size() > 1) {
    doing_ = doing::tidying;
    request_ = next_request_++;
    store::transaction txn;
    txn.ops.push_back(store::check_op{tree_.alive(cfg_.node)});
    for (std::size_t i = 1; i < mine.size(); ++i) {
      txn.ops.push_back(store::remove_op{tree_.latch(mine[i])});
    }
    out.push_back(commit_effect{request_, session_.number, std::move(txn)});
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
    // `own_` may start with a stranger's node of our prefix only after an expired session of ours, which the server
    // removes itself; the candidate before our own is what we wait for. It was asked about: ours is not the first of
    // all names.
    if (own_.front() != mine.front() || r.results[own_.size()].code != rc::ok) {
      problems_.failing(looking, "a candidate of a former session of this node is still there", s.now, out);
      later(s);
      return;
    }
    auto me = std::find(names_.begin(), names_.end(), mine.front());
    watched_ = tree_.latch(*(me - 1));
  }
  backoff_.reset();
  problems_.works(looking, out);
  problems_.works(standing, out); // an answer may have been lost
  look_again_later(s);
  if (dirty_) {
    look(out);
  }
}

election_core::effects election_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (request == 0 || request != request_) {
    return out;
  }
  request_ = 0;
  doing_ = doing::nothing;
  const bool done = std::holds_alternative<store::committed>(outcome);
  if (done) {
    problems_.works(standing, out);
  } else { // counted also when it has cost the connection
    const auto* no = std::get_if<store::rejected>(&outcome);
    problems_.failing(standing, no != nullptr ? no->why.text : "a conflict, or an unknown outcome", s.now, out);
  }
  if (!online()) {
    return out;
  }
  if (done) {
    look(out);
  } else {
    later(s); // unknown or not: looking again tells
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
    out.push_back(emit_effect{leader_changed{leader_, leader_epoch_}});
  }
}

election_status election_core::status() const {
  election_status st;
  st.role = leading_ ? "leading" : online() ? "candidate" : "out";
  st.epoch = epoch_;
  st.leader = leader_;
  st.leader_epoch = leader_epoch_;
  st.candidates = static_cast<std::uint32_t>(names_.size());
  return st;
}

} // namespace djm
