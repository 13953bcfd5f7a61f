#include "zkstore/session_core.hpp"

#include <algorithm>
#include <utility>

namespace djm::store {

session_core::session_core(session_limits limits)
  : limits_(std::move(limits)),
    ops_(limits_.window_ops, limits_.window_bytes),
    watches_(limits_.max_watches, limits_.max_watch_bytes),
    backoff_(limits_.backoff_min, limits_.backoff_max) {}

bool session_core::reachable() const noexcept {
  return view_.phase == session_phase::connecting || view_.phase == session_phase::connected ||
         view_.phase == session_phase::suspended;
}

session_core::effects session_core::flush(time_point now) {
  pump(now);
  send_due_probe(now);
  arm(now);
  counters_.in_flight_ops = ops_.ops();
  counters_.in_flight_bytes = ops_.bytes();
  counters_.queued_ops = queued_ops_;
  counters_.watches = watches_.size();
  counters_.watch_bytes = watches_.bytes();
  counters_.max_in_flight_bytes = std::max(counters_.max_in_flight_bytes, counters_.in_flight_bytes);
  counters_.max_watches = std::max(counters_.max_watches, counters_.watches);
  counters_.max_watch_bytes = std::max(counters_.max_watch_bytes, counters_.watch_bytes);
  effects result;
  result.swap(out_);
  return result;
}

// -- time ---------------------------------------------------------------------

session_core::effects session_core::on_timer(std::uint64_t generation, time_point now) {
  if (generation != timer_generation_) {
    return {};
  }
  armed_.reset();
  give_up_overdue(now);
  if (reopen_at_ && *reopen_at_ <= now) {
    open_handle_now(now);
  }
  if (scout_at_ && *scout_at_ <= now) {
    scout_at_ = now + view_.timeout;
    if (!std::exchange(scouting_, true)) {
      out_.emplace_back(scout{handle_, ++scouts_});
    }
  }
  if (sizes_.pause_ends(now)) {
    out_.emplace_back(report_over{subject::size});
  }
  return flush(now);
}

void session_core::arm(time_point) {
  auto due = ops_.next_deadline();
  const auto consider = [&due](const std::optional<time_point>& at) {
    if (at && (!due || *at < *due)) {
      due = at;
    }
  };
  consider(queue_deadline());
  consider(reopen_at_);
  consider(scout_at_);
  consider(sizes_.due());
  if (view_.phase == session_phase::connected) {
    consider(prober_.due());
  }
  // A timer that comes too early costs one call; only one that would come too late is replaced.
  if (!due || (armed_ && *armed_ <= *due)) {
    return;
  }
  armed_ = due;
  out_.emplace_back(arm_timer{++timer_generation_, *due});
}

// -- probing ------------------------------------------------------------------

session_core::effects session_core::start_probing(std::uint64_t number, std::string path, time_point now) {
  const bool alive = view_.phase == session_phase::connected || view_.phase == session_phase::suspended;
  if (!alive || number != view_.number) {
    return {};
  }
  prober_.start(std::move(path), view_.timeout, now);
  return flush(now);
}

session_core::effects session_core::stop_probing(time_point now) {
  prober_.stop();
  return flush(now);
}

void session_core::send_due_probe(time_point now) {
  if (view_.phase != session_phase::connected || !prober_.take_turn(now)) {
    return;
  }
  const auto id = ops_.add_probe();
  prober_.sent(id, now);
  ++counters_.probes;
  out_.emplace_back(submit{handle_, id, check_of(prober_.path())});
}

void session_core::on_probe(op_id_t id, rc code) {
  switch (prober_.answered(id, code)) {
  case prober::verdict::nothing: return;
  case prober::verdict::contact: out_.emplace_back(contact_advanced{view_.number, *prober_.contact()}); return;
  case prober::verdict::gone: out_.emplace_back(probe_failed{view_.number}); return;
  }
}

// -- session life -------------------------------------------------------------

session_core::effects session_core::open(time_point now) {
  const bool may =
    view_.phase == session_phase::idle || view_.phase == session_phase::closed || view_.phase == session_phase::refused;
  if (!may) {
    return {};
  }
  if (closing_handle_ != 0) {
    open_when_closed_ = true;
  } else {
    open_handle_now(now);
  }
  return flush(now);
}

session_core::effects session_core::close(time_point now) {
  open_when_closed_ = false;
  if (view_.phase == session_phase::closed) {
    return {};
  }
  view_.closed_at = now;
  end_session(session_phase::closed, {unknown{}, session_lost{}, read_status::session_lost, "session closed"});
  return flush(now);
}

session_core::effects session_core::on_open_failed(std::uint64_t handle, error why, time_point now,
                                                   std::uint64_t entropy) {
  if (handle == 0 || handle != handle_) {
    return {};
  }
  not_opened(std::move(why), now, entropy);
  return flush(now);
}

void session_core::not_opened(error why, time_point now, std::uint64_t entropy) {
  handle_ = 0;
  if (!(view_.trouble == why)) {
    view_.trouble = why;
    announce();
  }
  // Said once until there is a connection, also where one attempt fails in another way than the next.
  if (std::find(reported_.begin(), reported_.end(), why) == reported_.end() && reported_.size() < max_reports) {
    reported_.push_back(why);
    out_.emplace_back(report{std::move(why)});
  }
  reopen_later(now, entropy);
}

session_core::effects session_core::on_raw(std::uint64_t handle, raw_event event, time_point now,
                                           std::uint64_t entropy) {
  if (auto* link = std::get_if<raw_link>(&event);
      link && handle != 0 && handle == closing_handle_ && link->state == link_state::closed) {
    closing_handle_ = 0;
    if (open_when_closed_) {
      open_handle_now(now);
    }
    return flush(now);
  }
  if (handle == 0 || handle != handle_) {
    return {};
  }
  if (auto* done = std::get_if<raw_completion>(&event)) {
    on_completion(std::move(*done), now);
  } else if (auto* watch = std::get_if<raw_watch>(&event)) {
    on_watch(watch->event);
  } else if (auto* found = std::get_if<raw_scouted>(&event)) {
    on_scouted(*found);
  } else {
    on_link(std::get<raw_link>(event), now, entropy);
  }
  return flush(now);
}

void session_core::on_link(const raw_link& link, time_point now, std::uint64_t entropy) {
  switch (link.state) {
  case link_state::connected: return on_connected(link, now);
  case link_state::connecting:
    on_connecting();
    if (limits_.scout_after && view_.phase == session_phase::suspended && !scout_at_) {
      scout_at_ = now + view_.timeout + *limits_.scout_after;
    }
    return;
  case link_state::expired: return on_expired(now, entropy);
  case link_state::auth_failed: {
    error why{errc::no_permission, "the store refuses the credentials"};
    view_.trouble = why;
    return end_session(session_phase::refused, {unknown{}, rejected{why}, read_status::failed, why.text});
  }
  case link_state::failed: return not_opened(link.why, now, entropy);
  case link_state::closed: {
    // Not asked for. Whether the session lives on at the server is not known, so nobody opens another by itself.
    error why{errc::not_connected, "the store's client library closed the session"};
    handle_ = 0;
    view_.closed_at = now;
    view_.trouble = why;
    return end_session(session_phase::closed, {unknown{}, rejected{why}, read_status::failed, why.text});
  }
  }
}

void session_core::on_connected(const raw_link& link, time_point now) {
  if (view_.connects > 0 && link.session != view_.id) {
    // The library has changed the session under the handle: nothing of the old one holds any more.
    ops_.clear();
    answer_all({session_lost{}, session_lost{}, read_status::session_lost, "another session"});
    watches_.clear();
    prober_.stop();
    view_.connects = 0;
  }
  if (view_.phase == session_phase::connected) {
    on_connecting(); // Another server of the same session.
  }
  if (view_.connects == 0) {
    ++view_.number;
    ++counters_.sessions;
    seen_ = 0;
  }
  scout_at_.reset();
  scouting_ = false;
  got_through_ = 0;
  ++view_.connects;
  ++counters_.connects;
  view_.phase = session_phase::connected;
  view_.id = link.session;
  view_.timeout = link.timeout;
  view_.trouble = {};
  reported_.clear();
  backoff_.reset();
  progress_ = now;
  prober_.set_timeout(link.timeout);
  announce();
  if (const auto large = sizes_.connected(now)) {
    out_.emplace_back(report{{errc::too_large, too_large_for_server(*large)}, subject::size});
  }
}

void session_core::on_connecting() {
  if (view_.phase == session_phase::connected) {
    view_.phase = session_phase::suspended;
    announce();
  }
  // A batch is answered by one server or not at all.
  std::vector<std::uint64_t> torn;
  for (const auto& [number, q] : questions_) {
    if (auto* batch = std::get_if<pending_batch>(&q.body); batch && (batch->barrier_sent || batch->sent > 0)) {
      torn.push_back(number);
    }
  }
  for (const auto number : torn) {
    answer_batch(number, read_status::failed, "connection lost");
  }
}

void session_core::on_expired(time_point now, std::uint64_t entropy) {
  const bool had_session = view_.connects > 0;
  end_session(session_phase::expired, {session_lost{}, session_lost{}, read_status::session_lost, "session expired"});
  // The server itself has ended the old session: nothing of it can land in the time of the new one.
  closing_handle_ = 0;
  if (had_session) {
    open_handle_now(now);
  } else {
    reopen_later(now, entropy);
  }
}

// A server refuses a client that has seen more than it has, and goes on doing so when its data is gone. A session
// that is merely away comes back as soon as the servers can be reached, or is told that it is over, and a round through
// all of them takes no longer than T: so a second scout, T later, that gets through where our session still does not is
// as telling as a number that is too low.
void session_core::on_scouted(const raw_scouted& found) {
  if (found.scout != scouts_ || !std::exchange(scouting_, false) || view_.phase != session_phase::suspended) {
    return; // or late: of a time before the latest connection
  }
  got_through_ = found.zxid > 0 ? got_through_ + 1 : 0;
  if (found.zxid > 0 && (found.zxid < seen_ || got_through_ > 1)) {
    out_.emplace_back(went_back{seen_, found.zxid});
  }
}

void session_core::open_handle_now(time_point now) {
  open_when_closed_ = false;
  reopen_at_.reset();
  handle_ = ++last_handle_;
  view_.asked_at = now;
  out_.emplace_back(open_handle{handle_});
  if (view_.phase == session_phase::connecting) {
    return;
  }
  view_.phase = session_phase::connecting;
  view_.id = 0;
  view_.timeout = duration::zero();
  view_.connects = 0;
  announce();
}

void session_core::reopen_later(time_point now, std::uint64_t entropy) {
  reopen_at_ = now + backoff_.draw(entropy);
}

void session_core::end_session(session_phase phase, const verdict& v) {
  view_.phase = phase;
  announce();
  ops_.clear();
  answer_all(v);
  watches_.clear();
  prober_.stop();
  reopen_at_.reset();
  scout_at_.reset();
  scouting_ = false;
  got_through_ = 0;
  if (handle_ != 0) {
    out_.emplace_back(close_handle{handle_});
    closing_handle_ = handle_;
  }
  handle_ = 0;
}

void session_core::announce() {
  out_.emplace_back(session_changed{view_});
}

} // namespace djm::store
