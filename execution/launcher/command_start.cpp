#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "execution/launcher/launcher_impl.hpp"

/// How a command is started.
namespace djm {

namespace {

std::string random_name() {
  unsigned char noise[16] = {};
  while (getrandom(noise, sizeof noise, 0) != sizeof noise) {
  }
  std::string text;
  for (const auto byte : noise) {
    text += "0123456789abcdef"[byte >> 4u];
    text += "0123456789abcdef"[byte & 15u];
  }
  return text;
}

error system_error_of(const std::string& what, int number) {
  return {errc::invalid_state, what + ": " + std::generic_category().message(number)};
}

} // namespace

const std::string& exec::node_of(const launcher::impl& by) {
  return by.node();
}

expected<std::shared_ptr<exec::command_run>> exec::prepare_command(const std::shared_ptr<launcher::impl>& by,
                                                                   launch what,
                                                                   std::shared_ptr<command_listener> listener) {
  return by->prepare(std::move(what), std::move(listener));
}

expected<void> launcher::impl::room() const {
  if (ends_) {
    return fail(errc::shutting_down, "the launcher has ended");
  }
  if (commands_.size() >= options_.max_commands) {
    return fail(errc::backlog_full, "there are " + std::to_string(options_.max_commands) + " commands (max_commands)");
  }
  return {};
}

/// Into the table; from then on it has to be forgotten.
expected<void> launcher::impl::enter(const command_ptr& c) {
  std::lock_guard<std::mutex> guard{mutex_};
  if (c->now != command::phase::prepared || commands_.count(c->id) > 0) {
    return fail(errc::invalid_state, "it was started before");
  }
  auto ok = room();
  if (ok) {
    commands_.emplace(c->id, c);
  } else {
    c->now = command::phase::ended;
    c->listener = nullptr;
  }
  return ok;
}

expected<std::shared_ptr<exec::command_run>> launcher::impl::prepare(exec::launch what,
                                                                     std::shared_ptr<exec::command_listener> listener) {
  std::lock_guard<std::mutex> guard{mutex_};
  if (auto ok = room(); !ok) {
    return tl::make_unexpected(std::move(ok.error()));
  }
  auto c = std::make_shared<command>(shared_from_this(), ++last_);
  c->what = std::move(what);
  c->listener = std::move(listener);
  auto& o = c->what.what;
  o.run = random_name();
  o.by = rank_;
  o.reserve = duration{options_.kill_reserve}.count();
  o.left_over_grace = duration{std::chrono::seconds{5}}.count();
  o.environment.push_back("DJM_RUN=" + o.run);
  return c;
}

/// The cgroup is made here and not by the helper: the node has to be able to kill in its place from the first moment.
expected<void> launcher::impl::make_leaf(command& c) const {
  if (rank_ != exec::rank::cgroup) {
    return {};
  }
  auto& o = c.what.what;
  o.leaf = cgroup_base_ + "/djm-" + o.run;
  if (mkdir(o.leaf.c_str(), 0755) != 0) {
    return tl::make_unexpected(system_error_of("cannot make the cgroup " + o.leaf, errno));
  }
  const int fd = ::open(o.leaf.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int number = errno;
    rmdir(o.leaf.c_str());
    return tl::make_unexpected(system_error_of("cannot open the cgroup " + o.leaf, number));
  }
  c.leaf.emplace(fd);
  o.has_leaf = true;
  return {};
}

/// The helper is started without the lock, and gets nothing before all is known of it. Files are opened without it,
/// too: a slow disk holds up the command that writes there, and not the leases of all others.
expected<void> launcher::impl::start(const command_ptr& c) {
  if (auto ok = enter(c); !ok) {
    return ok;
  }
  auto made = make_leaf(*c);
  if (!made) {
    give_up(*c);
    return made;
  }
  exec::helper_process helper;
  int error = 0;
  {
    std::lock_guard<std::mutex> children{children_mutex_};
    error = program_.start(c->what.log_name.empty() ? c->what.what.run : c->what.log_name, helper);
    if (error == 0) {
      children_.insert(helper.pid);
    }
  }
  if (error != 0) {
    give_up(*c);
    return tl::make_unexpected(system_error_of("cannot start a helper", error));
  }
  auto files = open_files(*c);
  lock_type lock{mutex_};
  c->helper = std::move(helper);
  c->now = command::phase::running;
  // First of all the lease: without one the helper starts nothing.
  if (!ends_ && add(*c, c->helper.lifeline.get(), source::lifeline) &&
      add(*c, c->helper.end.get(), source::helper_end)) {
    say_lease(*c, true);
    if (c->stop_grace) {
      exec::send_packet(c->helper.lifeline.get(), encode(exec::message{exec::stop{*c->stop_grace}}));
    }
    if (hand_over(*c, std::move(files))) {
      if (c->what.ready_timeout > duration::zero()) {
        c->ready_by = exec::no_deadline; // counts from when it runs
      }
      set_due(*c);
      return {};
    }
  }
  // It has no order: nothing was executed, and it ends with its lifeline.
  c->now = command::phase::ended;
  drop(c->helper.lifeline);
  const bool gone = exec::has_ended(c->helper.end);
  exec::kill_by(c->helper.end);
  if (gone || !add(*c, c->helper.end.get(), source::helper_end)) {
    set_due(*c);
  }
  if (c->leaf) {
    c->leaf.reset();
    rmdir(c->what.what.leaf.c_str());
  }
  if (c->what.what.has_lock) {
    unlink(lock_path(c->what.what.run).c_str());
  }
  ++status_.refused;
  const auto listener = std::move(c->listener); // which has the command: it goes without the lock
  c->listener = nullptr;
  const bool ends = ends_;
  lock.unlock();
  return ends ? fail(errc::shutting_down, "the launcher has ended")
              : fail(errc::invalid_state, "cannot give a helper its order: too many open files?");
}

bool launcher::impl::say_lease(command& c, bool shorter) {
  ++c.seq;
  c.said_at = shorter ? exec::boot_nanoseconds() : c.said_at;
  return exec::send_packet(c.helper.lifeline.get(), encode(exec::message{exec::lease{c.seq, c.deadline}})) ==
         exec::sending::sent;
}

launcher::impl::order_files launcher::impl::open_files(command& c) {
  auto& o = c.what.what;
  order_files f;
  if (c.what.input) {
    f.input = exec::owned_fd{exec::make_sealed_file("djm-input", *c.what.input)};
    o.has_stdin = true;
  }
  auto log = logs_.open(c.what.log_name);
  if (!log.complaint.empty()) {
    report(log_level::warning, std::move(log.complaint));
  }
  f.log = std::move(log.file);
  f.log_count = std::move(log.count);
  o.has_log = f.log.is_open();
  o.has_log_count = f.log_count.is_open();
  o.log_limit = log.room;
  o.log_total = options_.log_total;
  o.has_lock = !options_.run_folder.empty();
  if (o.has_lock) {
    f.lock = lock_run(c);
  }
  return f;
}

/// False where a file that it needs could not be opened, or the helper does not take it.
bool launcher::impl::hand_over(command& c, order_files files) {
  auto& o = c.what.what;
  if (c.deadline != exec::no_deadline) {
    o.environment.push_back(fmt::format("DJM_DEADLINE={:.3f}", static_cast<double>(c.deadline) / 1e9));
  }
  const auto text = exec::encode(o);
  if (text.size() > exec::max_order) {
    return false;
  }
  const exec::owned_fd order{exec::make_sealed_file("djm-order", text)};
  std::vector<int> all{order.get()};
  const auto give = [&](bool has, int fd) {
    if (has) {
      all.push_back(fd);
    }
  };
  give(o.has_stdin, files.input.get());
  give(o.has_leaf, c.leaf ? c.leaf->folder() : -1);
  give(o.has_log, files.log.get());
  give(o.has_log_count, files.log_count.get());
  give(o.has_lock, files.lock.get());
  return std::find(all.begin(), all.end(), -1) == all.end() &&
         exec::send_packet(c.helper.lifeline.get(), encode(exec::message{exec::order_here{}}), all) ==
           exec::sending::sent;
}

/// The lock is that of the open file, which the helper has from then on, also when this process is gone.
exec::owned_fd launcher::impl::lock_run(const command& c) const {
  const auto path = lock_path(c.what.what.run);
  exec::owned_fd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  const bool locked = fd.is_open() && flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
  return locked ? std::move(fd) : exec::owned_fd{};
}

/// Nothing was started.
void launcher::impl::give_up(command& c) {
  if (c.leaf) {
    rmdir(c.what.what.leaf.c_str());
  }
  std::lock_guard<std::mutex> guard{mutex_};
  c.now = command::phase::ended;
  c.listener = nullptr;
  commands_.erase(c.id);
  ++status_.refused;
  changed_.notify_all();
}

} // namespace djm
