#include <algorithm>
#include <utility>

#include <sys/epoll.h>
#include <unistd.h>

#include "execution/launcher/launcher_impl.hpp"
#include "execution/launcher/sweep.hpp"

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
    give_credit(c);
    set_due(c);
  }
}

/// Until it is known that the helper goes by what was said last. A helper that does not answer may be frozen, and this
/// process may be next: what it holds is killed now.
void launcher::impl::settle(command& c, time_point until) {
  lock_type lock{mutex_};
  const auto settled = [&, wanted = c.seq] {
    return c.now == command::phase::prepared || c.now == command::phase::ended || c.killed_here || c.empty ||
           c.acked >= wanted;
  };
  while (!settled()) {
    const auto left = std::chrono::nanoseconds{ns_of(until) - exec::boot_nanoseconds()};
    if (left <= left.zero()) {
      kill_here(c);
      report(log_level::warning, "a helper has not acknowledged a shorter lease, and was killed with its command");
      std::size_t found = 0;
      sweep(c, lock, found);
      return;
    }
    changed_.wait_for(lock, left, settled);
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
  if (c.due) {
    due_.erase({*c.due, c.id});
  }
  c.due = at && *at != exec::no_deadline ? at : std::nullopt;
  if (c.due) {
    due_.insert({*c.due, c.id});
    if (due_.begin()->second == c.id) {
      wake();
    }
  }
}

/// Its moment has come.
void launcher::impl::act(command& c, lock_type& lock) {
  const auto now = exec::boot_nanoseconds();
  if (c.now == command::phase::orphaned) {
    return look_for_rest(c, lock);
  }
  if (c.now == command::phase::ended) {
    exec::kill_by(c.helper.end); // it has nothing to do any more, and is still there
    helper_ended(c);
    return set_due(c);
  }
  if (c.ready_by && now >= *c.ready_by) {
    c.ready_by.reset();
    c.end.not_ready = true;
    const auto grace = c.what.what.grace;
    exec::send_packet(c.helper.lifeline.get(), encode(exec::message{exec::stop{grace}}));
    c.kill_by = later(now, grace);
    return set_due(c);
  }
  // First what it holds, in its place; the helper itself only when there is little time left: while it lives it can say
  // what became of its command.
  const auto at_last = kill_time(c, c.what.what.reserve / 4 * 3);
  std::size_t found = 0;
  if (now < at_last) {
    kill_processes(c);
    sweep(c, lock, found);
    if (c.now == command::phase::running && !c.killed_here && !c.empty) {
      if (c.due) {
        due_.erase({*c.due, c.id});
      }
      c.due = at_last;
      due_.insert({*c.due, c.id});
    }
    return;
  }
  kill_here(c);
  sweep(c, lock, found);
}

/// Where nothing holds the processes but the helper.
void launcher::impl::sweep(const command& c, lock_type& lock, std::size_t& found) {
  if (rank_ != exec::rank::subreaper) {
    return;
  }
  const auto entry = "DJM_RUN=" + c.what.what.run;
  lock.unlock();
  found = exec::sweep_by_entry(entry);
  if (options_.adopt_orphans) {
    std::lock_guard<std::mutex> children{children_mutex_};
    found += exec::sweep_children(children_);
  }
  lock.lock();
}

/// The helper has ended before its command had.
void launcher::impl::look_for_rest(command& c, lock_type& lock) {
  bool left = false;
  if (options_.adopt_orphans && rank_ != exec::rank::subreaper) {
    std::lock_guard<std::mutex> children{children_mutex_};
    exec::sweep_children(children_); // what has lost its helper is ours now, and is to be taken away
  }
  if (c.empty) {
    return finish(c); // it has said so before it ended
  }
  switch (rank_) {
  case exec::rank::cgroup:
    c.leaf->kill();
    left = c.leaf->populated();
    break;
  case exec::rank::pidns:
    exec::kill_by(c.witness);
    left = c.witness.is_open() && !exec::has_ended(c.witness);
    break;
  case exec::rank::subreaper:
    std::size_t found = 0;
    sweep(c, lock, found);
    left = found > 0;
    if (!left && !options_.adopt_orphans && !c.lost) {
      c.lost = true;
      ++status_.containment_lost;
      report(log_level::error, "a helper was killed: it cannot be said that nothing is left of its command (" +
                                 c.what.log_name + ", DJM_RUN=" + c.what.what.run + "); the run goes on");
      lanes_.post(c.id, [listener = c.listener] { listener->on_lost(); });
    }
    left = left || c.lost;
    break;
  }
  if (left) {
    set_due(c);
  } else {
    finish(c);
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
