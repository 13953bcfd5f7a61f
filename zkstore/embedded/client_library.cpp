#include "zkstore/embedded/client_library.hpp"

#include <algorithm>
#include <utility>

namespace djm::store {

void client_library::start(time_point now) {
  if (is_ != stage::fresh) {
    return;
  }
  server_ = options_.first_server % options_.servers;
  dial_next(now);
}

void client_library::submit(op_id_t id, raw_request request, time_point now) {
  outstanding entry;
  entry.id = id;
  if (auto* read = std::get_if<read_op>(&request); read && read->watch) {
    entry.watching = *read;
  }
  if (is_ == stage::ended) {
    raw_completion done;
    done.id = id;
    done.code = rc::closed;
    events_.emplace_back(std::move(done));
    return;
  }
  outstanding_.push_back(std::move(entry));
  if (is_ == stage::open) {
    transmit(wire::request{id, std::move(request)}, now);
  } else {
    unsent_.push_back({id, std::move(request)});
  }
}

void client_library::close(time_point now) {
  if (is_ == stage::leaving) {
    return;
  }
  if (is_ == stage::open) {
    transmit(wire::goodbye{}, now);
    is_ = stage::leaving;
    until_ = now + options_.close_patience;
    return;
  }
  end(link_state::closed, rc::closed);
}

void client_library::receive(connection_t connection, wire::to_client message, time_point now) {
  if (connection != connection_ || connection == 0) {
    return;
  }
  heard_ = now;
  std::visit([&](auto&& m) { on(std::forward<decltype(m)>(m), now); }, std::move(message));
}

void client_library::advance(time_point now) {
  switch (is_) {
  case stage::pausing:
    if (until_ <= now) {
      dial_next(now);
    }
    return;
  case stage::dialing:
    if (heard_ + timeout() * 2 / 3 <= now) {
      lose(rc::operation_timeout, now);
    }
    return;
  case stage::open:
    if (heard_ + timeout() * 2 / 3 <= now) {
      lose(rc::operation_timeout, now);
    } else if (sent_ + timeout() / 3 <= now) {
      transmit(wire::ping{}, now);
    }
    return;
  case stage::leaving:
    if (until_ <= now) {
      end(link_state::closed, rc::closed);
    }
    return;
  case stage::fresh:
  case stage::ended: return;
  }
}

std::optional<time_point> client_library::next_deadline() const {
  switch (is_) {
  case stage::pausing:
  case stage::leaving: return until_;
  case stage::dialing: return heard_ + timeout() * 2 / 3;
  case stage::open: return std::min(heard_ + timeout() * 2 / 3, sent_ + timeout() / 3);
  case stage::fresh:
  case stage::ended: break;
  }
  return std::nullopt;
}

std::vector<client_library::effect> client_library::take_effects() {
  return std::exchange(effects_, {});
}

std::vector<raw_event> client_library::take_events() {
  return std::exchange(events_, {});
}

void client_library::dial_next(time_point now) {
  is_ = stage::dialing;
  connection_ = next_connection_++;
  ++dials_;
  heard_ = now;
  effects_.emplace_back(dial{connection_, server_});
  transmit(wire::hello{session_, password_, last_zxid_, options_.session.session_timeout, options_.session.digest},
           now);
}

void client_library::lose(rc why, time_point now) {
  if (is_ == stage::leaving) {
    return end(link_state::closed, rc::closed);
  }
  effects_.emplace_back(hang_up{connection_});
  connection_ = 0;
  if (is_ == stage::open) {
    events_.emplace_back(raw_link{link_state::connecting, session_, granted_});
    dials_ = 0;
  }
  fail_outstanding(why);
  server_ = (server_ + 1) % options_.servers;
  if (dials_ % options_.servers != 0 || dials_ == 0) {
    return dial_next(now);
  }
  is_ = stage::pausing;
  until_ = now + options_.retry_delay;
}

void client_library::fail_outstanding(rc why) {
  for (const auto& entry : std::exchange(outstanding_, {})) {
    raw_completion done;
    done.id = entry.id;
    done.code = why;
    done.read.code = why;
    events_.emplace_back(std::move(done));
  }
  unsent_.clear();
}

void client_library::end(link_state last, rc why) {
  if (std::exchange(closed_, closed_ || last == link_state::closed)) {
    return; // `closed` is the last word.
  }
  if (connection_ != 0) {
    effects_.emplace_back(hang_up{connection_});
  }
  connection_ = 0;
  is_ = stage::ended;
  fail_outstanding(why);
  events_.emplace_back(raw_link{last, session_, granted_});
}

void client_library::transmit(wire::to_server message, time_point now) {
  sent_ = now;
  effects_.emplace_back(send{connection_, std::move(message)});
}

duration client_library::timeout() const {
  return std::max<duration>(granted_ > duration::zero() ? granted_ : options_.session.session_timeout,
                            std::chrono::milliseconds{3});
}

void client_library::on(wire::welcome&& m, time_point now) {
  if (is_ != stage::dialing) {
    return;
  }
  is_ = stage::open;
  session_ = m.session;
  password_ = m.password;
  granted_ = m.timeout;
  dials_ = 0;
  events_.emplace_back(raw_link{link_state::connected, session_, granted_});
  if (!data_watches_.empty() || !exist_watches_.empty() || !child_watches_.empty()) {
    wire::set_watches again;
    again.since = last_zxid_;
    again.data.assign(data_watches_.begin(), data_watches_.end());
    again.exist.assign(exist_watches_.begin(), exist_watches_.end());
    again.child.assign(child_watches_.begin(), child_watches_.end());
    transmit(std::move(again), now);
  }
  for (auto& request : std::exchange(unsent_, {})) {
    transmit(std::move(request), now);
  }
}

void client_library::on(wire::expired&&, time_point) {
  end(link_state::expired, rc::session_expired);
}

void client_library::on(wire::response&& m, time_point) {
  last_zxid_ = std::max(last_zxid_, m.zxid);
  // Answers come in the order of the requests.
  if (outstanding_.empty() || outstanding_.front().id != m.completion.id) {
    return;
  }
  if (outstanding_.front().watching) {
    activate(*outstanding_.front().watching, m.completion.code);
  }
  outstanding_.pop_front();
  events_.emplace_back(std::move(m.completion));
}

void client_library::on(wire::notification&& m, time_point) {
  consume(m.event);
  events_.emplace_back(raw_watch{std::move(m.event)});
}

void client_library::on(wire::pong&& m, time_point) {
  last_zxid_ = std::max(last_zxid_, m.zxid);
}

void client_library::on(wire::farewell&&, time_point) {
  end(link_state::closed, rc::closed);
}

void client_library::on(wire::hang_up&&, time_point now) {
  lose(rc::connection_loss, now);
}

void client_library::activate(const read_op& op, rc code) {
  if (op.kind == read_kind::exists && code == rc::no_node) {
    exist_watches_.insert(op.path);
  } else if (code == rc::ok) {
    (op.kind == read_kind::children ? child_watches_ : data_watches_).insert(op.path);
  }
}

void client_library::consume(const watch_event& event) {
  if (event.kind != watch_kind::children) {
    data_watches_.erase(event.path);
    exist_watches_.erase(event.path);
  }
  if (event.kind == watch_kind::children || event.kind == watch_kind::deleted) {
    child_watches_.erase(event.path);
  }
}

} // namespace djm::store
