#include "simulation/tree_image.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "zkstore/payloads.hpp"

namespace djm::sim {

namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = path.find('/');
    parts.push_back(path.substr(0, end));
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
  }
  return parts;
}

std::string join(std::string_view a, std::string_view b) {
  return std::string{a}.append(1, '/').append(b);
}

} // namespace

tree_image::tree_image(std::string root) : root_(root), schema_(std::move(root)) {}

tree_event tree_image::read(const store::node_change& change) const {
  using what = store::node_change::kind;
  using kind = tree_event::kind;
  if (change.what == what::access || change.path.compare(0, root_.size(), root_) != 0 ||
      change.path.size() <= root_.size()) {
    return {};
  }
  const auto parts = split(std::string_view{change.path}.substr(root_.size()));
  const bool made = change.what == what::create;
  const bool gone = change.what == what::remove;
  const auto& top = parts.front();
  if (top == "locks" && parts.size() == 3) {
    const auto item = store::item_of_lock_name(parts[2]);
    if (!item || (!made && !gone)) {
      return {};
    }
    return {made ? kind::lock_made : kind::lock_gone, join(parts[1], *item), {}};
  }
  if (top == "alive" && parts.size() == 2) {
    return {gone ? kind::alive_gone : kind::alive_made, std::string{parts[1]}, std::string{parts[1]}};
  }
  if (top == "leader-latch" && parts.size() == 2 && (made || gone) && store::sequence_of(parts[1])) {
    return {made ? kind::latch_made : kind::latch_gone, std::string{parts[1]}, {}};
  }
  if (top == "workers" && parts.size() == 5 && parts[2] == "assigned" && (made || gone)) {
    return {made ? kind::assigned : kind::unassigned, join(parts[3], parts[4]), std::string{parts[1]}};
  }
  if (top == "worker-assignment-version" && change.what == what::set) {
    return {kind::assignment_bumped, {}, {}};
  }
  if (top == "work-pool" && parts.size() == 3 && (made || gone)) {
    return {made ? kind::pool_item_made : kind::pool_item_gone, join(parts[1], parts[2]), {}};
  }
  if (top == "work-pool" && parts.size() <= 2) {
    return {kind::pool_changed, parts.size() == 2 ? std::string{parts[1]} : std::string{}, {}};
  }
  if (top == "marks" && parts.size() == 2) {
    return {kind::other, std::string{parts[1]}, "marks"};
  }
  if (top == "refusals" && parts.size() == 2) {
    return {kind::other, std::string{parts[1]}, "refusals"};
  }
  if (top == "workers" && parts.size() == 4 && parts[2] == "available") {
    return {kind::other, join(parts[1], parts[3]), "available"};
  }
  return {};
}

void tree_image::apply(const store::node_change& change, const tree_event& e, store::zxid_t zxid) {
  using what = store::node_change::kind;
  using kind = tree_event::kind;
  switch (e.what) {
  case kind::lock_made: {
    lock l;
    l.token = zxid;
    if (const auto p = store::decode<store::lock_payload>(change.data, change.path)) {
      l.worker = p->worker;
      l.incarnation = p->incarnation;
      l.detach = std::chrono::milliseconds{p->detach_ms};
    }
    locks_[e.key] = std::move(l);
    break;
  }
  case kind::lock_gone: locks_.erase(e.key); break;
  case kind::alive_made: {
    if (change.what == what::create && change.ephemeral_owner == 0) {
      break; // nobody's life
    }
    presence p;
    p.session = change.ephemeral_owner;
    if (const auto payload = store::decode<store::alive_payload>(change.data, change.path)) {
      p.incarnation = payload->incarnation;
    }
    if (change.what == what::set) {
      p.session = alive_[node_id{e.key}].session;
    }
    alive_[node_id{e.key}] = std::move(p);
    break;
  }
  case kind::alive_gone: alive_.erase(node_id{e.key}); break;
  case kind::latch_made:
    if (change.ephemeral_owner != 0) {
      latches_[store::sequence_of(e.key).value_or(-1)] = change.ephemeral_owner;
    }
    break;
  case kind::latch_gone: latches_.erase(store::sequence_of(e.key).value_or(-1)); break;
  case kind::assigned: assigned_[e.key].emplace(e.worker); break;
  case kind::unassigned: {
    auto i = assigned_.find(e.key);
    if (i != assigned_.end()) {
      i->second.erase(node_id{e.worker});
      if (i->second.empty()) {
        assigned_.erase(i);
      }
    }
    break;
  }
  case kind::pool_item_made: pool_.insert(e.key); break;
  case kind::pool_item_gone: pool_.erase(e.key); break;
  case kind::pool_changed:
    if (e.key.empty()) {
      if (const auto p = store::decode<store::pools_payload>(change.data, change.path)) {
        all_disabled_ = p->all_disabled;
      }
    } else if (change.what == what::remove) {
      jobs_.erase(job_id{e.key});
      wishes_.erase(job_id{e.key});
    } else {
      auto& enabled = jobs_.emplace(e.key, true).first->second;
      if (const auto p = store::decode<store::pool_payload>(change.data, change.path)) {
        enabled = p->enabled;
        wishes_[job_id{e.key}] = {p->last_writer, p->writer_incarnation, p->wish};
      }
    }
    break;
  case kind::other:
    if (e.worker == "available") {
      const auto slash = e.key.find('/');
      const std::pair offer{node_id{e.key.substr(0, slash)}, job_id{e.key.substr(slash + 1)}};
      if (change.what == what::remove) {
        offers_.erase(offer);
      } else {
        offers_.insert(offer);
      }
    } else if (e.worker == "refusals") {
      refusals_.erase(e.key);
      if (const auto p = store::decode<store::refusal_payload>(change.data, change.path);
          p && change.what != what::remove) {
        auto& r = refusals_[e.key];
        r = {p->worker, p->incarnation, {}, std::chrono::milliseconds{p->for_ms}};
        for (const auto& item : p->items) {
          r.items.insert(join(p->job, item));
        }
      }
    } else if (e.worker == "marks") {
      const auto mark = store::decode<store::mark_payload>(change.data, change.path);
      if (change.what == what::remove || (mark && !mark->draining && !mark->cordoned)) {
        marked_.erase(node_id{e.key});
      } else {
        marked_.emplace(e.key);
      }
    }
    break;
  case kind::assignment_bumped: break;
  }
}

bool tree_image::refuses(const node_id& worker, const std::string& key) const {
  const auto a = alive_.find(worker);
  return a != alive_.end() && std::any_of(refusals_.begin(), refusals_.end(), [&](const auto& r) {
           return r.second.incarnation == a->second.incarnation && r.second.items.count(key) > 0;
         });
}

store::session_id_t tree_image::lowest_latch() const {
  return latches_.empty() ? 0 : latches_.begin()->second;
}

} // namespace djm::sim
