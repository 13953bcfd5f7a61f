#include "http/server/daemon.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "http/problem.hpp"

namespace djm::http {

namespace {

constexpr std::size_t connection_memory = 32u << 10;

std::string peer_of(MHD_Connection* c) {
  const auto* info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  char text[INET6_ADDRSTRLEN] = {};
  if (info == nullptr || info->client_addr == nullptr) {
    return {};
  }
  const auto* any = info->client_addr;
  const void* address = nullptr;
  if (any->sa_family == AF_INET) {
    address = &reinterpret_cast<const sockaddr_in*>(any)->sin_addr;
  } else if (any->sa_family == AF_INET6) {
    address = &reinterpret_cast<const sockaddr_in6*>(any)->sin6_addr;
  }
  return address != nullptr && inet_ntop(any->sa_family, address, text, sizeof text) != nullptr ? text : "";
}

MHD_Result take_header(void* to, MHD_ValueKind, const char* name, const char* value) {
  static_cast<header_list*>(to)->emplace_back(name, value == nullptr ? "" : value);
  return MHD_YES;
}

/// Where a request begins: what it asks for, before anything of it is decoded.
void* begin_exchange(void*, const char* target, MHD_Connection* c) {
  auto x = std::make_shared<exchange>();
  x->asked.target = target;
  x->connection = c;
  return new std::shared_ptr<exchange>{std::move(x)};
}

MHD_Result handle_request(void* self, MHD_Connection*, const char*, const char* method, const char*, const char* data,
                          std::size_t* size, void** slot) {
  const auto x = *static_cast<std::shared_ptr<exchange>*>(*slot);
  try {
    return static_cast<daemon*>(self)->handle(x, method, data, size);
  } catch (const std::exception&) {
    return MHD_NO; // no memory: the connection is closed
  }
}

void end_exchange(void* self, MHD_Connection*, void** slot, MHD_RequestTerminationCode) {
  const std::unique_ptr<std::shared_ptr<exchange>> x{static_cast<std::shared_ptr<exchange>*>(*slot)};
  *slot = nullptr;
  if (x) {
    static_cast<daemon*>(self)->done(*x);
  }
}

std::size_t leave_encoded(void*, MHD_Connection*, char* text) {
  return std::strlen(text);
}

void say_nothing(void*, const char*, va_list) {}

} // namespace

daemon::daemon(http_config config, http_options options, std::shared_ptr<bridge> to, core_settings settings,
               event_ring ring)
  : config_(std::move(config)),
    options_(std::move(options)),
    to_(std::move(to)),
    core_(std::move(settings)),
    outside_(options_.outside ? std::make_unique<outside>(options_.outside) : nullptr),
    events_(std::move(ring)) {}

daemon::~daemon() {
  stop();
}

expected<void> daemon::start(listener l) {
  // Not epoll: with that the end of what a client sends goes unnoticed when it comes with a part of a request, which
  // keeps the connection until it has been idle too long; and a whole request that ends so gets no answer. What poll
  // costs by connection has the limit of connections as its bound.
  unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
  if (l.is_v6()) {
    flags |= MHD_USE_IPv6;
  }
  const auto port = l.port();
  const int socket = l.take();
  const auto idle =
    static_cast<unsigned>(std::chrono::duration_cast<std::chrono::seconds>(config_.idle_timeout).count());
  mhd_ = MHD_start_daemon(flags, port, nullptr, nullptr, &handle_request, this,  //
                          MHD_OPTION_EXTERNAL_LOGGER, &say_nothing, nullptr,     //
                          MHD_OPTION_LISTEN_SOCKET, socket,                      //
                          MHD_OPTION_CONNECTION_LIMIT, config_.max_connections,  //
                          MHD_OPTION_CONNECTION_TIMEOUT, idle,                   //
                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory, //
                          MHD_OPTION_STRICT_FOR_CLIENT, 1,                       //
                          MHD_OPTION_UNESCAPE_CALLBACK, &leave_encoded, nullptr, //
                          MHD_OPTION_URI_LOG_CALLBACK, &begin_exchange, this,    //
                          MHD_OPTION_NOTIFY_COMPLETED, &end_exchange, this, MHD_OPTION_END);
  if (mhd_ == nullptr) {
    return fail(errc::invalid_state, "http: libmicrohttpd does not start: " + std::string{std::strerror(errno)});
  }
  beater_ = std::thread{[this] { live(); }};
  return {};
}

void daemon::stop() {
  {
    std::lock_guard<std::mutex> lock{guard_};
    if (std::exchange(stopping_, true)) {
      return;
    }
    // libmicrohttpd ends the process when it is stopped while a connection is suspended; from here on none is.
    while (!suspended_.empty()) {
      resume(*suspended_.begin());
    }
  }
  changed_.notify_all();
  if (mhd_ != nullptr) {
    MHD_stop_daemon(mhd_);
    mhd_ = nullptr;
  }
  if (beater_.joinable()) {
    beater_.join();
  }
  outside_ = nullptr;
}

http_status daemon::status() const {
  std::lock_guard<std::mutex> lock{guard_};
  auto s = counters_;
  s.rebuilt = to_->rebuilt();
  s.followers = followers_.size();
  if (mhd_ != nullptr && !stopping_) {
    const auto* info = MHD_get_daemon_info(mhd_, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    s.connections = info == nullptr ? 0 : info->num_connections;
  }
  return s;
}

MHD_Result daemon::handle(const std::shared_ptr<exchange>& x, const char* method, const char* data, std::size_t* size) {
  if (!x->begun) {
    x->begun = true;
    x->asked.how = verb_of(method);
    x->asked.peer = peer_of(x->connection);
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, &take_header, &x->asked.headers);
    return MHD_YES;
  }
  if (*size > 0) {
    x->received += *size;
    if (x->received <= config_.max_body) {
      x->asked.body.append(data, *size);
    }
    *size = 0;
    return MHD_YES;
  }
  return go_on(x);
}

MHD_Result daemon::go_on(const std::shared_ptr<exchange>& x) {
  if (!std::exchange(x->arrived, true)) {
    if (auto a = look_at(*x)) {
      return send(x, std::move(*a));
    }
    ask(x);
  }
  for (;;) {
    std::optional<material> found;
    std::optional<order_answer> result;
    {
      std::lock_guard<std::mutex> lock{guard_};
      found.swap(x->found);
      result.swap(x->result);
      if (!found && !result && !stopping_) {
        // Whoever has the answer resumes it.
        x->suspended = true;
        suspended_.insert(x);
        MHD_suspend_connection(x->connection);
        return MHD_YES;
      }
    }
    if (result) {
      return send(x, core_.concluded(*x->what, *result));
    }
    if (!found) {
      return send(x, stopping());
    }
    if (auto a = conclude(x, std::move(*found))) {
      return send(x, std::move(*a));
    }
  }
}

std::optional<answer> daemon::look_at(exchange& x) {
  {
    std::lock_guard<std::mutex> lock{guard_};
    ++counters_.incoming;
  }
  if (x.received > config_.max_body) {
    return problem_answer(413, "too_large", "the body is larger than " + std::to_string(config_.max_body) + " bytes",
                          core_.settings().node.str());
  }
  auto arrived = core_.arrive(x.asked);
  if (auto* a = std::get_if<answer>(&arrived)) {
    return std::move(*a);
  }
  x.what = std::move(std::get<call>(arrived));
  return std::nullopt;
}

void daemon::ask(const std::shared_ptr<exchange>& x) {
  to_->fetch(needs_of(*x->what), [self = weak_from_this(), x](const material& m) {
    if (const auto s = self.lock()) {
      std::lock_guard<std::mutex> lock{s->guard_};
      x->found = m;
      s->resume(x);
    }
  });
}

std::optional<answer> daemon::conclude(const std::shared_ptr<exchange>& x, material from) {
  from.counters = status();
  std::variant<answer, order> done;
  if (x->what->to->what == operation::events) {
    std::lock_guard<std::mutex> lock{guard_};
    done = core_.conclude(*x->what, from, events_);
  } else {
    static const event_ring none{"", {}};
    done = core_.conclude(*x->what, from, none);
  }
  if (auto* a = std::get_if<answer>(&done)) {
    return std::move(*a);
  }
  auto& what = std::get<order>(done);
  const auto take = [self = weak_from_this(), x](const order_answer& r) {
    if (const auto s = self.lock()) {
      std::lock_guard<std::mutex> lock{s->guard_};
      x->result = r;
      s->resume(x);
    }
  };
  if (what.what == operation::what_if || what.what == operation::stoppable || what.what == operation::record) {
    outside_->ask(std::move(what), take);
  } else {
    to_->carry_out(std::move(what), take);
  }
  return std::nullopt;
}

answer daemon::stopping() const {
  return problem_answer(503, "shutting_down", "the HTTP interface of this node ends", core_.settings().node.str());
}

void daemon::resume(const std::shared_ptr<exchange>& x) {
  if (std::exchange(x->suspended, false)) {
    suspended_.erase(x);
    MHD_resume_connection(x->connection);
  }
}

MHD_Result daemon::send(const std::shared_ptr<exchange>& x, answer a) {
  if (x->what && x->what->to->who == access::writer) {
    note_write(*x, a.status);
  }
  const auto* c = x->what ? &*x->what : nullptr;
  a = core_.leave(c, std::move(a));
  {
    std::lock_guard<std::mutex> lock{guard_};
    if (a.follows && followers_.size() >= config_.max_followers) {
      a = core_.leave(c, problem_answer(503, "too_many_followers",
                                        "this many clients follow the events already: " +
                                          std::to_string(config_.max_followers) + "; ask for the list instead",
                                        core_.settings().node.str()));
    }
    ++(a.status < 400 ? counters_.successful : counters_.failed);
  }
  if (a.follows) {
    return stream(x, std::move(a));
  }
  // libmicrohttpd only reads it.
  auto* body = const_cast<char*>(a.body.data());
  return put(*x, a, MHD_create_response_from_buffer(a.body.size(), body, MHD_RESPMEM_MUST_COPY));
}

MHD_Result daemon::put(const exchange& x, const answer& a, MHD_Response* response) {
  if (response == nullptr) {
    return MHD_NO;
  }
  if (!a.type.empty()) {
    MHD_add_response_header(response, "Content-Type", a.type.c_str());
  }
  for (const auto& [name, value] : a.headers) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  const auto queued = MHD_queue_response(x.connection, static_cast<unsigned>(a.status), response);
  MHD_destroy_response(response);
  return queued;
}

void daemon::done(const std::shared_ptr<exchange>& x) {
  std::lock_guard<std::mutex> lock{guard_};
  suspended_.erase(x);
  followers_.erase(x);
  x->suspended = false;
  x->connection = nullptr;
}

} // namespace djm::http
