#include <algorithm>
#include <utility>
#include <vector>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "execution/launcher/launcher_impl.hpp"

/// The thread that watches all commands.
namespace djm {

namespace {

constexpr unsigned source_bits = 2;

} // namespace

bool launcher::impl::add(const command& c, int fd, source s) {
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.u64 = (c.id << source_bits) | static_cast<std::uint64_t>(s);
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &e) == 0;
}

void launcher::impl::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = write(wake_.get(), &one, sizeof one);
}

void launcher::impl::watch() {
  pthread_setname_np(pthread_self(), "djm-launch");
  epoll_event events[64];
  lock_type lock{mutex_};
  while (!ends_ || !commands_.empty()) {
    itimerspec at{};
    if (!due_.empty()) {
      const auto t = std::max<std::int64_t>(due_.begin()->first, 1);
      at.it_value.tv_sec = t / 1'000'000'000;
      at.it_value.tv_nsec = t % 1'000'000'000;
    }
    timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
    lock.unlock();
    const int n = epoll_wait(epoll_.get(), events, 64, -1);
    lock.lock();
    std::uint64_t ticks = 0;
    while (read(timer_.get(), &ticks, sizeof ticks) > 0 || read(wake_.get(), &ticks, sizeof ticks) > 0) {
    }
    for (int i = 0; i < n; ++i) {
      on_event(events[i].data.u64 >> source_bits, static_cast<source>(events[i].data.u64 & 3u));
    }
    std::vector<command_ptr> due;
    while (!due_.empty() && due_.begin()->first <= exec::boot_nanoseconds()) {
      const auto id = due_.begin()->second;
      due_.erase(due_.begin());
      if (const auto i = commands_.find(id); i != commands_.end()) {
        i->second->due.reset();
        due.push_back(i->second);
      }
    }
    act(due, lock);
  }
}

void launcher::impl::on_event(std::uint64_t id, source s) {
  const auto i = commands_.find(id);
  if (s == source::wake || i == commands_.end()) {
    return;
  }
  const auto c = i->second; // it may be forgotten meanwhile
  switch (s) {
  case source::lifeline: read_lifeline(*c); break;
  case source::helper_end: helper_ended(*c); break;
  case source::witness: epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, c->witness.get(), nullptr); break;
  case source::wake: break;
  }
  if (c->now == command::phase::orphaned && !c->lost) {
    look_at(*c, exec::boot_nanoseconds());
  }
}

void launcher::impl::read_lifeline(command& c) {
  while (c.helper.lifeline.is_open()) {
    exec::packet p;
    switch (exec::receive_packet(c.helper.lifeline.get(), p)) {
    case exec::receipt::packet: on_packet(c, p); break;
    case exec::receipt::nothing: return;
    case exec::receipt::end:
      // The end of the helper itself tells the rest.
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, c.helper.lifeline.get(), nullptr);
      return;
    }
  }
}

void launcher::impl::on_packet(command& c, exec::packet& p) {
  const auto m = exec::decode(p.data);
  std::vector<exec::owned_fd> came;
  for (const int fd : p.descriptors) {
    came.emplace_back(fd);
  }
  if (!m || c.now != command::phase::running) {
    return;
  }
  if (const auto* ack = std::get_if<exec::ack>(&*m)) {
    c.acked = std::max(c.acked, ack->seq);
    changed_.notify_all();
  } else if (std::holds_alternative<exec::held>(*m)) {
    if (!came.empty()) {
      c.witness = std::move(came.front());
      add(c, c.witness.get(), source::witness);
    }
  } else if (std::holds_alternative<exec::started>(*m)) {
    c.end.started = true;
    ++status_.started;
    if (c.ready_by) {
      c.ready_by = exec::boot_nanoseconds() + c.what.ready_timeout.count();
      set_due(c);
    }
  } else if (const auto* refused = std::get_if<exec::refused>(&*m)) {
    c.end.why_not = *refused;
  } else if (const auto* line = std::get_if<exec::line>(&*m)) {
    take_line(c, *line);
  } else if (const auto* exited = std::get_if<exec::exited>(&*m)) {
    c.end.how = *exited;
  } else if (std::holds_alternative<exec::empty>(*m)) {
    c.empty = true; // there is nothing to kill any more, however long it takes to tell the rest
    set_due(c);
    changed_.notify_all();
  } else if (const auto* gone = std::get_if<exec::gone>(&*m)) {
    c.end.rest = *gone;
    finish(c);
  }
}

/// There are never more on their way than a helper has credit for, however slow the store is that a listener waits for.
void launcher::impl::take_line(command& c, const exec::line& l) {
  lanes_.post(c.id, [this, c = c.shared_from_this(), listener = c.listener, l] {
    listener->on_line(l);
    heard_line(*c);
  });
}

void launcher::impl::heard_line(command& c) {
  std::lock_guard<std::mutex> guard{mutex_};
  ++c.heard;
  give_credit(c);
}

/// Where that cannot be sent it is tried again with the next lease.
void launcher::impl::give_credit(command& c) {
  if (c.heard >= exec::first_credit / 2 && c.now == command::phase::running &&
      exec::send_packet(c.helper.lifeline.get(), encode(exec::message{exec::credit{c.heard}})) == exec::sending::sent) {
    c.heard = 0;
  }
}

/// What it has said before is read first.
void launcher::impl::helper_ended(command& c) {
  if (c.helper_gone) {
    return;
  }
  {
    std::lock_guard<std::mutex> children{children_mutex_};
    if (!exec::reap(c.helper)) {
      return;
    }
    children_.erase(c.helper.pid);
  }
  c.helper_gone = true;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, c.helper.end.get(), nullptr);
  read_lifeline(c);
  if (c.now == command::phase::ended) {
    return forget(c);
  }
  c.now = command::phase::orphaned;
  c.end.helper_lost = true;
  ++status_.helpers_lost;
  if (!c.killed_here) {
    kill_processes(c);
    report(log_level::warning, "a helper has ended before its command (" + c.what.log_name + "), which is killed");
  }
  changed_.notify_all();
  set_due(c);
}

void launcher::impl::forget(command& c) {
  if (c.due) {
    due_.erase({*c.due, c.id});
    c.due.reset();
  }
  commands_.erase(c.id);
  changed_.notify_all();
}

} // namespace djm
