#include "zkstore/zookeeper/handle.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "model/connect_string.hpp"
#include "zkstore/zookeeper/rc_map.hpp"

namespace djm::store {

namespace {

// How long `close` waits for the next answer, and for all of them.
constexpr std::chrono::milliseconds patience{3000};
constexpr std::chrono::milliseconds most_patience{10000};

// An address where nobody listens. Not 127.0.0.1: the client compares servers by host alone, and stays where it is when
// it is connected to the same host.
constexpr const char* nowhere = "127.91.17.1:1";

// The client would otherwise read its list of servers anew before every wait for the socket, that is with each packet.
constexpr std::chrono::milliseconds resolve_at_most_each{60000};

// How often names are looked up again while there is no connection.
constexpr std::chrono::seconds look_again{1};

bool holds_connection(int state) {
  return state == ZOO_CONNECTED_STATE || state == ZOO_ASSOCIATING_STATE || state == ZOO_READONLY_STATE;
}

void on_auth(int, const void*) {
  // A refusal arrives as a session event too.
}

} // namespace

zookeeper_handle::zookeeper_handle(session_options options, event_sink sink, std::shared_ptr<address_book> book)
  : options_{std::move(options)},
    book_{std::move(book)},
    has_names_{address_book::has_names(options_.servers)},
    log_{options_.log},
    acl_{!options_.digest.empty() ? &ZOO_CREATOR_ALL_ACL : &ZOO_OPEN_ACL_UNSAFE},
    sink_{std::move(sink)} {
  // nop
}

zookeeper_handle::~zookeeper_handle() {
  free_client();
}

expected<std::shared_ptr<zookeeper_handle>> zookeeper_handle::open(const session_options& options, event_sink sink,
                                                                   std::shared_ptr<address_book> book) {
  // The client reports mistakes of form and some errors of the resolver by the same number.
  if (auto ok = impl::check_connect_string(options.servers); !ok) {
    return tl::make_unexpected(ok.error());
  }
  auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options.session_timeout).count();
  if (timeout < 1 || timeout > INT_MAX) {
    return fail(errc::invalid_config,
                fmt::format("session timeout {}ms: must be at least 1ms and at most {}ms", timeout, INT_MAX));
  }
  const auto& digest = options.digest;
  if (!digest.empty() && (digest.find(':') == std::string::npos || digest.front() == ':')) {
    return fail(errc::invalid_config, "digest: must be \"user:password\" (not shown, it is a secret)");
  }
  std::shared_ptr<zookeeper_handle> self{new zookeeper_handle{options, std::move(sink), std::move(book)}};
  if (self->has_names_) {
    try {
      self->look_up(duration::zero()); // the first starts the book's thread, later ones throw nothing
    } catch (const std::system_error& e) {
      return fail(errc::not_connected,
                  fmt::format("connect string \"{}\": the system refuses the thread that looks names up: {}",
                              options.servers, e.what()));
    }
  } else if (auto ok = self->start(address_book::as_client_reads(options.servers)); !ok) {
    return tl::make_unexpected(ok.error());
  }
  return self;
}

expected<void> zookeeper_handle::start(const std::string& addresses) {
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options_.session_timeout).count();
  errno = 0;
  zh_ = zookeeper_init2(addresses.c_str(), on_session, static_cast<int>(timeout), nullptr, this, ZOO_NO_LOG_CLIENTENV,
                        log_.callback());
  if (zh_ == nullptr) {
    return fail(errc::not_connected, fmt::format("connect string \"{}\": no address for the client, or no resources "
                                                 "for a handle ({})",
                                                 options_.servers, std::strerror(errno)));
  }
  addresses_ = addresses;
  zoo_set_servers_resolution_delay(zh_, static_cast<int>(resolve_at_most_each.count()));
  if (const auto& digest = options_.digest; !digest.empty()) {
    zoo_add_auth(zh_, "digest", digest.data(), static_cast<int>(digest.size()), on_auth, nullptr);
  }
  return {};
}

// -- addresses ----------------------------------------------------------------

void zookeeper_handle::look_up(duration delay) {
  if (!has_names_ || looking_.exchange(true)) {
    return;
  }
  book_->find(options_.servers, delay, [weak = weak_from_this()](expected<std::string> found) {
    if (auto self = weak.lock()) {
      self->on_addresses(std::move(found));
    }
  });
}

