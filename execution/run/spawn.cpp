#include "execution/run/spawn.hpp"

#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "execution/wire/lifeline.hpp"

namespace djm::exec {

namespace {

/// In the child only: what goes wrong is told, and is its end.
class becoming {
public:
  becoming(const order& o, const command_ends& ends, std::int64_t start_until, pid_t parent)
    : order_(o), ends_(ends), start_until_(start_until), parent_(parent) {}

  [[noreturn]] void run() {
    if (setsid() < 0) {
      give_up(stage::setup, errno);
    }
    enter();
    arguments_ = pointers(order_.program);
    environment_ = pointers(order_.environment);
    // Before the limits: descriptors and memory of ours may be more than the command is allowed.
    arrange_descriptors();
    limit();
    switch_user();
    die_with_parent();
    if (!order_.new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
      give_up(stage::setup, errno);
    }
    if (chdir(order_.folder.empty() ? "/" : order_.folder.c_str()) != 0) {
      give_up(stage::folder, errno);
    }
    reset_signals();
    if (boot_nanoseconds() >= start_until_) {
      give_up(stage::lease, ETIME);
    }
    execute();
  }

private:
  [[noreturn]] void give_up(stage at, int error) const {
    const setup_failure f{at, error};
    const auto* data = reinterpret_cast<const char*>(&f);
    while (write(failure_, data, sizeof f) < 0 && errno == EINTR) {
    }
    _exit(127);
  }

  void enter() const {
    if (ends_.procs >= 0 && write(ends_.procs, "0", 1) != 1) {
      give_up(stage::containment, errno);
    }
  }

  /// Before the user is switched: only root may raise them.
  void limit() const {
    ::umask(order_.umask & 0777u);
    for (const auto& [what, most] : order_.limits) {
      const rlimit both{most, most};
      if (setrlimit(static_cast<__rlimit_resource>(what), &both) != 0) {
        give_up(stage::setup, errno);
      }
    }
  }

  void switch_user() const {
    if (!order_.switch_user) {
      return;
    }
    const std::vector<gid_t> groups(order_.groups.begin(), order_.groups.end());
    if (setgroups(groups.size(), groups.data()) != 0 || setresgid(order_.gid, order_.gid, order_.gid) != 0 ||
        setresuid(order_.uid, order_.uid, order_.uid) != 0) {
      give_up(stage::setup, errno);
    }
  }

  /// The parent may have ended before that was set.
  void die_with_parent() const {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
      give_up(stage::setup, errno);
    }
    if (getppid() != parent_) {
      give_up(stage::containment, ESRCH);
    }
  }

  /// The ends are taken out of the way first, because each may have the number that another one gets.
  void arrange_descriptors() {
    constexpr int away = 16;
    const int failure = fcntl(ends_.failure, F_DUPFD_CLOEXEC, away);
    const int input = fcntl(ends_.input, F_DUPFD_CLOEXEC, away);
    const int output = fcntl(ends_.output, F_DUPFD_CLOEXEC, away);
    const int lines = fcntl(ends_.lines, F_DUPFD_CLOEXEC, away);
    if (failure < 0 || input < 0 || output < 0 || lines < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 ||
        dup2(output, 2) < 0 || dup2(lines, 3) < 0 || dup3(failure, 4, O_CLOEXEC) < 0) {
      give_up(stage::setup, errno);
    }
    failure_ = 4;
    if (syscall(SYS_close_range, 5u, ~0u, 0u) != 0) {
      give_up(stage::setup, errno);
    }
  }

  /// By the system's own call: the C library keeps two signals to itself, and leaves them ignored where it spawns.
  static void reset_signals() {
    constexpr long last_signal = 64, mask_size = 8;
    const unsigned long standard[8] = {}; // SIG_DFL, no flags, no mask
    for (long n = 1; n <= last_signal; ++n) {
      syscall(SYS_rt_sigaction, n, standard, nullptr,
              mask_size); // KILL and STOP are refused, and are as they should be
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  static std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const auto& t : texts) {
      all.push_back(const_cast<char*>(t.c_str()));
    }
    all.push_back(nullptr);
    return all;
  }

  /// A name without "/" is looked for in the PATH that the command gets, as a shell would.
  [[noreturn]] void execute() const {
    const auto& name = order_.program.front();
    if (name.empty() || name.find('/') != name.npos) {
      execve(name.c_str(), arguments_.data(), environment_.data());
      give_up(stage::program, errno);
    }
    int seen = ENOENT;
    auto rest = search_path();
    while (true) {
      const auto end = rest.find(':');
      const auto folder = std::string{rest.substr(0, end)};
      execve(((folder.empty() ? "." : folder) + "/" + name).c_str(), arguments_.data(), environment_.data());
      if (errno != ENOENT && errno != ENOTDIR) {
        seen = errno;
      }
      if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
        break;
      }
      if (end == rest.npos) {
        break;
      }
      rest.remove_prefix(end + 1);
    }
    give_up(stage::program, seen);
  }

  std::string_view search_path() const {
    constexpr std::string_view key = "PATH=";
    for (const std::string_view e : order_.environment) {
      if (e.substr(0, key.size()) == key) {
        return e.substr(key.size());
      }
    }
    return "/usr/local/bin:/usr/bin:/bin";
  }

  const order& order_;
  const command_ends& ends_;
  const std::int64_t start_until_;
  const pid_t parent_;
  int failure_ = ends_.failure;
  std::vector<char*> arguments_, environment_;
};

} // namespace

pid_t spawn(const order& o, const command_ends& ends, std::int64_t start_until, pid_t parent) {
  const auto pid = fork();
  if (pid == 0) {
    becoming{o, ends, start_until, parent}.run();
  }
  return pid;
}

} // namespace djm::exec
