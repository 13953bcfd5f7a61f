#include "actors/manager/refusals/refusal_desk.hpp"

#include <algorithm>
#include <chrono>

namespace djm {

using store::rc;

std::vector<std::string> refusal_desk::listed(const std::vector<std::string>& names) {
  const std::set<std::string> there{names.begin(), names.end()};
  std::vector<std::string> gone;
  for (const auto& [name, r] : known_.image().refusals) {
    if (there.count(name) == 0) {
      gone.push_back(name);
    }
  }
  for (const auto& name : gone) {
    known_.drop_refusal(name);
  }
  for (auto u = until_.begin(); u != until_.end();) {
    if (there.count(u->first) > 0) {
      ++u;
    } else {
      ends_.erase({u->second, u->first});
      u = until_.erase(u);
    }
  }
  std::vector<std::string> unknown;
  for (const auto& name : there) {
    if (known_.image().refusals.count(name) == 0) {
      unknown.push_back(name);
    }
  }
  return unknown;
}

void refusal_desk::take(const std::string& name, const store::read_result& found, step s, manager_effects& out) {
  if (found.code == rc::no_node) {
    return;
  }
  const auto path = store_.tree().refusal(name);
  refusal_image r;
  if (found.code != rc::ok) {
    store_.unreadable(path, found.code, out);
    r.over = true;
  } else if (auto said = store_.decode<store::refusal_payload>(found, path, out)) {
    r.said = std::move(*said);
    const auto [at, first] = until_.try_emplace(name, s.now + std::chrono::milliseconds{r.said.for_ms});
    r.over = at->second <= s.now;
    if (!r.over) {
      ends_.insert({at->second, name});
    }
  } else {
    r.over = true;
  }
  known_.put_refusal(name, std::move(r));
}

bool refusal_desk::look_at_time(time_point now) {
  bool any = false;
  while (!ends_.empty() && ends_.begin()->first <= now) {
    if (const auto name = ends_.begin()->second; known_.image().refusals.count(name) > 0) {
      known_.refusal_is_over(name);
      any = look_ = true;
    }
    ends_.erase(ends_.begin());
  }
  return any;
}

std::optional<time_point> refusal_desk::next_end() const {
  return ends_.empty() ? std::nullopt : std::optional{ends_.begin()->first};
}

/// Another life has the worker's id, or the worker has left: this one never returns. One that is merely gone may, and
/// goes by what it has refused; when that is over for the leader it is over for the worker as well.
bool refusal_desk::is_outlived(const refusal_image& r) const {
  if (r.said.worker.empty()) {
    return false; // nobody knows whose it is
  }
  const auto w = known_.image().workers.find(r.said.worker);
  if (w == known_.image().workers.end() || !w->second.registration) {
    return r.over;
  }
  return w->second.registration->incarnation != r.said.incarnation || w->second.has_left() ||
         (r.over && w->second.alive.empty());
}

bool refusal_desk::clean(step, manager_effects& out) {
  if (!look_) {
    return false;
  }
  const auto most = std::max<std::size_t>(store_.most_ops(), 2) - 1;
  std::vector<std::string> names;
  for (const auto& [name, r] : known_.image().refusals) {
    if (names.size() < most && is_outlived(r)) {
      names.push_back(name);
    }
  }
  look_ = !names.empty();
  if (!look_) {
    return false;
  }
  txn_builder<std::string> txn;
  txn.add(store::check_op{store_.mine().latch});
  for (const auto& name : names) {
    txn.add(name, store::remove_op{store_.tree().refusal(name)});
  }
  store_.commit(activity::clean_write, std::move(txn), out, this, &refusal_desk::cleaned, names);
  return true;
}

void refusal_desk::cleaned(const std::vector<std::string>& names, const txn_outcome<std::string>& o, step s,
                           manager_effects& out) {
  if (o.committed()) {
    for (const auto& name : names) {
      known_.drop_refusal(name);
    }
  } else if (const auto* gone = o.failed()) {
    known_.drop_refusal(*gone);
  } else {
    store_.setback(s, effort::cleaning, "a conflict", out);
  }
}

} // namespace djm
