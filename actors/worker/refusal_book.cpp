#include "actors/worker/refusal_book.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "zkstore/payloads.hpp"

namespace djm {

using store::rc;

namespace {

constexpr duration longest = std::chrono::hours{7 * 24};
/// Between attempts to write below a folder that is not there: the keeper makes it anew.
constexpr duration pause = std::chrono::seconds{1};
/// Of one refusal, with its paths: beyond that another node takes the rest.
constexpr std::size_t most_bytes = 100u << 10;
constexpr std::size_t most_text = 500;

std::string cut_text(const std::string& text) {
  if (text.size() <= most_text) {
    return text;
  }
  auto end = most_text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u) {
    --end; // not in the middle of a character
  }
  return text.substr(0, end);
}

} // namespace

// -- what is refused ------------------------------------------------------------------

void refusal_book::decline(const job_id& job, const std::vector<item_id>& items, duration length,
                           const std::string& why, step s) {
  check(s); // what was refused long ago is no repeat
  for (const auto& item : items) {
    const item_ref ref{job, item};
    if (!locks_.may_hold(ref)) {
      continue;
    }
    auto now_for = std::min(length, longest);
    if (const auto before = refusals_.find(ref); before != refusals_.end()) {
      now_for = std::min(std::max(2 * before->second.length, now_for), longest);
    }
    begin(ref, now_for, cut_text(why), true, s.now);
    untold_.insert(ref);
  }
}

void refusal_book::begin(const item_ref& ref, duration length, const std::string& why, bool released, time_point now) {
  auto& r = refusals_[ref];
  ends_.erase({r.until, ref});
  memories_.erase({r.until + r.length, ref});
  r = {now + length, length, why};
  ends_.insert({r.until, ref});
  locks_.refuse(ref, released);
}

void refusal_book::check(step s) {
  if (blocked_until_ && *blocked_until_ <= s.now) {
    blocked_until_.reset();
  }
  while (!ends_.empty() && ends_.begin()->first <= s.now) {
    const auto ref = ends_.begin()->second;
    ends_.erase(ends_.begin());
    const auto& r = refusals_.at(ref);
    memories_.insert({r.until + r.length, ref});
    untold_.erase(ref);
    locks_.accept(ref);
  }
  while (!memories_.empty() && memories_.begin()->first <= s.now) {
    refusals_.erase(memories_.begin()->second);
    memories_.erase(memories_.begin());
  }
  while (!node_ends_.empty() && node_ends_.begin()->first <= s.now) {
    over_.insert(node_ends_.begin()->second);
    node_ends_.erase(node_ends_.begin());
  }
}

std::optional<time_point> refusal_book::next_end() const {
  auto at = ends_.empty() ? std::nullopt : std::optional{ends_.begin()->first};
  at = node_ends_.empty() ? at : earliest(at, node_ends_.begin()->first);
  return untold_.empty() ? at : earliest(at, blocked_until_);
}

// -- which there are --------------------------------------------------------------------

bool refusal_book::look(worker_effects& out) {
  if (!list_due_) {
    return false;
  }
  // It stays so until it is answered: an answer may be lost with its session.
  read_batch ask;
  const auto names = ask.children(tree_.refusals());
  store_.read(worker_topic::refusals, ask, true, out, this, &refusal_book::take_list, names);
  return true;
}

void refusal_book::take_list(const read_slot& names, step s, worker_effects& out) {
  if (names->code != rc::ok && names->code != rc::no_node) {
    store_.complain("refusals", {errc::no_permission, tree_.refusals() + ": cannot be read: " + to_string(names->code)},
                    out);
    store_.retry(s);
    return;
  }
  store_.relieve("refusals", out);
  std::set<std::string> ours;
  std::vector<std::string> unknown;
  for (const auto& name : names->children) {
    if (const auto number = store::refusal_number(name, cfg_.node, cfg_.incarnation)) {
      last_number_ = std::max(last_number_, *number);
      ours.insert(name);
      if (nodes_.count(name) == 0) {
        unknown.push_back(name);
      }
    }
  }
  for (auto n = nodes_.begin(); n != nodes_.end();) {
    if (ours.count(n->first) > 0) {
      ++n;
      continue;
    }
    // Somebody has removed it before its time: what it said is told once more.
    for (const auto& ref : n->second) {
      if (locks_.refuses(ref)) {
        untold_.insert(ref);
      }
    }
    over_.erase(n->first);
    n = nodes_.erase(n);
  }
  if (!adopting_ || unknown.empty()) {
    adopting_ = false;
    list_due_ = false;
    return;
  }
  read_batch ask;
  const auto nodes = ask.each(unknown, [this](const std::string& n) { return store::get(tree_.refusal(n)); });
  store_.read(worker_topic::refusals, ask, false, out, this, &refusal_book::take_nodes, nodes);
}

