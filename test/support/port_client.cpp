#include "port_client.hpp"

#include <algorithm>
#include <stdexcept>

namespace djm::test {

using namespace djm::store;

namespace {

template <class T, class F>
void for_each_of(const std::vector<raw_event>& events, F f) {
  for (auto& event : events) {
    if (auto* x = std::get_if<T>(&event)) {
      f(*x);
    }
  }
}

} // namespace

port_client::port_client(session_factory& factory, const session_options& options, bool wait_for_connect)
  : mailbox_{std::make_shared<mailbox>()} {
  auto port = factory.open(options, [box = mailbox_](raw_event event) {
    std::lock_guard<std::mutex> guard{box->mutex};
    box->events.push_back(std::move(event));
    box->filled.notify_all();
  });
  if (!port) {
    throw std::runtime_error{to_string(port.error())};
  }
  port_ = std::move(*port);
  if (wait_for_connect) {
    wait_link(link_state::connected);
  }
}

void port_client::wait_until(const char* what, const std::function<bool(const std::vector<raw_event>&)>& done) {
  std::unique_lock<std::mutex> lock{mailbox_->mutex};
  if (!mailbox_->filled.wait_for(lock, wide, [&] { return done(mailbox_->events); })) {
    throw std::runtime_error{std::string{"waited in vain for "} + what};
  }
}

op_id_t port_client::submit(raw_request request) {
  auto id = ++last_id_;
  port_->submit(id, std::move(request));
  return id;
}

raw_completion port_client::wait(op_id_t id) {
  raw_completion found;
  wait_until("a completion", [&](const std::vector<raw_event>& events) {
    bool there = false;
    for_each_of<raw_completion>(events, [&](const raw_completion& x) {
      if (x.id == id) {
        found = x;
        there = true;
      }
    });
    return there;
  });
  return found;
}

raw_completion port_client::transact(std::vector<write_op> ops) {
  return wait(submit(transaction{std::move(ops)}));
}

raw_completion port_client::read(read_op op) {
  return wait(submit(std::move(op)));
}

raw_link port_client::wait_link(link_state state, std::size_t count) {
  raw_link found;
  wait_until("a link event", [&](const std::vector<raw_event>& events) {
    std::size_t seen = 0;
    for_each_of<raw_link>(events, [&](const raw_link& x) {
      if (x.state == state && ++seen == count) {
        found = x;
      }
    });
    return seen >= count;
  });
  return found;
}

watch_event port_client::wait_watch(std::size_t number) {
  watch_event found;
  wait_until("a watch event", [&](const std::vector<raw_event>& events) {
    std::size_t seen = 0;
    for_each_of<raw_watch>(events, [&](const raw_watch& x) {
      if (seen++ == number) {
        found = x.event;
      }
    });
    return seen > number;
  });
  return found;
}

void port_client::close() {
  port_->close();
  wait_link(link_state::closed);
}

std::vector<raw_event> port_client::events() const {
  std::lock_guard<std::mutex> guard{mailbox_->mutex};
  return mailbox_->events;
}

std::vector<watch_event> port_client::watches() const {
  std::vector<watch_event> result;
  for_each_of<raw_watch>(events(), [&](const raw_watch& x) { result.push_back(x.event); });
  return result;
}

std::vector<link_state> port_client::links() const {
  std::vector<link_state> result;
  for_each_of<raw_link>(events(), [&](const raw_link& x) { result.push_back(x.state); });
  return result;
}

std::size_t port_client::completions_of(op_id_t id) const {
  std::size_t count = 0;
  for_each_of<raw_completion>(events(), [&](const raw_completion& x) { count += x.id == id ? 1 : 0; });
  return count;
}

} // namespace djm::test
