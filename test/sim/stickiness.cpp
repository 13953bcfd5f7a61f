#include "test/sim/stickiness.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "zkstore/payloads.hpp"

namespace djm::sim {

namespace {

/// A worker with fewer items may lose them all for balance.
constexpr std::size_t fewest_to_tell = 3;
/// Operations of a transaction that may be followed by another one of the same plan; the limit is 200.
constexpr std::size_t nearly_full = 180;

job_id job_of(const std::string& key) {
  return job_id{key.substr(0, key.find('/'))};
}

/// "n1" of ".../workers/n1" where the folder is "/workers/"; empty for any other path.
node_id name_below(const std::string& path, std::string_view folder) {
  const auto at = path.find(folder);
  if (at == std::string::npos) {
    return {};
  }
  const auto name = path.substr(at + folder.size());
  return node_id{name.find('/') == std::string::npos ? name : std::string{}};
}

} // namespace

void stickiness::sees(const store::node_change& change, const tree_event& e, const tree_image& image, time_point now) {
  using kind = tree_event::kind;
  const bool gone = change.what == store::node_change::kind::remove;
  ++changes_;
  if (is_hidden_item(e.key)) {
    return; // the plan does not know it
  }
  switch (e.what) {
  case kind::unassigned: from_[e.key] = node_id{e.worker}; return;
  case kind::assigned: to_[e.key] = node_id{e.worker}; return;
  case kind::alive_gone:
    if (image.alive().count(node_id{e.key}) == 0) {
      return; // it was nobody's
    }
    gone_[node_id{e.key}] = now;
    // Plans change once more when its D is over.
    input_changed_ = std::max(input_changed_, now + workers_[node_id{e.key}].detach * 11 / 10);
    return;
  case kind::alive_made:
    // A transaction of locks sets it too, to learn its zxid; nobody has come then.
    if (change.what == store::node_change::kind::create && change.ephemeral_owner != 0) {
      const node_id worker{e.key};
      auto& w = workers_[worker];
      if (long_gone(worker, now)) {
        w.unfit_until = now;
      }
      gone_.erase(worker);
      w.fit_since = now;
      input_changed_ = std::max(input_changed_, now);
    }
    return;
  case kind::pool_item_made: item_came_[e.key] = now; [[fallthrough]];
  case kind::pool_item_gone: input_changed_ = std::max(input_changed_, now); return;
  case kind::pool_changed:
    input_changed_ = std::max(input_changed_, now);
    if (e.key.empty()) {
      const auto p = store::decode<store::pools_payload>(change.data, change.path);
      if (p && std::exchange(all_disabled_, p->all_disabled) && !p->all_disabled) {
        all_enabled_ = now;
      }
    } else if (!gone) {
      const auto p = store::decode<store::pool_payload>(change.data, change.path);
      const auto was = image.jobs().find(job_id{e.key});
      if (was == image.jobs().end() || (p && p->enabled && !was->second)) {
        job_came_[job_id{e.key}] = now;
      }
      if (p) {
        auto plain = p->attributes;
        plain.strategy.clear();
        rules next{p->attributes.strategy, plain == job_attributes{}, !p->attributes.profile.empty()};
        const auto [r, first] = rules_.try_emplace(job_id{e.key}, next);
        if (!first && (r->second.strategy != next.strategy || r->second.plain != next.plain)) {
          rules_changed_ = now;
        }
        r->second = std::move(next);
      }
    }
    return;
  case kind::other:
    if (e.worker == "refusals") {
      sees_refusal(change, image, e.key, now);
      return;
    }
    if (const auto name = name_below(change.path, "/marks/"); !name.empty()) {
      sees_mark(name, gone ? std::string_view{} : std::string_view{change.data}, now);
      return;
    }
    if (e.worker == "available" || !name_below(change.path, "/workers/").empty()) {
      input_changed_ = std::max(input_changed_, now);
    }
    if (e.worker == "available") {
      if (!gone) {
        offer_came_[e.key] = now;
      }
    } else if (const auto name = name_below(change.path, "/workers/"); !name.empty()) {
      if (gone) {
        workers_[name].plain = true;
      } else if (const auto p = store::decode<store::worker_payload>(change.data, change.path)) {
        auto& w = workers_[name];
        if (w.left && !p->left) {
          w.fit_since = w.unfit_until = now;
        }
        const bool plain = p->zone.empty() && p->labels.empty() && p->capacity.empty() && p->max_items == 0 &&
                           p->weight == store::worker_payload{}.weight;
        if (plain != w.plain) {
          rules_changed_ = now;
        }
        w.plain = plain;
        if (p->incarnation != w.incarnation) {
          w.ends = p->after_crash ? w.ends + 1 : 0;
        }
        w.incarnation = p->incarnation;
        w.left = p->left;
        w.detach = std::chrono::milliseconds{p->detach_ms};
      }
    }
    return;
  default: return;
  }
}

void stickiness::sees_mark(const node_id& worker, std::string_view data, time_point now) {
  const auto m = store::decode<store::mark_payload>(data, "marks");
  const bool draining = m && m->draining;
  auto& w = workers_[worker];
  if (w.draining && !draining) {
    w.fit_since = w.unfit_until = now;
  }
  w.draining = draining;
  if (std::exchange(w.marked, m && (m->draining || m->cordoned)) != (m && (m->draining || m->cordoned))) {
    rules_changed_ = now;
  }
  input_changed_ = std::max(input_changed_, now);
}

/// Its items leave their worker, and when it is over they may come back. Beside it no plan is held against a bound.
void stickiness::sees_refusal(const store::node_change& change, const tree_image& image, const std::string& name,
                              time_point now) {
  auto note = [&](const node_id& worker, const std::string& key, duration length) {
    auto& until = refused_[worker + ' ' + key];
    until = std::max(until, now + length + age_of_plans);
    auto& of_job = refused_of_[job_of(key)];
    of_job = std::max(of_job, until);
    rules_changed_ = std::max(rules_changed_, now + length);
  };
  if (const auto r = image.refusals().find(name); r != image.refusals().end()) {
    for (const auto& key : r->second.items) {
      note(r->second.worker, key, duration::zero());
    }
  } else if (const auto p = store::decode<store::refusal_payload>(change.data, change.path)) {
    for (const auto& item : p->items) {
      note(p->worker, p->job + '/' + item, std::chrono::milliseconds{p->for_ms} * 11 / 10);
    }
  }
  input_changed_ = std::max(input_changed_, now);
}

bool stickiness::unwanted(const std::string& key, const job_id& job, const tree_image& image, time_point now) const {
  const auto j = image.jobs().find(job);
  return image.pool().count(key) == 0 || recent(item_came_, key, now) || j == image.jobs().end() || !j->second ||
         recent(job_came_, job, now) || image.all_disabled() || now < all_enabled_ + age_of_plans;
}

bool stickiness::long_gone(const node_id& worker, time_point now) const {
  const auto g = gone_.find(worker);
  const auto w = workers_.find(worker);
  return g != gone_.end() && w != workers_.end() &&
         (now - g->second) * 100 >= w->second.detach * (100 - clock_slack_percent);
}

void stickiness::transaction_ends(const tree_image& image, time_point now, const complaint& complain) {
  const auto changes = std::exchange(changes_, 0);
  if (!judges_) {
    from_.clear();
    to_.clear();
  }
  if (from_.empty() && to_.empty()) {
    return;
  }
  const bool full = changes >= nearly_full;
  if (!std::exchange(was_full_, full) && !full && !cut_) {
    check_bound(image, now, complain);
  }
  // "worker job": items given away for balance.
  std::map<std::pair<node_id, job_id>, std::string> given;
  std::map<node_id, std::size_t> gives;
  for (const auto& [key, worker] : from_) {
    ++gives[worker];
  }
  std::set<node_id> has_more;
  for (const auto& [key, owners] : image.assigned()) {
    has_more.insert(owners.begin(), owners.end());
  }
  for (const auto& [key, worker] : from_) {
    const auto job = job_of(key);
    const auto w = workers_.find(worker);
    if (unwanted(key, job, image, now) || w == workers_.end()) {
      continue;
    }
    if (image.alive().count(worker) == 0) {
      const auto g = gone_.find(worker);
      // Whoever knows that it is gone takes everything; a move for balance may come from before.
      if (w->second.left || g == gone_.end() || has_more.count(worker) > 0 || gives[worker] < fewest_to_tell) {
        continue;
      }
      if (w->second.draining || now < w->second.unfit_until + age_of_plans || !image.offers(worker, job)) {
        continue;
      }
      if (!long_gone(worker, now)) {
        complain(fmt::format("{} moves away from {}, who has been gone for {} only, its D is {}", key, worker,
                             format_duration(now - g->second), format_duration(w->second.detach)));
      }
      continue;
    }
    if (const auto r = refused_.find(worker + ' ' + key); r != refused_.end() && now < r->second) {
      continue;
    }
    if (const auto s = rules_.find(job); s != rules_.end() && s->second.sized) {
      continue;
    }
    const auto offer = worker + '/' + job;
    if (!image.offers(worker, job) || recent(offer_came_, offer, now) || w->second.draining || w->second.ends > 1 ||
        now < w->second.fit_since + age_of_plans) {
      continue;
    }
    if (to_.count(key) == 0) {
      complain(fmt::format("{} is taken from {}, who can run it, and given to nobody", key, worker));
    } else {
      given[{worker, job}] = key;
    }
  }
  // Beside room that is short, balance of all jobs together may ask for such moves.
  const bool short_of_room = std::any_of(rules_.begin(), rules_.end(), [](const auto& r) { return r.second.sized; });
  for (const auto& [key, worker] : to_) {
    const auto job = job_of(key);
    const auto g = given.find({worker, job});
    if (short_of_room || g == given.end()) {
      continue;
    }
    const auto s = rules_.find(job);
    if (const auto r = refused_of_.find(job); r != refused_of_.end() && now < r->second) {
      continue;
    }
    if (s != rules_.end() &&
        (s->second.strategy.empty() || s->second.strategy == "balanced" || s->second.strategy == "evenly_spread")) {
      complain(fmt::format("{} gives {} away for balance and takes {}", worker, g->second, key));
    }
  }
  from_.clear();
  to_.clear();
}

} // namespace djm::sim
