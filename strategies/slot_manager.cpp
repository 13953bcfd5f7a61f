#include "strategies/slot_manager.hpp"

#include <algorithm>

namespace djm {

bool fits(const slot_profile& slot, const slot_profile& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& need) {
    auto i = slot.find(need.first);
    return need.second <= 0 || (i != slot.end() && i->second >= need.second);
  });
}

slot_manager::place_in_line slot_manager::place_of(const request_entry& r) {
  return {-r.wanted.priority, !r.wanted.senior, r.age, r.wanted.id};
}

void slot_manager::wait(request_entry& r) {
  r.state = request_state::waiting;
  r.slot = {};
  line_.insert(place_of(r));
  if (announced_.count(r.wanted.id) == 0) {
    unheard_.insert(r.wanted.id);
  }
}

void slot_manager::seat(request_entry& r, const slot_ref& at, request_state s) {
  line_.erase(place_of(r));
  unheard_.erase(r.wanted.id);
  if (s == request_state::served) {
    announced_.erase(r.wanted.id);
  }
  r.state = s;
  r.slot = at;
  free_.erase(at);
}

void slot_manager::vacate(const slot_ref& at, slot_entry& slot) {
  slot.state = slot_state::free;
  slot.user.clear();
  free_.insert(at);
}

slot_effects slot_manager::request(const slot_request& r) {
  slot_effects out;
  if (requests_.count(r.id) > 0) {
    return out;
  }
  auto& entry = requests_[r.id];
  entry.wanted = r;
  entry.age = next_age_++;
  wait(entry);
  serve(out);
  return out;
}

slot_effects slot_manager::cancel(const allocation_id& id) {
  slot_effects out;
  auto i = requests_.find(id);
  if (i == requests_.end()) {
    return out;
  }
  auto& r = i->second;
  line_.erase(place_of(r));
  announced_.erase(id);
  unheard_.erase(id);
  if (r.state != request_state::waiting) {
    // The worker may use the slot until it has answered; its next report says so.
    out.push_back({slot_effect::what::release, r.slot, id, {}});
    vacate(r.slot, slots_.at(r.slot));
  }
  requests_.erase(i);
  serve(out);
  return out;
}

slot_effects slot_manager::confirmed(const slot_ref& slot, const allocation_id& id) {
  auto i = slots_.find(slot);
  if (i != slots_.end() && i->second.state == slot_state::asked && i->second.user == id) {
    i->second.state = slot_state::in_use;
    seat(requests_.at(id), slot, request_state::served);
  }
  return {};
}

slot_effects slot_manager::refused(const slot_ref& slot, const allocation_id& id) {
  slot_effects out;
  auto i = slots_.find(slot);
  if (i == slots_.end() || i->second.state != slot_state::asked || i->second.user != id) {
    return out;
  }
  vacate(slot, i->second);
  refusals_.insert({slot, id});
  wait(requests_.at(id));
  serve(out);
  return out;
}

slot_effects slot_manager::report(const node_id& worker, const std::vector<slot_report>& slots) {
  slot_effects out;
  std::map<std::uint32_t, const slot_report*> named;
  for (const auto& s : slots) {
    named.emplace(s.slot, &s); // of two with one number the first counts
  }
  std::vector<slot_ref> missing;
  for (auto i = slots_.lower_bound({worker, 0}); i != slots_.end() && i->first.worker == worker; ++i) {
    if (named.count(i->first.slot) == 0) {
      missing.push_back(i->first);
    }
  }
  for (const auto& at : missing) {
    lose(at);
  }
  const auto old = refusals_.lower_bound({{worker, 0}, {}});
  auto end = old;
  while (end != refusals_.end() && end->first.worker == worker) {
    ++end;
  }
  refusals_.erase(old, end);
  for (const auto& [number, truth] : named) {
    const slot_ref at{worker, number};
    const auto [i, added] = slots_.try_emplace(at);
    if (added) {
      free_.insert(at);
    }
    correct(at, i->second, *truth, out);
  }
  serve(out);
  return out;
}

void slot_manager::correct(const slot_ref& at, slot_entry& slot, const slot_report& truth, slot_effects& out) {
  slot.profile = truth.profile;
  if (truth.used_by.empty()) {
    if (slot.state == slot_state::in_use) { // it has ended its work
      requests_.erase(slot.user);
      vacate(at, slot);
    }
    return;
  }
  if (slot.user == truth.used_by) {
    slot.state = slot_state::in_use;
    seat(requests_.at(slot.user), at, request_state::served);
    return;
  }
  if (slot.state == slot_state::asked) {
    wait(requests_.at(slot.user)); // somebody else was there first
  } else if (slot.state == slot_state::in_use) {
    requests_.erase(slot.user);
  }
  vacate(at, slot);
  adopt(at, slot, truth.used_by, out);
}

