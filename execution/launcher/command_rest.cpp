#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "execution/launcher/launcher_impl.hpp"
#include "execution/launcher/sweep.hpp"

/// What this process does in place of helpers: at the moment at which it kills, and when one has ended before its
/// command.
namespace djm {

/// The moment of these has come. However many they are, one walk through all processes finds theirs.
void launcher::impl::act(const std::vector<command_ptr>& due, lock_type& lock) {
  std::set<std::string> runs;
  for (const auto& c : due) {
    if (act(*c)) {
      runs.insert(c->what.what.run);
    }
  }
  if (runs.empty()) {
    return;
  }
  const auto left = sweep(runs, lock);
  for (const auto& c : due) {
    if (c->now == command::phase::orphaned && runs.count(c->what.what.run) > 0) {
      rest_of_tree(*c, left.count(c->what.what.run) > 0 || left.count(nobodys) > 0);
    }
  }
}

/// Whether its processes have to be looked for.
bool launcher::impl::act(command& c) {
  const auto now = exec::boot_nanoseconds();
  const bool looks_for_them = rank_ == exec::rank::subreaper;
  switch (c.now) {
  case command::phase::orphaned: return look_for_rest(c);
  case command::phase::ended:
    exec::kill_by(c.helper.end); // it has nothing to do any more, and is still there
    helper_ended(c);
    if (commands_.count(c.id) > 0) {
      set_due(c);
    }
    return false;
  case command::phase::prepared:
  case command::phase::running: break;
  }
  if (c.ready_by && now >= *c.ready_by) {
    c.ready_by.reset();
    c.end.not_ready = true;
    const auto grace = c.what.what.grace;
    exec::send_packet(c.helper.lifeline.get(), encode(exec::message{exec::stop{grace}}));
    c.kill_by = now > exec::no_deadline - grace ? exec::no_deadline : now + grace;
    set_due(c);
    return false;
  }
  // First what it holds, in its place; the helper itself only when there is little time left: while it lives it can say
  // what became of its command.
  const auto at_last = kill_time(c, c.what.what.reserve / 4 * 3);
  if (now >= at_last) {
    kill_here(c);
    return looks_for_them;
  }
  kill_processes(c);
  if (!c.killed_here && !c.empty) {
    look_at(c, at_last);
  }
  return looks_for_them;
}

/// Kills what nothing holds but the helper, and says of which runs there was something; `nobodys` are orphans.
std::map<std::string, std::size_t> launcher::impl::sweep(const std::set<std::string>& runs, lock_type& lock) {
  std::map<std::string, std::size_t> found;
  if (rank_ != exec::rank::subreaper || runs.empty()) {
    return found;
  }
  lock.unlock();
  found = exec::sweep_by_runs(runs);
  if (options_.adopt_orphans) {
    std::lock_guard<std::mutex> children{children_mutex_};
    if (const auto n = exec::sweep_children(children_); n > 0) {
      found.emplace(nobodys, n);
    }
  }
  lock.lock();
  return found;
}

/// The helper has ended before its command had. True where its processes have to be looked for.
bool launcher::impl::look_for_rest(command& c) {
  if (options_.adopt_orphans && rank_ != exec::rank::subreaper) {
    std::lock_guard<std::mutex> children{children_mutex_};
    exec::sweep_children(children_); // what has lost its helper is ours now, and is to be taken away
  }
  bool left = false;
  if (!c.empty) { // otherwise it has said so before it ended
    switch (rank_) {
    case exec::rank::cgroup:
      c.leaf->kill();
      left = c.leaf->populated();
      break;
    case exec::rank::pidns:
      exec::kill_by(c.witness);
      left = c.witness.is_open() && !exec::has_ended(c.witness);
      break;
    case exec::rank::subreaper: return true;
    }
  }
  if (left) {
    set_due(c);
  } else {
    finish(c);
  }
  return false;
}

/// `found`: there were processes of it just now, which are killed.
void launcher::impl::rest_of_tree(command& c, bool found) {
  if (!found && !options_.adopt_orphans && !c.lost) {
    c.lost = true;
    ++status_.containment_lost;
    report(log_level::error, "a helper was killed: it cannot be said that nothing is left of its command (" +
                               c.what.log_name + ", DJM_RUN=" + c.what.what.run + "); the run goes on");
    lanes_.post(c.id, [listener = c.listener] { listener->on_lost(); });
  }
  if (found || c.lost) {
    set_due(c);
  } else {
    finish(c);
  }
}

} // namespace djm
