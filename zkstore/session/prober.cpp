#include "zkstore/session/prober.hpp"

#include <algorithm>

namespace djm::store {

void prober::start(std::string path, duration session_timeout, time_point now) {
  stop();
  active_ = true;
  path_ = std::move(path);
  set_timeout(session_timeout);
  next_ = now;
}

void prober::set_timeout(duration session_timeout) {
  interval_ = std::max<duration>(session_timeout / 3, std::chrono::milliseconds{1});
}

void prober::stop() {
  active_ = false;
  path_.clear();
  outstanding_.clear();
  successes_.clear();
  contact_.reset();
}

std::optional<time_point> prober::due() const {
  if (!active_) {
    return std::nullopt;
  }
  return next_;
}

bool prober::take_turn(time_point now) {
  if (!active_ || now < next_) {
    return false;
  }
  next_ = now + interval_;
  return outstanding_.size() < max_outstanding;
}

void prober::sent(op_id_t id, time_point now) {
  outstanding_.push_back({id, now});
}

prober::verdict prober::answered(op_id_t id, rc code) {
  auto i = std::find_if(outstanding_.begin(), outstanding_.end(), [id](const flight& f) { return f.id == id; });
  if (i == outstanding_.end()) {
    return verdict::nothing;
  }
  const auto when = i->sent;
  outstanding_.erase(i);
  if (code == rc::no_node) {
    // What was proved before was proved for a node that is gone.
    successes_.clear();
    return verdict::gone;
  }
  if (code != rc::ok) {
    return verdict::nothing;
  }
  successes_.insert(std::upper_bound(successes_.begin(), successes_.end(), when), when);
  const auto proved_until = successes_.back() - interval_;
  std::optional<time_point> candidate;
  while (!successes_.empty() && successes_.front() <= proved_until) {
    candidate = successes_.front();
    successes_.pop_front();
  }
  if (!candidate || (contact_ && *candidate <= *contact_)) {
    return verdict::nothing;
  }
  contact_ = candidate;
  return verdict::contact;
}

} // namespace djm::store
