#include "djm/launcher.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "djm/one_word.hpp"
#include "execution/launcher/cgroup_base.hpp"
#include "execution/launcher/launcher_impl.hpp"

namespace djm {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

std::string text_of(int number) {
  return std::generic_category().message(number);
}

} // namespace

std::string to_string(containment c) {
  return enum_text(c);
}

expected<std::shared_ptr<launcher>> launcher::open(launcher_options options) {
  auto inside = std::make_shared<impl>(std::move(options));
  if (auto ok = inside->begin(); !ok) {
    return tl::make_unexpected(std::move(ok.error()));
  }
  return std::shared_ptr<launcher>{new launcher{std::move(inside)}};
}

launcher::~launcher() {
  impl_->end();
}

void launcher::shutdown() {
  impl_->end();
}

containment launcher::held_by() const {
  return impl_->held_by();
}

duration launcher::kill_reserve() const {
  return impl_->kill_reserve();
}

launcher_status launcher::status() const {
  return impl_->status();
}

launcher::impl::impl(launcher_options o)
  : options_(std::move(o)), logs_(options_.log_folder, options_.log_limit, options_.log_total) {}

launcher::impl::~impl() {
  end();
}

expected<void> launcher::impl::check() const {
  const auto bad = [](const std::string& text) { return fail(errc::invalid_config, "launcher: " + text); };
  if (options_.least > options_.most) {
    return bad("least is " + to_string(options_.least) + ", which is more than most, " + to_string(options_.most));
  }
  if (options_.kill_reserve < milliseconds{100} || options_.kill_reserve > minutes{1}) {
    return bad("kill_reserve is " + describe_duration(options_.kill_reserve) + "; it must be from 100ms to 1min");
  }
  if (options_.max_commands < 1 || options_.max_commands > 10000) {
    return bad("max_commands is " + std::to_string(options_.max_commands) + "; it must be from 1 to 10000");
  }
  if (!options_.log_folder.empty() && options_.log_folder.front() != '/') {
    return bad("log_folder is \"" + options_.log_folder + "\"; it must be an absolute path");
  }
  if (!options_.run_folder.empty() && options_.run_folder.front() != '/') {
    return bad("run_folder is \"" + options_.run_folder + "\"; it must be an absolute path");
  }
  constexpr auto least_log = std::uint64_t{4096}, most_log = std::uint64_t{1} << 40u;
  if (options_.log_limit < least_log || options_.log_limit > most_log) {
    return bad("log_limit is " + std::to_string(options_.log_limit) + "; it must be from 4096 to 1099511627776 bytes");
  }
  if (options_.log_total < options_.log_limit || options_.log_total > most_log) {
    return bad("log_total is " + std::to_string(options_.log_total) + "; it must be from log_limit, " +
               std::to_string(options_.log_limit) + ", to 1099511627776 bytes");
  }
  return {};
}

expected<void> launcher::impl::begin() {
  if (auto ok = check(); !ok) {
    return ok;
  }
  if (options_.adopt_orphans && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return fail(errc::invalid_state, "launcher: this process cannot be given orphans: " + text_of(errno));
  }
  if (auto ok = probe(); !ok) {
    return ok;
  }
  if (auto ok = end_leftovers(); !ok) {
    return ok;
  }
  status_.held_by = held_by();
  epoll_ = exec::owned_fd{epoll_create1(EPOLL_CLOEXEC)};
  timer_ = exec::owned_fd{timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)};
  wake_ = exec::owned_fd{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.u64 = static_cast<std::uint64_t>(source::wake);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_.get(), &e) != 0 ||
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &e) != 0) {
    return fail(errc::invalid_state, "launcher: cannot watch anything: " + text_of(errno));
  }
  lanes_.start();
  thread_ = std::thread{[this] { watch(); }};
  return {};
}

