#include "actors/client/tree_changes.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace djm {

namespace {

/// Calls f(old, new) for what has one name in both sorted lists; null where it is in one of them only.
template <class T, class Id, class F>
void side_by_side(const std::vector<T>& before, const std::vector<T>& after, Id id, F f) {
  auto a = before.begin();
  auto b = after.begin();
  while (a != before.end() || b != after.end()) {
    if (b == after.end() || (a != before.end() && id(*a) < id(*b))) {
      f(&*a++, static_cast<const T*>(nullptr));
    } else if (a == before.end() || id(*b) < id(*a)) {
      f(static_cast<const T*>(nullptr), &*b++);
    } else {
      f(&*a++, &*b++);
    }
  }
}

std::string marks_of(const worker_view& w) {
  return w.draining && w.cordoned ? "draining, cordoned" : w.draining ? "draining" : w.cordoned ? "cordoned" : "none";
}

class comparison {
public:
  comparison(std::int64_t at, bool locks) : at_(at), locks_(locks) {}

  void worker(const worker_view* old, const worker_view* now) {
    const auto& w = now != nullptr ? *now : *old;
    const auto was = old != nullptr ? old->state : worker_state::expected;
    const auto is = now != nullptr ? now->state : worker_state::expected;
    const bool another_life = was == worker_state::alive && is == was && old->incarnation != now->incarnation;
    if (another_life || (is == worker_state::alive && was != is)) {
      tell(tree_event_kind::worker_joined, w.id, {}, {}, w.host.empty() ? "" : "on host " + w.host);
    } else if (is == worker_state::gone && was != is) {
      tell(tree_event_kind::worker_gone, w.id, {}, {}, "without a goodbye");
    } else if (was == worker_state::alive && is != was) {
      tell(tree_event_kind::worker_left, w.id, {}, {}, "");
    }
    const auto marks = marks_of(w);
    const auto before = old != nullptr ? marks_of(*old) : "none";
    const auto after = now != nullptr ? marks : "none";
    if (before != after) {
      tell(tree_event_kind::worker_marked, w.id, {}, {}, after);
    }
  }

  void job(const job_view* old, const job_view* now) {
    const auto& id = now != nullptr ? now->id : old->id;
    if (old == nullptr || now == nullptr) {
      tell(now != nullptr ? tree_event_kind::job_added : tree_event_kind::job_removed, {}, id, {}, "");
    } else if (old->enabled != now->enabled) {
      tell(tree_event_kind::job_switched, {}, id, {}, now->enabled ? "on" : "off");
    }
    static const std::vector<item_view> none;
    side_by_side(
      old != nullptr ? old->items : none, now != nullptr ? now->items : none,
      [](const item_view& x) -> const item_id& { return x.item; },
      [&](const item_view* a, const item_view* b) { item(id, a, b); });
  }

  void leader(const cluster_view& before, const cluster_view& after) {
    if (before.leader != after.leader || before.epoch != after.epoch) {
      tell(tree_event_kind::leader_changed, after.leader, {}, {},
           after.leader.empty() ? "nobody leads" : "epoch " + std::to_string(after.epoch));
    }
  }

  void all(const cluster_view& before, const cluster_view& after) {
    if (before.all_disabled != after.all_disabled) {
      tell(tree_event_kind::job_switched, {}, {}, {}, after.all_disabled ? "all off" : "all on");
    }
    for (const auto& p : after.problems) {
      if (std::find(before.problems.begin(), before.problems.end(), p) == before.problems.end()) {
        tell(tree_event_kind::problem, {}, {}, {}, p);
      }
    }
  }

  std::vector<tree_event> take() { return std::move(events_); }

private:
  void item(const job_id& job, const item_view* old, const item_view* now) {
    const auto& id = now != nullptr ? now->item : old->item;
    if (old == nullptr) {
      tell(tree_event_kind::item_added, {}, job, id, "");
    }
    const item_view nothing{};
    const auto& a = old != nullptr ? *old : nothing;
    const auto& b = now != nullptr ? *now : nothing;
    if (a.owner != b.owner && now != nullptr) {
      tell(tree_event_kind::item_assigned, b.owner, job, id,
           b.owner.empty()   ? "nobody; was " + a.owner
           : a.owner.empty() ? ""
                             : "was " + a.owner);
    }
    if (locks_ && a.token != b.token) {
      if (a.token != 0) {
        tell(tree_event_kind::item_released, a.holder, job, id, "token " + std::to_string(a.token));
      }
      if (b.token != 0) {
        tell(tree_event_kind::item_locked, b.holder, job, id, "token " + std::to_string(b.token));
      }
    }
    if (now == nullptr) {
      tell(tree_event_kind::item_removed, {}, job, id, "");
    }
  }

  void tell(tree_event_kind kind, node_id node, job_id job, item_id item, std::string detail) {
    events_.push_back({at_, kind, std::move(node), std::move(job), std::move(item), std::move(detail)});
  }

  std::int64_t at_;
  bool locks_;
  std::vector<tree_event> events_;
};

/// A view in which the holders were left out says so.
bool has_holders(const cluster_view& v) {
  return std::none_of(v.problems.begin(), v.problems.end(),
                      [](const std::string& p) { return p.find("lock holders are left out") == 0; });
}

} // namespace

std::vector<tree_event> changes_between(const cluster_view& before, const cluster_view& after,
                                        std::int64_t seen_at_ms) {
  comparison c{seen_at_ms, has_holders(before) && has_holders(after)};
  side_by_side(
    before.workers, after.workers, [](const worker_view& x) -> const node_id& { return x.id; },
    [&](const worker_view* a, const worker_view* b) { c.worker(a, b); });
  c.leader(before, after);
  side_by_side(
    before.jobs, after.jobs, [](const job_view& x) -> const job_id& { return x.id; },
    [&](const job_view* a, const job_view* b) { c.job(a, b); });
  c.all(before, after);
  return c.take();
}

} // namespace djm
