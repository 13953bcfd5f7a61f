#include "http/server/daemon.hpp"

#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>
#include <variant>

#include "djm/json.hpp"

/// What follows the events over HTTP, and what wakes it.
namespace djm::http {

namespace {

constexpr std::size_t block_size = 16u << 10;

/// The name of an event as its JSON has it.
struct type_name {
  template <class... Ts>
  std::string operator()(const char* type, named_field<Ts>...) const {
    return type;
  }
};
template <class T>
std::string name_of(const T& x) {
  return visit_fields(type_name{}, x);
}

/// Who reads the events, and where they are.
struct follower {
  std::shared_ptr<daemon> server;
  std::shared_ptr<exchange> x;
};
ssize_t read_block(void* self, std::uint64_t, char* to, std::size_t most) {
  auto* r = static_cast<follower*>(self);
  try {
    return r->server->read_events(*r->x, to, most);
  } catch (const std::exception&) {
    return MHD_CONTENT_READER_END_WITH_ERROR;
  }
}
void end_reader(void* self) {
  delete static_cast<follower*>(self);
}

} // namespace

void daemon::on_event(const node_event& e) {
  const auto type = std::visit([](const auto& x) { return name_of(x); }, e.what);
  auto json = to_json_text(e);
  std::lock_guard<std::mutex> lock{guard_};
  events_.add(type, std::move(json));
  wake_followers(true);
}

void daemon::on_lost() {
  std::lock_guard<std::mutex> lock{guard_};
  events_.lose();
  wake_followers(true);
}

MHD_Result daemon::stream(const std::shared_ptr<exchange>& x, answer a) {
  auto* mine = new follower{shared_from_this(), x};
  {
    std::lock_guard<std::mutex> lock{guard_};
    x->follows = true;
    x->next = a.follows_from;
    x->quiet_since = seconds_;
    followers_.insert(x);
  }
  x->rest = "retry: 2000\n\n";
  return put(*x, a, MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, block_size, &read_block, mine, &end_reader));
}

ssize_t daemon::read_events(exchange& x, char* to, std::size_t most) {
  if (x.rest.empty()) {
    std::lock_guard<std::mutex> lock{guard_};
    if (stopping_) {
      return MHD_CONTENT_READER_END_OF_STREAM;
    }
    x.rest = events_.stream(x.next, most);
    if (x.rest.empty() && seconds_ - x.quiet_since >= heartbeat_seconds()) {
      x.rest = heartbeat;
    }
    if (x.rest.empty()) {
      for (const auto& f : followers_) {
        if (f.get() == &x) {
          x.suspended = true;
          suspended_.insert(f);
          MHD_suspend_connection(x.connection);
          break;
        }
      }
      return 0;
    }
    x.quiet_since = seconds_;
  }
  const auto n = std::min(most, x.rest.size());
  std::memcpy(to, x.rest.data(), n);
  x.rest.erase(0, n);
  return static_cast<ssize_t>(n);
}

std::uint64_t daemon::heartbeat_seconds() const {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(config_.heartbeat).count());
}

void daemon::wake_followers(bool all) {
  for (const auto& f : followers_) {
    if (all || seconds_ - f->quiet_since >= heartbeat_seconds()) {
      resume(f);
    }
  }
}

void daemon::note_write(const exchange& x, int status) {
  const auto& c = *x.what;
  const auto body = takes_bytes(c.to->what) ? std::string{} : c.body; // that is between who asks and the job
  const http_write w{c.who, to_string(c.to->what), c.worker.empty() ? c.job.str() : c.worker.str(), body, status};
  {
    std::lock_guard<std::mutex> lock{guard_};
    events_.add("http_write", to_json_text(w));
    wake_followers(true);
  }
  if (options_.on_write) {
    options_.on_write(w);
  }
}

void daemon::live() {
  pthread_setname_np(pthread_self(), "djm-http-beat");
  std::unique_lock<std::mutex> lock{guard_};
  while (!changed_.wait_for(lock, std::chrono::seconds{1}, [this] { return stopping_; })) {
    ++seconds_;
    wake_followers(false);
  }
}

} // namespace djm::http
