#include "test/sim/short_room.hpp"

#include <fmt/format.h>

namespace djm::sim {

namespace {

job_id job_in_key(const std::string& key) {
  return job_id{key.substr(0, key.find('/'))};
}

std::string_view item_in_key(std::string_view key) {
  return key.substr(key.find('/') + 1);
}

constexpr std::string_view flaps = "flaps: ";

} // namespace

/// What begins to wait, or may, is a reason for one wish more.
void short_room::sees(const tree_event& e, const tree_image& image) {
  using kind = tree_event::kind;
  const bool item = e.what == kind::unassigned || e.what == kind::pool_item_made;
  if (!item && e.what != kind::pool_changed) {
    return;
  }
  for (auto& [process, t] : terms_) {
    if (item) {
      ++t.may[job_in_key(e.key)];
      continue;
    }
    // A switch, or other needs: all items of the job are asked for anew.
    for (const auto& key : image.pool()) {
      if (e.key.empty() || job_in_key(key) == e.key) {
        ++t.may[job_in_key(key)];
      }
    }
  }
}

void short_room::told(std::uint32_t process, const node_id& node, const event& what, const tree_image& image,
                      const say& f) {
  if (const auto* l = std::get_if<leader_changed>(&what)) {
    terms_.erase(process);
    if (l->leader == node) {
      auto& t = terms_[process];
      for (const auto& key : image.pool()) {
        ++t.may[job_in_key(key)];
      }
    }
  } else if (const auto t = terms_.find(process);
             t != terms_.end() && std::holds_alternative<connection_changed>(what)) {
    // A leader that was cut off begins anew, in a term of its own under the same latch.
    for (const auto& key : image.pool()) {
      ++t->second.may[job_in_key(key)];
    }
  } else if (const auto* p = std::get_if<problem>(&what); p != nullptr && p->about.rfind(flaps, 0) == 0) {
    shunned_.insert(p->about.substr(flaps.size()));
  } else if (const auto* w = std::get_if<capacity_wanted>(&what); w != nullptr && has(w->job)) {
    ++wishes_;
    const auto mine = terms_.find(process);
    if (mine != terms_.end() && ++mine->second.told[w->job] > mine->second.may[w->job]) {
      f(fmt::format("{} tells {} wishes for capacity of {}, and {} of its items have begun to wait in its term", node,
                    mine->second.told[w->job], w->job, mine->second.may[w->job]));
    }
  }
}

bool short_room::serves(const node_id& worker, const job_id& job, const tree_image& image) const {
  return room_.count(worker) > 0 && image.alive().count(worker) > 0 && image.offers(worker, job) &&
         !image.marked(worker) && shunned_.count(worker.str()) == 0;
}

void short_room::quiescent(const tree_image& image, const say& f) const {
  // Room by worker and priority of who has it.
  std::map<node_id, std::map<int, std::int64_t>> taken;
  for (const auto& [key, owners] : image.assigned()) {
    const auto j = jobs_.find(job_in_key(key));
    if (j != jobs_.end() && !is_hidden_item(key)) {
      for (const auto& w : owners) {
        taken[w][j->second.priority] += j->second.room;
      }
    }
  }
  for (const auto& [w, by] : taken) {
    std::int64_t all = 0;
    for (const auto& [priority, room] : by) {
      all += room;
    }
    if (const auto r = room_.find(w); r != room_.end() && all > r->second) {
      f(fmt::format("{} has items that take {}, and room for {}", w, all, r->second));
    }
  }
  for (const auto& key : image.pool()) {
    const auto job = job_in_key(key);
    const auto j = jobs_.find(job);
    const auto enabled = image.jobs().find(job);
    if (j == jobs_.end() || image.assigned().count(key) > 0 || image.all_disabled() || enabled == image.jobs().end() ||
        !enabled->second) {
      continue;
    }
    for (const auto& [worker, room] : room_) {
      if (!serves(worker, job, image) || image.refuses(worker, key)) {
        continue;
      }
      auto left = room;
      for (const auto& [priority, has] : taken[worker]) {
        left -= priority >= j->second.priority ? has : 0;
      }
      if (left >= j->second.room) {
        f(fmt::format("{} waits for room of {}, and {} has {} that is free or has items of lower priority",
                      item_in_key(key), j->second.room, worker, left));
      }
    }
  }
}

} // namespace djm::sim
