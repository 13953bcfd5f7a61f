#include "test/sim/short_room.hpp"

#include <limits>

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
void short_room::sees(const tree_event& e, const tree_image& image, time_point now) {
  using kind = tree_event::kind;
  follow_line(e, image, now);
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

/// Who waits, in the order in which they have begun.
void short_room::follow_line(const tree_event& e, const tree_image& image, time_point now) {
  using kind = tree_event::kind;
  if (e.what == kind::pool_changed || e.what == kind::pool_item_gone) {
    if (e.what == kind::pool_item_gone) {
      line_.leaves(e.key);
    } else {
      line_.term_begins(now, image.assigned()); // other needs, or a switch: all are asked for anew
    }
  } else if (has(job_in_key(e.key)) && !is_hidden_item(e.key)) {
    const auto own = image.assigned().find(e.key);
    if (e.what == kind::pool_item_made || (e.what == kind::unassigned && own != image.assigned().end() &&
                                           own->second.size() == 1 && own->second.count(node_id{e.worker}) > 0)) {
      line_.waits(e.key, now);
    } else if (e.what == kind::assigned && room_.count(node_id{e.worker}) > 0) {
      const auto& mine = jobs_.at(job_in_key(e.key));
      line_.placed(e.key, node_id{e.worker}, now, [&](const std::string& other) {
        const auto& j = jobs_.at(job_in_key(other));
        return j.priority == mine.priority && may_have_place(other, node_id{e.worker}, image) &&
               j.room <= room_at(node_id{e.worker}, j.priority, image);
      });
    }
  }
}

void short_room::told(std::uint32_t process, const node_id& node, const event& what, const tree_image& image,
                      time_point now, const say& f) {
  if (const auto* l = std::get_if<leader_changed>(&what)) {
    terms_.erase(process);
    if (l->leader == node) {
      line_.term_begins(now, image.assigned());
      auto& t = terms_[process];
      for (const auto& key : image.pool()) {
        ++t.may[job_in_key(key)];
      }
    }
  } else if (const auto t = terms_.find(process);
             t != terms_.end() && std::holds_alternative<connection_changed>(what)) {
    // A leader that was cut off begins anew, in a term of its own under the same latch.
    line_.term_begins(now, image.assigned());
    for (const auto& key : image.pool()) {
      ++t->second.may[job_in_key(key)];
    }
  } else if (const auto* p = std::get_if<problem>(&what); p != nullptr) {
    if (p->about.rfind(flaps, 0) == 0) {
      shunned_.insert(p->about.substr(flaps.size()));
    } else if (p->why.text.find("failed and is rebuilt") != std::string::npos) {
      line_.term_begins(now, image.assigned()); // it may have been the one that leads
    }
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

std::int64_t short_room::room_at(const node_id& worker, int priority, const tree_image& image) const {
  auto left = room_.at(worker);
  for (const auto& [key, owners] : image.assigned()) {
    const auto j = jobs_.find(job_in_key(key));
    if (j != jobs_.end() && j->second.priority >= priority && owners.count(worker) > 0 && !is_hidden_item(key)) {
      left -= j->second.room;
    }
  }
  return left;
}

/// But for the room.
bool short_room::may_have_place(const std::string& key, const node_id& worker, const tree_image& image) const {
  const auto job = job_in_key(key);
  const auto enabled = image.jobs().find(job);
  return !image.all_disabled() && enabled != image.jobs().end() && enabled->second && serves(worker, job, image) &&
         !image.refuses(worker, key);
}

void short_room::quiescent(const tree_image& image, const say& f) const {
  for (const auto& [worker, room] : room_) {
    if (const auto left = room_at(worker, std::numeric_limits<int>::min(), image); left < 0) {
      f(fmt::format("{} has items that take {}, and room for {}", worker, room - left, room));
    }
  }
  for (const auto& key : image.pool()) {
    const auto j = jobs_.find(job_in_key(key));
    if (j == jobs_.end() || image.assigned().count(key) > 0) {
      continue;
    }
    for (const auto& [worker, room] : room_) {
      if (!may_have_place(key, worker, image)) {
        continue;
      }
      if (const auto left = room_at(worker, j->second.priority, image); left >= j->second.room) {
        f(fmt::format("{} waits for room of {}, and {} has {} that is free or has items of lower priority",
                      item_in_key(key), j->second.room, worker, left));
      }
    }
  }
  const auto has = [&](const std::string& item, const node_id& worker) {
    const auto a = image.assigned().find(item);
    return a != image.assigned().end() && a->second.count(worker) > 0;
  };
  for (const auto& p : line_.complaints(has)) {
    if (may_have_place(p.older, p.worker, image)) {
      f(fmt::format("{} has waited longer than {}, which was given a place on {} that it fits into", p.older, p.younger,
                    p.worker));
    }
  }
}

} // namespace djm::sim
