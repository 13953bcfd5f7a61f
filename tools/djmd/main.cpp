#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "djm/version.hpp"
#include "tools/djmd/crontab.hpp"
#include "tools/djmd/daemon.hpp"

namespace {

using namespace djm;

constexpr const char* usage =
  "usage: djmd FILE          runs the jobs of FILE until SIGTERM; SIGHUP reads it again\n"
  "       djmd --check FILE  says what is wrong with it\n"
  "       djmd --import-crontab FILE [--system] [--user NAME] [--zone ZONE]\n"
  "                          writes jobs for FILE as djmd takes them; \"-\": standard input\n"
  "       djmd --version\n";
/// As the command line tool has them.
constexpr int fine = 0, failed = 1, misused = 2;

std::optional<std::string> content_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    std::cerr << path << ": " << std::strerror(errno) << "\n";
    return std::nullopt;
  }
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

/// What is in it; nothing where anything is wrong, which is said line by line.
std::optional<daemon::daemon_file> read_file(const std::string& path) {
  const auto text = content_of(path);
  if (!text) {
    return std::nullopt;
  }
  auto r = daemon::read_daemon_file(*text, [](const daemon::http_table& t) { return validate(daemon::make_http(t)); });
  for (const auto& f : r.faults) {
    std::cerr << path << ":" << f.line << ": " << f.text << "\n";
  }
  return r.faults.empty() ? std::optional{std::move(r.file)} : std::nullopt;
}

/// Commands of other users could read what is secret in it.
void warn_of_readers(const std::string& path, const daemon::daemon_file& f) {
  struct stat s {};
  if (!f.node.store.digest.empty() && stat(path.c_str(), &s) == 0 && (s.st_mode & (S_IRGRP | S_IROTH)) != 0) {
    std::cerr << path << ": warning: it holds node.store.digest, and others than its owner can read it (chmod 600)\n";
  }
}

int check(const std::string& path) {
  const auto f = read_file(path);
  if (!f) {
    return failed;
  }
  warn_of_readers(path, *f);
  std::cout << path << ": fine, " << f->job.size() << (f->job.size() == 1 ? " job\n" : " jobs\n");
  return fine;
}

/// Where this machine says it is; empty: it does not.
std::string zone_here() {
  char to[4096];
  const auto n = readlink("/etc/localtime", to, sizeof to);
  const std::string path{to, n > 0 ? static_cast<std::size_t>(n) : 0};
  const std::string folder = "/zoneinfo/";
  const auto at = path.find(folder);
  return at == path.npos ? std::string{} : path.substr(at + folder.size());
}

/// The jobs of a crontab go to standard output, what could not be taken over is said.
int import(const std::vector<std::string>& arguments) {
  daemon::crontab_rules rules;
  rules.zone = zone_here();
  std::string path;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& a = arguments[i];
    const bool has_value = a == "--user" || a == "--zone";
    if (has_value && i + 1 < arguments.size()) {
      (a == "--user" ? rules.user : rules.zone) = arguments[++i];
    } else if (a == "--system") {
      rules.system = true;
    } else if (path.empty() && (a == "-" || (!a.empty() && a[0] != '-'))) {
      path = a;
    } else {
      std::cerr << usage;
      return misused;
    }
  }
  if (path.empty()) {
    std::cerr << usage;
    return misused;
  }
  const auto text = path == "-" ? std::string{std::istreambuf_iterator<char>{std::cin}, {}} : content_of(path);
  if (!text) {
    return failed;
  }
  const auto made = daemon::import_crontab(*text, rules);
  std::cout << made.toml;
  for (const auto& f : made.faults) {
    std::cerr << path << ":" << f.line << ": " << f.text << "\n";
  }
  return made.faults.empty() ? fine : failed;
}

/// Tells the system's manager of services, where there is one.
void notify(const std::string& text) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un to{};
  if (path == nullptr || std::strlen(path) >= sizeof to.sun_path) {
    return;
  }
  to.sun_family = AF_UNIX;
  std::strcpy(to.sun_path, path);
  if (path[0] == '@') {
    to.sun_path[0] = '\0';
  }
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
    sendto(fd, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size);
    close(fd);
  }
}

void reload(daemon::service& s, const std::string& path) {
  notify("RELOADING=1");
  if (auto f = read_file(path)) {
    for (const auto& told : s.reload(std::move(*f))) {
      std::cerr << "djmd: " << told << "\n";
    }
    std::cerr << "djmd: " << path << " was read again\n";
  } else {
    std::cerr << "djmd: nothing was changed\n";
  }
  notify("READY=1");
}

/// Blocked in every thread, and taken by `sigwait`; SIGUSR2 says that the node has ended.
sigset_t all_signals() {
  sigset_t all;
  sigemptyset(&all);
  for (const int n : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) {
    sigaddset(&all, n);
  }
  return all;
}

int serve(const std::string& path) {
  const auto signals = all_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); // what is secret in its memory is not for commands
  auto f = read_file(path);
  if (!f) {
    return failed;
  }
  warn_of_readers(path, *f);
  auto started = daemon::service::start(std::move(*f));
  if (!started) {
    std::cerr << "djmd: " << to_string(started.error()) << "\n";
    return failed;
  }
  auto& s = **started;
  expected<void> end;
  std::thread waits{[&] {
    end = s.node().wait_stopped();
    kill(getpid(), SIGUSR2);
  }};
  notify("READY=1");
  bool asked = false;
  for (int number = 0; sigwait(&signals, &number) == 0 && number != SIGUSR2;) {
    if (number == SIGHUP) {
      if (!asked) {
        reload(s, path);
      }
      continue;
    }
    // The second one does not wait for what goes on.
    std::cerr << (asked ? "djmd: ends at once\n" : "djmd: gives its items back and ends\n");
    notify("STOPPING=1");
    if (auto ok = s.node().begin_shutdown(asked); !ok) {
      std::cerr << "djmd: " << to_string(ok.error()) << "\n";
    }
    asked = true;
  }
  waits.join();
  if (!end) {
    std::cerr << "djmd: " << to_string(end.error()) << "\n";
    return failed;
  }
  return fine;
}

} // namespace

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (argc == 2 && first == "--version") {
    std::cout << "djmd " << version_text << "\n";
    return fine;
  }
  if (argc == 2 && (first == "--help" || first == "-h")) {
    std::cout << usage;
    return fine;
  }
  if (argc > 1 && first == "--import-crontab") {
    return import({argv + 2, argv + argc});
  }
  if (argc == 3 && first == "--check") {
    return check(argv[2]);
  }
  if (argc != 2 || first.empty() || first[0] == '-') {
    std::cerr << usage;
    return misused;
  }
  return serve(first);
}
