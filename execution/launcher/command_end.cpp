#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <sys/epoll.h>
#include <unistd.h>

#include "execution/launcher/launcher_impl.hpp"

/// Leases of commands, and how they end, with their helper or without it.
namespace djm {

namespace {

constexpr std::int64_t ms = 1'000'000;

std::int64_t ns_of(time_point t) {
  return t == time_point::max() ? exec::no_deadline : t.time_since_epoch().count();
}

std::int64_t later(std::int64_t at, std::int64_t by) {
  return at > exec::no_deadline - by ? exec::no_deadline : at + by;
}

} // namespace

void launcher::impl::lease_changed(command& c, time_point deadline) {
  std::lock_guard<std::mutex> guard{mutex_};
  const bool shorter = ns_of(deadline) < std::exchange(c.deadline, ns_of(deadline));
  if (c.now == command::phase::running) {
    // Where it cannot be sent it is not acknowledged either, and the lease that the helper knows ends before.
    say_lease(c, shorter);
    c.shortened = shorter ? c.seq : c.shortened;
    give_credit(c);
    set_due(c);
  }
}

/// Whether it is known that the helper goes by the shorter lease that was said last, or that nothing is left to go by
/// it.
bool launcher::impl::has_settled(const command& c) {
  return c.now == command::phase::prepared || c.now == command::phase::ended || c.killed_here || c.empty ||
         c.acked >= c.shortened;
}

/// A helper that does not answer may be frozen, and this process may be next: what it holds is killed now. So is what
/// the others hold that do not answer, for they heard of it at the same time: one walk finds the processes of all.
void launcher::impl::settle(command& c, time_point until) {
  lock_type lock{mutex_};
  while (!has_settled(c)) {
    const auto left = std::chrono::nanoseconds{ns_of(until) - exec::boot_nanoseconds()};
    if (left > left.zero()) {
      changed_.wait_for(lock, left, [&] { return has_settled(c); });
      continue;
    }
    std::set<std::string> runs;
    for (const auto& [id, other] : commands_) {
      if (!has_settled(*other)) {
        kill_here(*other);
        runs.insert(other->what.what.run);
      }
    }
    report(log_level::warning, std::to_string(runs.size()) + " helpers have not acknowledged a shorter lease, and were "
                                                             "killed with their commands");
    sweep(runs, lock);
    return;
  }
}

void launcher::impl::stop(command& c, duration grace) {
  std::lock_guard<std::mutex> guard{mutex_};
  const auto ns = std::max<std::int64_t>(grace.count(), 0);
  if (c.now == command::phase::prepared) {
    c.stop_grace = ns;
  } else if (c.now == command::phase::running) {
    exec::send_packet(c.helper.lifeline.get(), encode(exec::message{exec::stop{ns}}));
    // For a helper that does not hear it.
    const auto by = later(exec::boot_nanoseconds(), ns);
    c.kill_by = c.kill_by ? std::min(*c.kill_by, by) : by;
    set_due(c);
  }
}

void launcher::impl::ready(command& c) {
  std::lock_guard<std::mutex> guard{mutex_};
  c.ready_by.reset();
  set_due(c);
}

/// In place of the helper, which lives on where it can tell what became of it.
void launcher::impl::kill_processes(command& c) {
  if (c.leaf) {
    c.leaf->kill();
  }
  exec::kill_by(c.witness);
}

void launcher::impl::kill_here(command& c) {
  kill_processes(c);
  exec::kill_by(c.helper.end);
  c.killed_here = true;
  set_due(c);
  changed_.notify_all();
}

/// When this process kills, unless the helper has: that much time is left to it, because it knows better what becomes
/// of its command. It has that time also where it hears of a deadline that is closer than that.
std::int64_t launcher::impl::kill_time(const command& c, std::int64_t ahead) {
  const auto by_lease =
    c.deadline == exec::no_deadline ? c.deadline : std::max(c.deadline - c.what.what.reserve, c.said_at);
  return later(std::min(by_lease, c.kill_by.value_or(exec::no_deadline)), ahead);
}

/// When it needs a look next.
void launcher::impl::set_due(command& c) {
  std::optional<std::int64_t> at;
  const auto sooner = [&](std::int64_t t) { at = at ? std::min(*at, t) : t; };
  const auto now = exec::boot_nanoseconds();
  switch (c.now) {
  case command::phase::running:
    if (!c.killed_here && !c.empty) {
      sooner(kill_time(c, std::min<std::int64_t>(50 * ms, c.what.what.reserve / 10)));
      if (c.ready_by) {
        sooner(*c.ready_by);
      }
    }
    break;
  case command::phase::orphaned: sooner(now + (c.lost ? 1000 * ms : 20 * ms)); break;
  case command::phase::ended: sooner(now + 1000 * ms); break;
  case command::phase::prepared: break;
  }
  look_at(c, at && *at != exec::no_deadline ? at : std::nullopt);
}

void launcher::impl::look_at(command& c, std::optional<std::int64_t> when) {
  if (c.due) {
    due_.erase({*c.due, c.id});
  }
  c.due = when;
  if (c.due) {
    due_.insert({*c.due, c.id});
    if (due_.begin()->second == c.id) {
      wake();
    }
  }
}

/// Watched no more, also where a child of the user's has a copy of it: that would be ready for ever.
void launcher::impl::drop(exec::owned_fd& fd) {
  if (fd.is_open()) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd.get(), nullptr);
    fd.reset();
  }
}

/// Nothing of it is left.
void launcher::impl::finish(command& c) {
  c.now = command::phase::ended;
  if (c.leaf) {
    c.leaf.reset();
    rmdir(c.what.what.leaf.c_str());
  }
  if (c.what.what.has_lock) {
    unlink(lock_path(c.what.what.run).c_str());
  }
  ++(c.end.started ? status_.ended : status_.refused);
  status_.killed += c.end.rest.killed || c.killed_here ? 1 : 0;
  status_.left_over += c.end.rest.left_over ? 1 : 0;
  status_.log_dropped += c.end.rest.dropped;
  lanes_.post(c.id, [listener = std::move(c.listener), end = std::move(c.end)] { listener->on_end(end); });
  c.listener = nullptr;
  drop(c.helper.lifeline); // that is its end
  drop(c.witness);
  if (c.helper_gone) {
    forget(c);
  } else {
    set_due(c);
  }
  changed_.notify_all();
}

} // namespace djm
