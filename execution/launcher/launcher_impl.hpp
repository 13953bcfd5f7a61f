#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "djm/launcher.hpp"
#include "execution/launcher/helper_process.hpp"
#include "execution/launcher/launching.hpp"
#include "execution/launcher/listener_lanes.hpp"
#include "execution/launcher/log_files.hpp"
#include "execution/wire/cgroup_leaf.hpp"
#include "execution/wire/lifeline.hpp"

namespace djm {

/// Everything that its threads touch. One of them watches: lifelines, ends of helpers and of namespaces, and the
/// moments at which it must kill in place of a helper. Two others call the listeners.
class launcher::impl : public std::enable_shared_from_this<impl> {
public:
  explicit impl(launcher_options o);
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl();

  /// Checks, looks what the machine can do, and starts the threads.
  expected<void> begin();
  /// Ends all commands and, when none is left, the threads.
  void end();

  containment held_by() const { return static_cast<containment>(rank_); }
  duration kill_reserve() const { return options_.kill_reserve; }
  launcher_status status() const;
  const std::string& node() const { return options_.node; }

  expected<std::shared_ptr<exec::command_run>> prepare(exec::launch what,
                                                       std::shared_ptr<exec::command_listener> listener);

private:
  class command;
  using command_ptr = std::shared_ptr<command>;
  using lock_type = std::unique_lock<std::mutex>;
  /// What a helper gets with its order, beside the order itself.
  struct order_files {
    exec::owned_fd input, log, log_count, lock;
  };
  /// What became readable.
  enum class source : std::uint64_t { lifeline, helper_end, witness, wake };
  /// The name of no run.
  static constexpr const char* nobodys = "";

  expected<void> check() const;
  expected<void> probe();
  expected<void> end_leftovers();
  std::string lacks(exec::rank r, const exec::hello& can, const exec::helper_process& p, std::string& base);
  std::string try_cgroup(const exec::helper_process& p, std::string& base);

  // A command, in `command_start.cpp`.
  expected<void> start(const command_ptr& c);
  expected<void> enter(const command_ptr& c);
  expected<void> room() const;
  expected<void> make_leaf(command& c) const;
  bool say_lease(command& c, bool shorter);
  order_files open_files(command& c);
  bool hand_over(command& c, order_files files);
  void give_up(command& c);
  exec::owned_fd lock_run(const command& c) const;
  std::string lock_path(const std::string& run) const { return options_.run_folder + "/" + run + ".run"; }

  // Its leases and its end, in `command_end.cpp`.
  void lease_changed(command& c, time_point deadline);
  static bool has_settled(const command& c);
  void settle(command& c, time_point until);
  void stop(command& c, duration grace);
  void ready(command& c);
  static std::int64_t kill_time(const command& c, std::int64_t ahead);
  void kill_processes(command& c);
  void kill_here(command& c);
  void drop(exec::owned_fd& fd);
  void finish(command& c);
  void set_due(command& c);
  void look_at(command& c, std::optional<std::int64_t> when);

  // What is done in place of helpers, in `command_rest.cpp`.
  void act(const std::vector<command_ptr>& due, lock_type& lock);
  bool act(command& c);
  bool look_for_rest(command& c);
  void rest_of_tree(command& c, bool found);
  std::map<std::string, std::size_t> sweep(const std::set<std::string>& runs, lock_type& lock);

  // The thread that watches, in `watch.cpp`.
  void watch();
  bool add(const command& c, int fd, source s);
  void on_event(std::uint64_t id, source s);
  void read_lifeline(command& c);
  void take_line(command& c, const exec::line& l);
  void heard_line(command& c);
  static void give_credit(command& c);
  void on_packet(command& c, exec::packet& p);
  void helper_ended(command& c);
  void forget(command& c);
  void wake();
  void report(log_level level, std::string text);

  const launcher_options options_;
  exec::log_files logs_;
  exec::owned_fd folder_lock_; ///< that the run folder is ours
  exec::helper_program program_;
  exec::rank rank_ = exec::rank::subreaper;
  std::string cgroup_base_;

  /// Held while a child is made or looked at, so that none is taken for an orphan; taken after `mutex_`, if both.
  std::mutex children_mutex_;
  std::set<pid_t> children_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, command_ptr> commands_;
  std::set<std::pair<std::int64_t, std::uint64_t>> due_;
  launcher_status status_;
  bool ends_ = false;

  exec::owned_fd epoll_, timer_, wake_;
  exec::listener_lanes lanes_;
  std::thread thread_;
};

/// What is known of one; all of it is guarded by the launcher's mutex.
class launcher::impl::command final : public exec::command_run, public std::enable_shared_from_this<command> {
public:
  command(const std::shared_ptr<impl>& by, std::uint64_t number) : by_(by), id(number) {}

  expected<void> start() override { return by_->start(shared_from_this()); }
  void stop(duration grace) override { by_->stop(*this, grace); }
  void ready() override { by_->ready(*this); }
  const std::string& name() const override { return what.what.run; }
  void lease_changed(time_point until) override { by_->lease_changed(*this, until); }
  void settle(time_point until) override { by_->settle(*this, until); }

private:
  const std::shared_ptr<impl> by_;

public:
  enum class phase {
    prepared, ///< no helper yet
    running,  ///< the helper has its order, or will
    orphaned, ///< the helper has ended, and it is not known that nothing is left
    ended,    ///< the listener was told; the helper may have to be taken away yet
  };

  const std::uint64_t id;
  phase now = phase::prepared;
  exec::launch what;
  std::shared_ptr<exec::command_listener> listener;
  exec::helper_process helper;
  exec::owned_fd witness;
  std::optional<exec::cgroup_leaf> leaf;
  std::uint64_t seq = 0, acked = 0;
  std::uint64_t shortened = 0; ///< the latest word to the helper that was of a lease shorter than before
  std::int64_t deadline = exec::no_deadline;
  std::uint32_t heard = 0;                ///< lines for which the helper has no credit yet
  std::int64_t said_at = 0;               ///< when the helper was told last of a deadline that is earlier than before
  std::optional<std::int64_t> stop_grace; ///< before it was started
  std::optional<std::int64_t> kill_by;    ///< after a request to stop
  std::optional<std::int64_t> ready_by;
  std::optional<std::int64_t> due; ///< its place in the launcher's list
  bool killed_here = false, helper_gone = false, lost = false;
  bool empty = false; ///< its helper has said that nothing is left, and has something to tell yet
  exec::command_end end;
};

} // namespace djm
