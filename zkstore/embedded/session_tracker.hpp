#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "djm/time.hpp"
#include "zkstore/types.hpp"

namespace djm::store {

/// What one leader knows of sessions beyond what is replicated: when each runs out and which server speaks for it.
/// A new leader starts with an empty one, so every session gets its full time again. Pure.
class session_tracker {
public:
  explicit session_tracker(duration tick) : tick_(tick) {}

  /// From now on the session runs out `timeout` (rounded up to a whole tick) after its latest touch.
  void start(session_id_t session, duration timeout, time_point now);
  /// Nothing happens for a session that is closing or unknown.
  void touch(session_id_t session, time_point now);
  void remove(session_id_t session);

  /// The session's end is proposed: no request of it is taken any more.
  void start_closing(session_id_t session);
  bool usable(session_id_t session) const;

  void set_owner(session_id_t session, std::size_t server);
  /// Whether `server` speaks for the session; the first one that asks does when none is known.
  bool claim(session_id_t session, std::size_t server);

  std::optional<time_point> next_expiry() const;
  /// Sessions whose time has run out, sorted; they are closing from now on.
  std::vector<session_id_t> take_expired(time_point now);

private:
  struct entry {
    duration timeout;
    time_point expires;
    bool closing = false;
    std::optional<std::size_t> owner;
  };

  time_point expiry_after(duration timeout, time_point now) const;
  void unschedule(session_id_t session, const entry& e);

  duration tick_;
  std::map<session_id_t, entry> sessions_;
  std::map<time_point, std::set<session_id_t>> schedule_;
};

} // namespace djm::store
