#include "test/sim/debts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "djm/time.hpp"

namespace djm::sim {

namespace {

bool lives(const tree_image& image, const tree_image::lock& lock) {
  const auto a = image.alive().find(lock.worker);
  return a != image.alive().end() && a->second.incarnation == lock.incarnation;
}

} // namespace

void debts::look(const tree_image& image, const std::vector<node>& nodes, time_point now, const complaint& say) {
  look_at_nodes(image, nodes, now);
  std::map<lock_name, time_point> orphans;
  for (const auto& [key, lock] : image.locks()) {
    if (lock.incarnation.empty() || lives(image, lock) || excused_.count(key) > 0) {
      continue;
    }
    const auto known = orphans_.find({key, lock.token});
    const auto first = orphans.emplace(lock_name{key, lock.token}, known == orphans_.end() ? now : known->second);
    const auto since = std::max(first.first->second, leader_since_);
    if (now - since > to_break && excused_.insert(key).second) {
      say("I8", fmt::format("the lock {} of {}, who is gone, has been there for {} under one leader", key,
                            lock.incarnation, format_duration(now - since)));
    }
  }
  orphans_ = std::move(orphans);
  std::map<std::string, time_point> idle;
  for (const auto& key : image.pool()) {
    const job_id job{key.substr(0, key.find('/'))};
    const auto enabled = image.jobs().find(job);
    const auto l = image.locks().find(key);
    const bool held = l != image.locks().end() && lives(image, l->second);
    if (held || left_out_.count(job) > 0 || enabled == image.jobs().end() || !enabled->second || image.all_disabled() ||
        excused_.count(key) > 0 || !somebody_has_long_offered(image, key, now)) {
      continue;
    }
    const auto known = idle_.find(key);
    const auto first = idle.emplace(key, known == idle_.end() ? now : known->second).first->second;
    const auto since = std::max(first, leader_since_);
    if (now - since > to_hold && excused_.insert(key).second) {
      say("I3",
          fmt::format("{} has been held by nobody for {} under one leader, although a node in good health offers it",
                      key, format_duration(now - since)));
    }
  }
  idle_ = std::move(idle);
}

void debts::look_at_nodes(const tree_image& image, const std::vector<node>& nodes, time_point now) {
  std::set<std::string> there;
  std::string leader;
  for (const auto& [worker, presence] : image.alive()) {
    there.insert(presence.incarnation);
    if (presence.session == image.lowest_latch()) {
      leader = presence.incarnation;
    }
  }
  for (const auto& n : nodes) {
    if (n.well && there.count(n.incarnation) > 0) {
      well_.try_emplace(n.incarnation, now);
    } else {
      well_.erase(n.incarnation);
    }
  }
  if (leader != leader_ || well_.count(leader) == 0) {
    leader_since_ = now;
  }
  leader_ = leader;
}

bool debts::somebody_has_long_offered(const tree_image& image, const std::string& key, time_point now) const {
  const job_id job{key.substr(0, key.find('/'))};
  return std::any_of(image.alive().begin(), image.alive().end(), [&](const auto& x) {
    const auto w = well_.find(x.second.incarnation);
    return w != well_.end() && now - w->second > std::chrono::seconds{5} && image.offers(x.first, job) &&
           !image.marked(x.first) && !image.refuses(x.first, key);
  });
}

} // namespace djm::sim