// The slot is in use by `id`, which the books place elsewhere or not at all.
void slot_manager::adopt(const slot_ref& at, slot_entry& slot, const allocation_id& id, slot_effects& out) {
  auto i = requests_.find(id);
  if (i == requests_.end()) {
    i = requests_.emplace(id, request_entry{}).first;
    i->second.wanted = {id, slot.profile, 0, false};
    i->second.age = next_age_++;
  } else if (i->second.state != request_state::waiting) {
    auto& other = slots_.at(i->second.slot);
    out.push_back({slot_effect::what::release, i->second.slot, id, {}});
    vacate(i->second.slot, other);
  }
  slot.state = slot_state::in_use;
  slot.user = id;
  seat(i->second, at, request_state::served);
}

void slot_manager::lose(const slot_ref& at) {
  auto i = slots_.find(at);
  if (i->second.state != slot_state::free) {
    wait(requests_.at(i->second.user));
  }
  slots_.erase(i);
  free_.erase(at);
}

slot_effects slot_manager::worker_lost(const node_id& worker) {
  return report(worker, {});
}

// The tightest fit, so that large slots stay free for large requests: least left over, by the sorted amounts.
slot_manager::fit slot_manager::ask(request_entry& r, slot_effects& out) {
  auto result = fit::none;
  const slot_ref* best = nullptr;
  std::vector<std::int64_t> best_rest;
  for (const auto& at : free_) {
    const auto& slot = slots_.at(at);
    if (!fits(slot.profile, r.wanted.profile)) {
      continue;
    }
    result = fit::refused;
    if (refusals_.count({at, r.wanted.id}) > 0) {
      continue;
    }
    std::vector<std::int64_t> rest;
    for (const auto& [name, amount] : slot.profile) {
      auto need = r.wanted.profile.find(name);
      rest.push_back(amount - (need == r.wanted.profile.end() ? 0 : need->second));
    }
    std::sort(rest.rbegin(), rest.rend());
    if (best == nullptr || rest < best_rest) {
      best = &at;
      best_rest = std::move(rest);
    }
  }
  if (best == nullptr) {
    return result;
  }
  const auto at = *best;
  auto& slot = slots_.at(at);
  slot.state = slot_state::asked;
  slot.user = r.wanted.id;
  out.push_back({slot_effect::what::allocate, at, r.wanted.id, r.wanted.profile});
  seat(r, at, request_state::asked);
  return fit::found;
}

// Everybody in line gets a chance, first come first; who finds nothing does not hold up the others. Where nothing fits
// one request nothing fits another of its profile.
void slot_manager::serve(slot_effects& out) {
  std::set<slot_profile> hopeless;
  for (auto i = line_.begin(); i != line_.end() && !free_.empty();) {
    auto& r = requests_.at(std::get<3>(*i));
    ++i; // who is served leaves the line
    if (hopeless.count(r.wanted.profile) == 0 && ask(r, out) == fit::none) {
      hopeless.insert(r.wanted.profile);
    }
  }
  // Those who found nothing and have not said so yet: few, where the line may be long.
  std::set<place_in_line> unheard;
  for (const auto& id : unheard_) {
    unheard.insert(place_of(requests_.at(id)));
  }
  unheard_.clear();
  for (const auto& place : unheard) {
    const auto& r = requests_.at(std::get<3>(place));
    announced_.insert(r.wanted.id);
    out.push_back({slot_effect::what::capacity_wanted, {}, r.wanted.id, r.wanted.profile});
  }
}

std::size_t slot_manager::slots(slot_state s) const {
  return static_cast<std::size_t>(
    std::count_if(slots_.begin(), slots_.end(), [s](const auto& x) { return x.second.state == s; }));
}

std::size_t slot_manager::requests(request_state s) const {
  return static_cast<std::size_t>(
    std::count_if(requests_.begin(), requests_.end(), [s](const auto& x) { return x.second.state == s; }));
}

std::optional<allocation_id> slot_manager::user_of(const slot_ref& slot) const {
  auto i = slots_.find(slot);
  return i == slots_.end() ? std::nullopt : std::optional{i->second.user};
}

std::optional<slot_ref> slot_manager::slot_of(const allocation_id& id) const {
  auto i = requests_.find(id);
  return i == requests_.end() || i->second.state == request_state::waiting ? std::nullopt
                                                                           : std::optional{i->second.slot};
}

std::optional<slot_manager::request_state> slot_manager::state_of(const allocation_id& id) const {
  auto i = requests_.find(id);
  return i == requests_.end() ? std::nullopt : std::optional{i->second.state};
}

std::vector<allocation_id> slot_manager::waiting() const {
  std::vector<allocation_id> result;
  for (const auto& place : line_) {
    result.push_back(std::get<3>(place));
  }
  return result;
}

std::vector<allocation_id> slot_manager::in_order() const {
  std::set<place_in_line> order;
  for (const auto& [id, r] : requests_) {
    order.insert(place_of(r));
  }
  std::vector<allocation_id> result;
  for (const auto& place : order) {
    result.push_back(std::get<3>(place));
  }
  return result;
}

} // namespace djm