/// The part before this one knew when they end; counted from now they are never over too early.
void refusal_book::take_nodes(const read_slots<std::string>& nodes, step s, worker_effects& out) {
  adopting_ = false;
  list_due_ = false;
  for (const auto& [name, node] : nodes) {
    if (node->code != rc::ok) {
      continue;
    }
    const auto p = store_.decode<store::refusal_payload>(*node, tree_.refusal(name), out);
    std::vector<item_ref> items;
    const auto length = p ? duration{std::chrono::milliseconds{p->for_ms}} : duration::zero();
    if (p) {
      for (const auto& item : p->items) {
        items.push_back({p->job, item});
        begin(items.back(), length, p->why, false, s.now);
      }
    }
    keep_node(name, std::move(items), s.now + length);
  }
}

// -- what is told -------------------------------------------------------------------------

void refusal_book::keep_node(const std::string& name, std::vector<item_ref> items, time_point until) {
  nodes_[name] = std::move(items);
  node_ends_.insert({until, name});
}

/// Of the locks that are given back now; when there are none, also those whose lock has gone without us.
std::vector<item_ref> refusal_book::to_be_told(const std::vector<item_ref>& unlocked) const {
  std::vector<item_ref> result;
  if (untold_.empty() || blocked_until_) {
    return result;
  }
  for (const auto& ref : unlocked) {
    if (untold_.count(ref) > 0) {
      result.push_back(ref);
    }
  }
  for (const auto& ref : untold_) {
    if (unlocked.empty() && !locks_.may_hold(ref)) {
      result.push_back(ref);
    }
  }
  return result;
}

void refusal_book::add_to(txn_builder<lock_label>& txn, const std::vector<item_ref>& unlocked, std::size_t most) {
  const auto full = txn.size() + most;
  std::map<std::tuple<job_id, duration, std::string>, std::vector<item_ref>> groups;
  for (auto& ref : to_be_told(unlocked)) {
    const auto& r = refusals_.at(ref);
    groups[{ref.job, r.length, r.why}].push_back(std::move(ref));
  }
  // What finds no room here is told next, without its lock.
  std::size_t bytes = 0;
  for (auto& [key, items] : groups) {
    std::vector<item_ref> part;
    for (auto& ref : items) {
      bytes += ref.item.size() + 8;
      if (bytes > most_bytes) {
        break;
      }
      part.push_back(std::move(ref));
    }
    if (txn.size() < full && !part.empty()) {
      add_node(txn, part);
    }
  }
  for (const auto& name : over_) {
    if (txn.size() >= full) {
      break;
    }
    removing_.push_back(name);
    txn.add(refusal_ref{name}, store::remove_op{tree_.refusal(name), store::any_version});
  }
}

void refusal_book::add_node(txn_builder<lock_label>& txn, const std::vector<item_ref>& items) {
  const auto& first = refusals_.at(items.front());
  store::refusal_payload p;
  p.worker = cfg_.node;
  p.incarnation = cfg_.incarnation;
  p.job = items.front().job;
  p.for_ms = std::chrono::ceil<std::chrono::milliseconds>(first.length).count();
  p.why = first.why;
  auto until = first.until;
  for (const auto& ref : items) {
    p.items.push_back(ref.item);
    until = std::max(until, refusals_.at(ref).until);
  }
  auto name = store::tree_schema::refusal_name(cfg_.node, cfg_.incarnation, ++last_number_);
  txn.add(refusal_ref{name}, store::create_op{tree_.refusal(name), store::encode(p)});
  making_.push_back({std::move(name), items, until});
}

void refusal_book::committed() {
  for (auto& d : std::exchange(making_, {})) {
    for (const auto& ref : d.items) {
      untold_.erase(ref);
    }
    keep_node(d.name, std::move(d.items), d.until);
  }
  for (const auto& name : std::exchange(removing_, {})) {
    over_.erase(name);
    nodes_.erase(name);
  }
}

void refusal_book::undone(const refusal_ref* met, rc code, step s) {
  making_.clear();
  removing_.clear();
  if (met == nullptr || code != rc::no_node) {
    return; // one that was there already has another number next time
  }
  if (over_.erase(met->name) > 0) {
    nodes_.erase(met->name);
  } else {
    blocked_until_ = s.now + pause;
  }
}

/// Each may be there or not: it is told once more, and looked for when its time is over.
void refusal_book::outcome_unknown() {
  for (auto& d : std::exchange(making_, {})) {
    keep_node(d.name, std::move(d.items), d.until);
  }
  removing_.clear();
}

} // namespace djm
