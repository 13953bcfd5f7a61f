#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "djm/version.hpp"
#include "tools/djmd/daemon.hpp"

namespace {

using namespace djm;

constexpr const char* usage = "usage: djmd FILE          runs the jobs of FILE until SIGTERM; SIGHUP reads it again\n"
                              "       djmd --check FILE  says what is wrong with it\n"
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
  if (argc == 3 && first == "--check") {
    return check(argv[2]);
  }
  if (argc != 2 || first.empty() || first[0] == '-') {
    std::cerr << usage;
    return misused;
  }
  return serve(first);
}