/// With a helper that is started for nothing else: whether it speaks our language, and by what it can be held.
expected<void> launcher::impl::probe() {
  const auto path = options_.helper.empty() ? std::string{DJM_RUN_PATH} : options_.helper;
  const auto bad = [&](const std::string& why) {
    return fail(errc::invalid_file, "launcher: cannot use the helper " + path + ": " + why);
  };
  if (const int error = program_.open(path)) {
    return bad(text_of(error));
  }
  exec::helper_process p;
  if (const int error = program_.start("--probe", p)) {
    return bad(text_of(error));
  }
  const auto done = [&] {
    exec::kill_by(p.end);
    pollfd end{p.end.get(), POLLIN, 0};
    poll(&end, 1, -1);
    exec::reap(p);
  };
  pollfd answer{p.lifeline.get(), POLLIN, 0};
  exec::packet first;
  std::optional<exec::message> said;
  if (poll(&answer, 1, 10'000) > 0 && exec::receive_packet(p.lifeline.get(), first) == exec::receipt::packet) {
    said = exec::decode(first.data);
  }
  const auto* hello = said ? std::get_if<exec::hello>(&*said) : nullptr;
  if (hello == nullptr || hello->version != exec::wire_version) {
    done();
    return bad(hello == nullptr ? "it does not answer as djm-run does"
                                : "it is of version " + std::to_string(hello->version) + ", and this is " +
                                    std::to_string(exec::wire_version));
  }
  std::string why;
  bool found = false;
  for (auto r = static_cast<int>(options_.most); r >= 0 && !found; --r) {
    const auto lack = lacks(static_cast<exec::rank>(r), *hello, p, cgroup_base_);
    found = lack.empty();
    rank_ = static_cast<exec::rank>(r);
    why += found ? "" : (why.empty() ? "" : "; ") + to_string(static_cast<containment>(r)) + ": " + lack;
  }
  done();
  if (held_by() < options_.least) {
    return fail(errc::invalid_config, "launcher: this machine holds commands by " + to_string(held_by()) +
                                        ", and least is " + to_string(options_.least) + " (" + why + ")");
  }
  return {};
}

/// Why commands cannot be held by this; empty: they can.
std::string launcher::impl::lacks(exec::rank r, const exec::hello& can, const exec::helper_process& p,
                                  std::string& base) {
  if ((can.ranks & (1u << static_cast<unsigned>(r))) == 0) {
    return "the helper cannot make a pid namespace (CAP_SYS_ADMIN)";
  }
  return r == exec::rank::cgroup ? try_cgroup(p, base) : std::string{};
}

std::string launcher::impl::try_cgroup(const exec::helper_process& p, std::string& base) {
  if (options_.cgroup_folder.empty()) {
    auto own = exec::own_cgroup();
    if (!own) {
      return own.error().text;
    }
    base = *own == "/" ? "" : std::move(*own);
  } else {
    base = options_.cgroup_folder;
  }
  const auto leaf = base + "/djm-probe-" + std::to_string(p.pid);
  if (mkdir(leaf.c_str(), 0755) != 0) {
    return "cannot make " + leaf + ": " + text_of(errno);
  }
  std::string why;
  {
    const exec::owned_fd procs{::open((leaf + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC)};
    const auto pid = std::to_string(p.pid);
    if (!procs.is_open() || write(procs.get(), pid.data(), pid.size()) != static_cast<ssize_t>(pid.size())) {
      why = "cannot move a process to " + leaf + ": " + text_of(errno);
    }
  }
  if (why.empty()) {
    const exec::cgroup_leaf held{::open(leaf.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC)};
    held.kill();
    pollfd end{p.end.get(), POLLIN, 0};
    if (poll(&end, 1, 10'000) <= 0) {
      why = "what is in " + leaf + " cannot be killed";
    }
  }
  for (int i = 0; i < 100 && rmdir(leaf.c_str()) != 0 && errno == EBUSY; ++i) {
    usleep(1000); // what has ended is taken out of it a little later
  }
  return why;
}

launcher_status launcher::impl::status() const {
  std::lock_guard<std::mutex> guard{mutex_};
  auto s = status_;
  s.running = static_cast<std::uint32_t>(commands_.size());
  s.log_bytes = logs_.bytes();
  return s;
}

void launcher::impl::end() {
  if (!thread_.joinable()) {
    return;
  }
  std::vector<std::shared_ptr<exec::command_listener>> left;
  {
    lock_type lock{mutex_};
    ends_ = true;
    for (const auto& [id, c] : commands_) {
      if (c->helper.lifeline.is_open()) {
        exec::send_packet(c->helper.lifeline.get(), encode(exec::message{exec::stop{c->what.what.grace}}));
      }
    }
    wake();
    changed_.wait_for(lock, std::chrono::seconds{30}, [&] {
      return std::all_of(commands_.begin(), commands_.end(), [](const auto& c) { return c.second->lost; });
    });
    for (const auto& [id, c] : commands_) {
      kill_here(*c); // and what cannot be killed is left to the helpers and the system
      left.push_back(std::move(c->listener));
      c->listener = nullptr;
    }
    commands_.clear();
    due_.clear();
    wake();
  }
  thread_.join();
  left.clear(); // each has its command: they go without the lock
  lanes_.stop();
}

/// Where nothing is held, because the sink may ask how things are.
void launcher::impl::report(log_level level, std::string text) {
  if (options_.log) {
    log_record r;
    r.level = level;
    r.component = "launcher";
    r.text = std::move(text);
    lanes_.post_log([sink = options_.log, r = std::move(r)] { sink(r); });
  }
}

} // namespace djm
