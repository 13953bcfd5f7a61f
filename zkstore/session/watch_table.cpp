#include "zkstore/session/watch_table.hpp"

namespace djm::store {

watch_slot slot_of(read_kind kind) noexcept {
  return kind == read_kind::children ? watch_slot::children : watch_slot::data;
}

bool watch_table::reserve(const std::string& path, watch_slot slot) {
  auto i = entries_.find({path, slot});
  if (i == entries_.end()) {
    if (entries_.size() >= max_watches_ || bytes_ + path.size() > max_bytes_) {
      return false;
    }
    i = entries_.emplace(key{path, slot}, entry{}).first;
    bytes_ += path.size();
  }
  ++i->second.reserved;
  return true;
}

void watch_table::settle(const std::string& path, watch_slot slot, bool left) {
  auto i = entries_.find({path, slot});
  // Absent after `clear`: the session of that read is over.
  if (i == entries_.end()) {
    return;
  }
  if (i->second.reserved > 0) {
    --i->second.reserved;
  }
  if (left) {
    i->second.active = true;
  }
  erase_if_unused(i);
}

void watch_table::subscribe(const std::string& path, watch_slot slot, client_t client) {
  auto i = entries_.find({path, slot});
  if (i != entries_.end() && i->second.active) {
    i->second.clients.insert(client);
  }
}

std::vector<watch_table::client_t> watch_table::fire(const watch_event& event) {
  std::set<client_t> clients;
  // A deletion consumes both kinds and is told once.
  if (event.kind != watch_kind::children) {
    take(event.path, watch_slot::data, clients);
  }
  if (event.kind == watch_kind::children || event.kind == watch_kind::deleted) {
    take(event.path, watch_slot::children, clients);
  }
  return {clients.begin(), clients.end()};
}

void watch_table::forget(client_t client) {
  for (auto& [_, e] : entries_) {
    e.clients.erase(client);
  }
}

void watch_table::clear() {
  entries_.clear();
  bytes_ = 0;
}

void watch_table::take(const std::string& path, watch_slot slot, std::set<client_t>& into) {
  auto i = entries_.find({path, slot});
  if (i == entries_.end()) {
    return;
  }
  into.merge(i->second.clients);
  i->second.clients.clear();
  i->second.active = false;
  erase_if_unused(i);
}

void watch_table::erase_if_unused(std::map<key, entry>::iterator i) {
  if (i->second.active || i->second.reserved > 0) {
    return;
  }
  bytes_ -= i->first.first.size();
  entries_.erase(i);
}

} // namespace djm::store
