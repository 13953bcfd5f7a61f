#include <algorithm>

#include "actors/keeper/keeper_core.hpp"

/// Looks after what this node relies on in the tree and nobody else would miss: the nodes of the base, the pools of the
/// jobs it offers, its own offers. Three watches per node, whatever the number of jobs: somebody who deletes any of it,
/// by hand or with a tool, is answered by making it anew.
namespace djm {

using store::rc;

namespace {

/// All nodes see the same change; who looks first makes anew what is missing, the others find it there.
constexpr duration least_delay = std::chrono::milliseconds{20};
constexpr std::uint64_t spread_ms = 200;
/// How long until the next look where a watch is refused or cannot be left, because the node is missing.
constexpr duration without_watch = std::chrono::seconds{1};

} // namespace

std::vector<std::string> keeper_core::base_paths() const {
  return {tree_.format(),       tree_.alive(),          tree_.latches(),
          tree_.workers(),      tree_.pools(),          tree_.locks(),
          tree_.pool_version(), tree_.worker_version(), tree_.assignment_version(),
          tree_.marks()};
}

bool keeper_core::is_watched_over(const std::string& path) const {
  return path == tree_.root() || path == tree_.pools() || path == tree_.available(cfg_.config.id);
}

void keeper_core::look_soon(step s) {
  const auto at = s.now + least_delay + std::chrono::milliseconds{s.entropy % spread_ms};
  look_at_ = look_at_ ? std::min(*look_at_, time_point{at}) : time_point{at};
}

void keeper_core::read_sentry(effects& out) {
  look_at_.reset();
  read_batch ask;
  const sentry_slots slots{ask.children(tree_.root(), true), ask.children(tree_.pools(), true),
                           ask.children(tree_.available(cfg_.config.id), true)};
  store_.read(doing::reading_sentry, ask, true, out, &keeper_core::apply_sentry, slots);
}

/// Nobody would remind us: what has changed has changed, and the watches may not have been left.
void keeper_core::look_lost(doing what, step s) {
  if (what == doing::reading_sentry) {
    look_at_ = s.now;
  }
}

void keeper_core::apply_sentry(const sentry_slots& slots, step s, effects& out) {
  const auto& base = *slots.base;
  const auto& pools = *slots.pools;
  const auto& available = *slots.available;
  const auto missing = [](const store::read_result& list, std::string_view name) {
    return !std::binary_search(list.children.begin(), list.children.end(), name);
  };
  const auto tell = [&](const std::string& path, const char* what = " was deleted by somebody") {
    store_.complain("missing: " + path, {errc::malformed_payload, path + what + "; it is made anew"}, out);
  };
  const auto there = [&](const std::string& path) { store_.relieve("missing: " + path, out); };
  if (base.code == rc::no_node) {
    tell(tree_.root(), " is gone as a whole");
    prepared_ = false;
  } else {
    there(tree_.root());
    for (const auto& path : base_paths()) {
      if (missing(base, store::name_of(path))) {
        tell(path);
        prepared_ = false;
      } else {
        there(path);
      }
    }
  }
  for (auto& [job, o] : offers_) {
    if (!missing(pools, job)) {
      there(tree_.pool(job));
    } else if (o.pool && !o.pool_dirty) {
      if (pools.code == rc::ok) {
        tell(tree_.pool(job));
      }
      o.pool_dirty = true;
    }
    if (!missing(available, job)) {
      there(tree_.available(cfg_.config.id, job));
    } else if (!registration_dirty_) {
      tell(tree_.available(cfg_.config.id, job));
      registration_dirty_ = true;
    }
  }
  if (available.code == rc::no_node) {
    tell(tree_.available(cfg_.config.id));
    registration_dirty_ = true;
  } else {
    there(tree_.available(cfg_.config.id));
  }
  if (!base.watched || !pools.watched || !available.watched) {
    look_at_ = s.now + without_watch;
  }
}

} // namespace djm
