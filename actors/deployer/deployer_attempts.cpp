#include <algorithm>
#include <utility>

#include "actors/deployer/deployer_core.hpp"

/// One submission on its way to a job: marked, made, registered, released.
namespace djm {

using store::next_try;

namespace {

constexpr auto marking = "marking a submission";

} // namespace

const deployer_core::known_kind* deployer_core::kind_of(const entry& e) const {
  const auto found = std::find_if(cfg_.kinds.begin(), cfg_.kinds.end(), [&](const known_kind& k) {
    return e.what && k.name == e.what->kind && k.version >= e.what->least_version;
  });
  return found != cfg_.kinds.end() ? &*found : nullptr;
}

// -- one after the other ------------------------------------------------------------------

bool deployer_core::take_next(step s, effects& out) {
  if (stopping_) {
    return false;
  }
  for (auto& [id, e] : entries_) {
    const bool open = e.number != 0 && e.number != e.declined && e.deployed == 0 && !e.leaving;
    if (open && kind_of(e) != nullptr && take(id, e, s, out)) {
      return true;
    }
    if (e.dirty) {
      read(out);
      return true;
    }
  }
  return false;
}

bool deployer_core::take(const job_id& id, entry& e, step s, effects& out) {
  const auto step_now = store::next_of(*e.what, cfg_.node, cfg_.incarnation, e.holder);
  if (kind_of(e)->closed_tree_only && !e.loose.empty() && step_now != next_try::declined) {
    attempt_ = attempt{id, e.number, stage::releasing, {}, {}};
    decline("kind " + e.what->kind + " is taken from a tree alone that nobody but its owner may write: " + e.loose,
            out);
    return release(s, out);
  }
  switch (step_now) {
  case next_try::take: write(id, e, store::marked(*e.what, cfg_.node, cfg_.incarnation), out); return true;
  case next_try::ours: begin(id, e, s, out); return true;
  case next_try::ask:
    e.ask_holder = true;
    e.dirty = true;
    return false;
  case next_try::wait: e.waits = true; return false;
  case next_try::leave:
    if (!e.what->trying.empty()) {
      return false;
    }
    store_.complain(about(id),
                    {errc::user_code_failed, about(id) + ": " + std::to_string(e.what->died.size()) +
                                               " processes have ended in the factory of kind " + e.what->kind +
                                               ", so nobody tries any more: remove it"},
                    out);
    return false;
  case next_try::declined: return false;
  }
  return false;
}

void deployer_core::write(const job_id& id, const entry& e, const store::submission_payload& next, effects& out) {
  store::transaction txn;
  txn.ops.emplace_back(store::check_op{tree_.alive(cfg_.node)});
  txn.ops.emplace_back(store::check_op{tree_.jobs_version(), records_});
  txn.ops.emplace_back(store::set_op{tree_.submission(id), store::encode(next, e.data), e.version});
  store_.commit(marking, session_.number, std::move(txn), out,
                [id, next](deployer_core& core, const store::commit_outcome& o, step s, effects& fx) {
                  core.written(id, next, o, s, fx);
                });
}

void deployer_core::written(const job_id& id, const store::submission_payload& next, const store::commit_outcome& o,
                            step s, effects& out) {
  auto& e = entries_[id];
  if (!std::holds_alternative<store::committed>(o)) {
    e.dirty = true; // read again, then decided anew: that covers what was applied without our knowing
    const auto* no = std::get_if<store::rejected>(&o);
    if (no == nullptr) {
      store_.retry(s);
    } else if (no->why.code == errc::not_connected || no->why.code == errc::timed_out) {
      store_.retry(marking, to_string(no->why), s, out);
    } else {
      cannot_write(id, no->why, out);
    }
    return;
  }
  store_.reset_backoff();
  store_.works(marking, out);
  e.what = next;
  ++e.version;
  if (attempt_ && attempt_->now == stage::releasing) {
    attempt_.reset();
  } else if (next.trying == cfg_.node && !attempt_) {
    begin(id, e, s, out);
  }
}

/// Somebody has made it so that this node may not mark it: it is none of this node's, and holds up no other one.
void deployer_core::cannot_write(const job_id& id, const error& why, effects& out) {
  auto& e = entries_[id];
  e.declined = e.number;
  store_.complain(about(id), {why.code, about(id) + ": " + why.text}, out);
  if (attempt_ && attempt_->id == id) {
    attempt_.reset();
  }
}

void deployer_core::begin(const job_id& id, const entry& e, step s, effects& out) {
  attempt_ = attempt{id, e.number, stage::making, {}, s.now + cfg_.patience};
  out.push_back(make{e.number, e.what->kind, submitted_job{id, e.what->config, e.what->submitted_by}});
}

void deployer_core::decline(std::string why, effects& out) {
  auto& a = *attempt_;
  a.now = stage::releasing;
  out.push_back(forget_made{});
  if (stopping_) {
    return; // the node takes nothing any more: that says nothing of the submission
  }
  a.why = std::move(why);
  entries_[a.id].declined = a.number;
  store_.complain(about(a.id), {errc::user_code_failed, about(a.id) + " is declined: " + a.why}, out);
}

/// What became of the attempt is said, where the submission is there still.
bool deployer_core::release(step s, effects& out) {
  const auto& a = *attempt_;
  const auto found = entries_.find(a.id);
  if (found == entries_.end() || found->second.number != a.number || !found->second.what) {
    attempt_.reset();
    part_with(out);
    next(s, out);
    return true;
  }
  if (a.why.empty()) {
    store_.relieve(about(a.id), out);
  }
  write(a.id, found->second, store::released(*found->second.what, cfg_.node, cfg_.incarnation, a.why), out);
  return true;
}

deployer_core::effects deployer_core::on_stop(step s) {
  effects out;
  stopping_ = true;
  if (attempt_ && attempt_->now == stage::making) {
    attempt_->now = stage::releasing; // what the factory may still make comes too late
    next(s, out);
  }
  return out;
}

// -- what becomes of it --------------------------------------------------------------------

deployer_core::effects deployer_core::on_made(store::zxid_t number, const std::string& why, step s) {
  effects out;
  if (!attempt_ || attempt_->number != number || attempt_->now != stage::making) {
    out.push_back(forget_made{}); // too late
    return out;
  }
  if (!why.empty()) {
    decline(why, out);
  } else {
    // Whether the submission is there still is for the registration to find out, which is guarded.
    attempt_->now = stage::registering;
    out.push_back(register_made{attempt_->id, number});
  }
  next(s, out);
  return out;
}

deployer_core::effects deployer_core::on_registered(const job_id& id, store::zxid_t number, const std::string& why,
                                                    step s) {
  effects out;
  if (!attempt_ || attempt_->id != id || attempt_->number != number || attempt_->now != stage::registering) {
    return out;
  }
  if (why.empty()) {
    entries_[id].deployed = number;
    attempt_->now = stage::releasing;
  } else {
    decline(why, out);
  }
  next(s, out);
  return out;
}

deployer_core::effects deployer_core::on_withdrawn(const job_id& id, step s) {
  effects out;
  if (const auto e = entries_.find(id); e != entries_.end()) {
    e->second.leaving = false;
    e->second.deployed = 0;
    e->second.dirty = true;
  }
  next(s, out);
  return out;
}

} // namespace djm
