#include "actors/keeper/tree/sentry.hpp"

#include <algorithm>
#include <string_view>

namespace djm {

using store::rc;

namespace {

/// All nodes see the same change; who looks first makes anew what is missing, the others find it there.
constexpr duration least_delay = std::chrono::milliseconds{20};
constexpr std::uint64_t spread_ms = 200;
/// How long until the next look where a watch is refused or cannot be left, because the node is missing.
constexpr duration without_watch = std::chrono::seconds{1};

constexpr auto deleted = " was deleted by somebody";

bool lacks(const store::read_result& list, std::string_view name) {
  return !std::binary_search(list.children.begin(), list.children.end(), name);
}

} // namespace

void sentry::heard_of(const std::string& path, step s) {
  const auto& tree = life_.tree;
  if (path == tree.root() || path == tree.pools() || path == tree.jobs() || path == tree.available(life_.id())) {
    const time_point at{s.now + least_delay + std::chrono::milliseconds{s.entropy % spread_ms}};
    look_at_ = earliest(look_at_, at);
  }
}

void sentry::start(keeper_effects& out) {
  look_at_.reset();
  const auto& tree = life_.tree;
  read_batch ask;
  const slots answers{ask.children(tree.root(), true), ask.children(tree.pools(), true),
                      ask.children(tree.jobs(), true), ask.children(tree.available(life_.id()), true)};
  store_.read(keeper_topic::reading_sentry, ask, true, out, this, &sentry::apply, answers);
}

void sentry::apply(const slots& answers, step s, keeper_effects& out) {
  check_base(*answers.base, out);
  check_offers(answers, out);
  if (!answers.base->watched || !answers.pools->watched || !answers.jobs->watched || !answers.available->watched) {
    look_at_ = s.now + without_watch;
  }
}

void sentry::check_base(const store::read_result& base, keeper_effects& out) {
  const auto& root = life_.tree.root();
  if (base.code == rc::no_node) {
    missing(root, " is gone as a whole", out);
    base_.incomplete();
    return;
  }
  there(root, out);
  for (const auto& path : base_.paths()) {
    if (lacks(base, store::name_of(path))) {
      missing(path, deleted, out);
      base_.incomplete();
    } else {
      there(path, out);
    }
  }
}

void sentry::check_offers(const slots& answers, keeper_effects& out) {
  const auto& tree = life_.tree;
  const auto& pools = *answers.pools;
  const auto& available = *answers.available;
  for (auto& [job, o] : offers_) {
    if (!lacks(pools, job)) {
      there(tree.pool(job), out);
    } else if (o.pool() && !o.dirty() && o.offered()) {
      if (pools.code == rc::ok) {
        missing(tree.pool(job), deleted, out);
      }
      o.outdated();
    }
    if (o.offered() && lacks(*answers.jobs, job)) {
      o.record.outdated(); // it tells what it makes of that
    }
    if (!lacks(available, job)) {
      there(tree.available(life_.id(), job), out);
    } else if (!offers_.registration_dirty() && o.offered()) {
      missing(tree.available(life_.id(), job), deleted, out);
      offers_.registration_outdated();
    }
  }
  if (available.code == rc::no_node) {
    missing(tree.available(life_.id()), deleted, out);
    offers_.registration_outdated();
  } else {
    there(tree.available(life_.id()), out);
  }
}

void sentry::missing(const std::string& path, const char* how, keeper_effects& out) {
  store_.complain("missing: " + path, {errc::malformed_payload, path + how + "; it is made anew"}, out);
}

void sentry::there(const std::string& path, keeper_effects& out) {
  store_.relieve("missing: " + path, out);
}

} // namespace djm
