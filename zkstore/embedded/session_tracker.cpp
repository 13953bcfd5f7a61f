#include "zkstore/embedded/session_tracker.hpp"

namespace djm::store {

void session_tracker::start(session_id_t session, duration timeout, time_point now) {
  remove(session);
  const auto at = expiry_after(timeout, now);
  sessions_.emplace(session, entry{timeout, at, false, std::nullopt});
  schedule_[at].insert(session);
}

void session_tracker::touch(session_id_t session, time_point now) {
  const auto i = sessions_.find(session);
  if (i == sessions_.end() || i->second.closing) {
    return;
  }
  const auto at = expiry_after(i->second.timeout, now);
  if (at <= i->second.expires) {
    return;
  }
  unschedule(session, i->second);
  i->second.expires = at;
  schedule_[at].insert(session);
}

void session_tracker::remove(session_id_t session) {
  const auto i = sessions_.find(session);
  if (i == sessions_.end()) {
    return;
  }
  unschedule(session, i->second);
  sessions_.erase(i);
}

void session_tracker::start_closing(session_id_t session) {
  const auto i = sessions_.find(session);
  if (i == sessions_.end()) {
    return;
  }
  unschedule(session, i->second);
  i->second.closing = true;
}

bool session_tracker::usable(session_id_t session) const {
  const auto i = sessions_.find(session);
  return i != sessions_.end() && !i->second.closing;
}

void session_tracker::set_owner(session_id_t session, std::size_t server) {
  if (const auto i = sessions_.find(session); i != sessions_.end()) {
    i->second.owner = server;
  }
}

bool session_tracker::claim(session_id_t session, std::size_t server) {
  const auto i = sessions_.find(session);
  if (i == sessions_.end()) {
    return false;
  }
  if (!i->second.owner) {
    i->second.owner = server;
  }
  return *i->second.owner == server;
}

std::optional<time_point> session_tracker::next_expiry() const {
  if (schedule_.empty()) {
    return std::nullopt;
  }
  return schedule_.begin()->first;
}

std::vector<session_id_t> session_tracker::take_expired(time_point now) {
  std::vector<session_id_t> result;
  while (!schedule_.empty() && schedule_.begin()->first <= now) {
    const auto sessions = schedule_.begin()->second;
    for (const auto session : sessions) {
      start_closing(session);
      result.push_back(session);
    }
  }
  return result;
}

time_point session_tracker::expiry_after(duration timeout, time_point now) const {
  const auto ticks = (now + timeout).time_since_epoch() / tick_;
  return time_point{tick_ * (ticks + 1)};
}

void session_tracker::unschedule(session_id_t session, const entry& e) {
  const auto i = schedule_.find(e.expires);
  if (i == schedule_.end()) {
    return;
  }
  i->second.erase(session);
  if (i->second.empty()) {
    schedule_.erase(i);
  }
}

} // namespace djm::store
