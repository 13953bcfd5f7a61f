#include <algorithm>

#include <fmt/format.h>

#include "test/sim/judge.hpp"
#include "zkstore/payloads.hpp"

/// A store that goes back begins another history. What is judged from then on is of that one: whoever goes on in a life
/// of before is on its own until it has noticed.
namespace djm::sim {

void judge::history_begins(const store::znode_tree& tree, store::zxid_t latest, time_point now) {
  common_ = latest;
  history_began_ = now;
  image_ = tree_image{root_};
  records_ = record_rules{root_};
  preparations_ = prepare_rules{root_};
  model_ = model_rules{root_};
  states_.history_begins();
  memory_.history_begins();
  refusals_.forget();
  room_.forget();
  moves_ = {};
  moves_.plans_are_cut(); // who was settled and who had left before is not known
  gone_since_.clear();
  last_leader_ = 0;
  debts_.hindered(now);
  turns_.forget_starts();
  commands_.history_begins();
  for (const auto& path : tree.paths()) {
    const auto* node = tree.find(path);
    store::node_change change;
    change.path = path;
    change.data = node->data;
    change.acl = node->header.acl;
    change.ephemeral_owner = node->header.ephemeral_owner;
    if (change.ephemeral_owner != 0) {
      former_sessions_.insert(change.ephemeral_owner);
    }
    const auto e = image_.read(change);
    records_.sees(change, 0, false, true, image_, [](const std::string&) {});
    preparations_.sees(change, true, [](const std::string&) {});
    model_.sees(change, false, true, [](const char*, const std::string&) {});
    states_.sees(change, e, node->header.czxid, true, [](const std::string&) {});
    memory_.sees(change, e, node->header.czxid, true, [](const char*, const std::string&) {});
    moves_.sees(change, e, image_, now);
    image_.apply(change, e, node->header.czxid);
  }
  moves_.transaction_ends(image_, now, [](const std::string&) {});
  for (auto& item : items_) {
    item.highest = 0;
    item.holder = 0;
  }
  for (auto& [key, run] : runs_) {
    run.former = true;
  }
  for (auto& [number, h] : hosts_) {
    h.former = true;
    h.former_deadline = h.deadline;
    old_lives_.insert(h.incarnation);
  }
}

/// A lock that the copy does not have. A node that goes on in its life finds out when it reads its locks again; until
/// then it works with it (README, "Restore the store").
bool judge::of_lost_history(const host& h, const std::string& key, fencing_token token, time_point now) const {
  constexpr int epoch_bits = 32;
  const auto l = image_.locks().find(key);
  return h.former_deadline && now <= *h.former_deadline && token > static_cast<fencing_token>(common_) &&
         token >> epoch_bits == static_cast<fencing_token>(common_) >> epoch_bits &&
         (l == image_.locks().end() || l->second.incarnation != h.incarnation || l->second.token != token);
}

/// What a session that goes on decides may rest on the history before, until its node has read again.
bool judge::is_of_before(store::session_id_t session, time_point now) const {
  constexpr std::chrono::seconds reads_again{6}; // T, D, and back-offs
  return former_sessions_.count(session) > 0 && now - history_began_ < reads_again;
}

bool judge::is_own_lock(const std::string& key, store::session_id_t session) const {
  const auto l = image_.locks().find(key);
  if (l == image_.locks().end()) {
    return false;
  }
  const auto a = image_.alive().find(l->second.worker);
  return a != image_.alive().end() && a->second.session == session && a->second.incarnation == l->second.incarnation;
}

void judge::reborn(const process& p, time_point now) {
  hosts_[p.number()].incarnation = p.incarnation();
  hosts_[p.number()].former_deadline.reset();
  for (auto i = runs_.lower_bound({p.number(), 0}); i != runs_.end() && i->first.first == p.number(); ++i) {
    say("I1", now, fmt::format("{} begins a new life while its run {} goes on", name_of(p), i->first.second));
  }
}

void judge::closed(const process& p, time_point now) {
  if (const auto h = hosts_.find(p.number()); h != hosts_.end()) { // somebody outside has no lease
    gave_up(h->second, now);
  }
}

/// The others count D from here at the earliest, whatever contact there was before.
void judge::gave_up(host& h, time_point now) {
  if (h.p == nullptr || !h.deadline) {
    return;
  }
  const auto& timeouts = h.timeouts;
  const auto timeout = timeouts.empty() ? duration::zero() : timeouts.rbegin()->second;
  const auto latest = now + h.p->to_world(h.detach - std::min(h.detach, lease_margin(timeout, h.detach)));
  h.deadline = std::min(*h.deadline, latest);
}

/// Nobody tells such a node that its session is over: it has to find out.
void judge::check_that_all_found_out(time_point now) {
  for (const auto& [number, h] : hosts_) {
    const auto lives = std::any_of(image_.alive().begin(), image_.alive().end(),
                                   [&](const auto& x) { return x.second.incarnation == h.incarnation; });
    if (h.former && !h.dead && !h.ended && !lives) {
      say("I3", now, fmt::format("process {} has not found out that the store has gone back", number));
    }
  }
}

/// Of two nodes that disagree about a pool the one that has said so later has the say, for as long as it lives.
void judge::check_wish(const store::node_change& change, const job_id& job, time_point now) {
  const auto before = image_.wishes().find(job);
  const auto after = store::decode<store::pool_payload>(change.data, change.path);
  if (before == image_.wishes().end() || !after || after->wish >= before->second.number) {
    return;
  }
  const auto& [writer, incarnation, number] = before->second;
  const auto a = image_.alive().find(writer);
  if (a != image_.alive().end() && a->second.incarnation == incarnation && image_.offers(writer, job)) {
    say("I9", now,
        fmt::format("{} writes wish {} into the pool of {}, where wish {} of {} stands, who lives", after->last_writer,
                    after->wish, job, number, writer));
  }
}

} // namespace djm::sim