void zookeeper_handle::on_addresses(expected<std::string> found) {
  looking_ = false;
  {
    std::lock_guard<std::mutex> call{call_mutex_};
    if (stopped_) {
      return;
    }
    if (zh_ != nullptr) {
      // While it is connected it is left alone: it might leave a server that serves it.
      if (found && *found != addresses_ && !up_ && zoo_set_servers(zh_, found->c_str()) == ZOK) {
        addresses_ = *found;
      }
    } else if (found) {
      if (auto ok = start(*found); !ok) {
        found = tl::make_unexpected(ok.error());
      }
    }
    if (zh_ != nullptr) {
      if (!up_ && over_ == rc::ok) {
        look_up(look_again);
      }
      return;
    }
    stopped_ = true;
  }
  deliver(raw_link{link_state::failed, 0, duration::zero(), found.error()});
}

// -- requests -----------------------------------------------------------------

std::optional<raw_completion> zookeeper_handle::submit(op_id_t id, const raw_request& request) {
  std::lock_guard<std::mutex> call{call_mutex_};
  if (stopped_) {
    return std::nullopt;
  }
  if (zh_ == nullptr) {
    raw_completion done;
    done.id = id;
    done.code = done.read.code = rc::connection_loss;
    return done;
  }
  auto owned = std::make_unique<pending_op>();
  auto& op = *owned;
  op.owner = this;
  op.id = id;
  std::uint64_t serial = 0;
  {
    std::lock_guard<std::mutex> guard{table_mutex_};
    serial = op.serial = next_serial_++;
    table_.emplace(serial, std::move(owned));
    ++unanswered_;
  }
  int code = ZOK;
  if (auto* read = std::get_if<read_op>(&request)) {
    code = start_read(zh_, op, *read, on_watch);
  } else if (code = may_send_multi(); code == ZOK) {
    code = start_transaction(zh_, op, std::get<transaction>(request), *acl_);
  }
  if (code == ZOK) {
    return std::nullopt;
  }
  // No completion follows. Only after an internal failure it might, so then the buffers stay until the handle is gone.
  std::lock_guard<std::mutex> guard{table_mutex_};
  auto entry = table_.find(serial);
  if (entry == table_.end() || entry->second->answered) {
    return std::nullopt;
  }
  --unanswered_;
  if (code == ZBADARGUMENTS || code == ZINVALIDSTATE || code == ZCONNECTIONLOSS) {
    table_.erase(entry);
  } else {
    entry->second->answered = true;
  }
  raw_completion done;
  done.id = id;
  done.code = refusal(code);
  done.read.code = done.code;
  return done;
}

// A multi that the client itself refuses (bad path, session over) makes it free memory it does not own. Paths are
// checked before; and once connected, a session is given multis only while it is, as it cannot end in that state.
int zookeeper_handle::may_send_multi() const {
  auto state = zoo_state(zh_);
  if (over_ != rc::ok || is_unrecoverable(zh_) != ZOK) {
    return ZINVALIDSTATE;
  }
  return !greeted_ || state == ZOO_CONNECTED_STATE ? ZOK : ZCONNECTIONLOSS;
}

rc zookeeper_handle::refusal(int code) const {
  if (code != ZINVALIDSTATE) {
    return map_rc(code);
  }
  // The event may still be on its way to us.
  auto state = zoo_state(zh_);
  if (over_ == rc::auth_failed || state == ZOO_AUTH_FAILED_STATE) {
    return rc::auth_failed;
  }
  return over_ == rc::session_expired || state == ZOO_EXPIRED_SESSION_STATE ? rc::session_expired : rc::closed;
}

void zookeeper_handle::complete(pending_op& op, raw_completion done) {
  std::unique_ptr<pending_op> owned;
  bool answered = false;
  {
    std::lock_guard<std::mutex> guard{table_mutex_};
    auto entry = table_.find(op.serial);
    owned = std::move(entry->second);
    table_.erase(entry);
    answered = owned->answered;
  }
  if (answered) {
    return;
  }
  deliver(std::move(done));
  // Counted down after delivery, so that `close` ends when the sink has heard of everything.
  std::lock_guard<std::mutex> guard{table_mutex_};
  --unanswered_;
  table_changed_.notify_all();
}

// -- events -------------------------------------------------------------------

void zookeeper_handle::deliver(raw_event event) {
  std::lock_guard<std::recursive_mutex> guard{sink_mutex_};
  if (!muted_) {
    sink_(std::move(event));
  }
}

void zookeeper_handle::mute() {
  std::lock_guard<std::recursive_mutex> guard{sink_mutex_};
  muted_ = true;
}

void zookeeper_handle::on_session(zhandle_t* zh, int type, int state, const char*, void* context) {
  if (type == ZOO_SESSION_EVENT) {
    static_cast<zookeeper_handle*>(context)->session_event(zh, state);
  }
}

void zookeeper_handle::on_watch(zhandle_t*, int type, int, const char* path, void* context) {
  // Session events come to every watch as well; `on_session` has them already.
  watch_event event;
  if (type == ZOO_CREATED_EVENT) {
    event.kind = watch_kind::created;
  } else if (type == ZOO_DELETED_EVENT) {
    event.kind = watch_kind::deleted;
  } else if (type == ZOO_CHANGED_EVENT) {
    event.kind = watch_kind::changed;
  } else if (type == ZOO_CHILD_EVENT) {
    event.kind = watch_kind::children;
  } else {
    return;
  }
  event.path = path != nullptr ? path : "";
  static_cast<zookeeper_handle*>(context)->deliver(raw_watch{std::move(event)});
}

// The state is the argument: what the handle says by itself is already a later one.
void zookeeper_handle::session_event(zhandle_t* zh, int state) {
  if (over_ != rc::ok) {
    return;
  }
  if (state == ZOO_CONNECTED_STATE) {
    greeted_ = true;
    // The client does not tell of a loss that it mends at once, but requests may have been lost with it.
    if (up_.exchange(true)) {
      deliver(raw_link{link_state::connecting});
    }
    deliver(
      raw_link{link_state::connected, zoo_client_id(zh)->client_id, std::chrono::milliseconds{zoo_recv_timeout(zh)}});
  } else if (state == ZOO_EXPIRED_SESSION_STATE) {
    end(rc::session_expired, link_state::expired);
  } else if (state == ZOO_AUTH_FAILED_STATE) {
    end(rc::auth_failed, link_state::auth_failed);
  } else if (up_.exchange(false)) {
    deliver(raw_link{link_state::connecting});
    look_up(duration::zero());
  }
}

void zookeeper_handle::end(rc code, link_state state) {
  over_ = code;
  up_ = false;
  // The client answers what is pending only after this event.
  std::vector<op_id_t> pending;
  {
    std::lock_guard<std::mutex> guard{table_mutex_};
    for (auto& [serial, op] : table_) {
      if (!op->answered) {
        pending.push_back(op->id);
      }
      op->answered = true;
    }
  }
  for (auto id : pending) {
    raw_completion done;
    done.id = id;
    done.code = code;
    done.read.code = code;
    deliver(std::move(done));
  }
  deliver(raw_link{state});
  std::lock_guard<std::mutex> guard{table_mutex_};
  unanswered_ -= pending.size();
  table_changed_.notify_all();
}

// -- the end ------------------------------------------------------------------

void zookeeper_handle::stop_submitting() {
  std::lock_guard<std::mutex> call{call_mutex_};
  stopped_ = true;
}

void zookeeper_handle::close() {
  // The client shuts the socket as soon as anything arrives after its farewell. Answers still under way would make that
  // a reset, which can overtake the farewell and leave the session to expire.
  if (up_) {
    auto give_up = std::chrono::steady_clock::now() + most_patience;
    std::unique_lock<std::mutex> lock{table_mutex_};
    for (auto left = unanswered_; left > 0 && std::chrono::steady_clock::now() < give_up; left = unanswered_) {
      if (!table_changed_.wait_for(lock, patience, [&] { return unanswered_ != left; })) {
        break;
      }
    }
  }
  free_client();
  // Both threads of the client are joined: nothing follows. Completions that it dropped are the session core's to
  // answer.
  deliver(raw_link{link_state::closed});
  mute();
}

void zookeeper_handle::abandon() {
  // Takes effect at once; a handle without a connection says no farewell.
  if (zh_ != nullptr && holds_connection(zoo_state(zh_))) {
    zoo_set_servers(zh_, nowhere);
  }
  free_client();
}

void zookeeper_handle::free_client() {
  if (zh_ != nullptr) {
    zookeeper_close(zh_);
  }
  zh_ = nullptr;
}

} // namespace djm::store
