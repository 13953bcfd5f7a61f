// Runs one ZooKeeper server or an ensemble of three on loopback for demonstrations and for tests in other processes.
//
//   zk_server [--ensemble] [--tick <ms>]
//
// Prints "ready host:port[,host:port...]" and runs until its standard input ends or it is told to stop (SIGTERM,
// SIGINT). The servers and their data go with it. Exit code 0; 1 with a reason on stderr when no server can be started;
// 2 for arguments it does not know.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "zookeeper_server.hpp"

namespace {

int usage(const std::string& problem) {
  std::fprintf(stderr, "zk_server: %s\nusage: zk_server [--ensemble] [--tick <ms>]\n", problem.c_str());
  return 2;
}

// Returns when standard input has ended or one of the signals has come.
void wait_for_end(int signals) {
  pollfd entries[] = {{0, POLLIN, 0}, {signals, POLLIN, 0}};
  char bytes[256];
  while (::poll(entries, 2, -1) > 0) {
    if (entries[1].revents != 0) {
      return;
    }
    if (entries[0].revents != 0 && ::read(0, bytes, sizeof bytes) <= 0) {
      return;
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  bool many = false;
  djm::test::server_settings settings;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--ensemble") {
      many = true;
    } else if (word == "--tick") {
      char* end = nullptr;
      long tick = i + 1 < argc ? std::strtol(argv[i + 1], &end, 10) : 0;
      if (tick < 10 || tick > 60000 || *end != '\0') {
        return usage("--tick needs a number of milliseconds from 10 to 60000");
      }
      settings.tick = std::chrono::milliseconds{tick};
      ++i;
    } else {
      return usage("unknown argument \"" + word + "\"");
    }
  }
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  int signals = signalfd(-1, &set, SFD_CLOEXEC);
  try {
    std::optional<djm::test::zookeeper_ensemble> three;
    std::optional<djm::test::zookeeper_server> one;
    if (many) {
      three.emplace(3, settings);
    } else {
      one.emplace(settings);
    }
    std::printf("ready %s\n", many ? three->connect_string().c_str() : one->connect_string().c_str());
    std::fflush(stdout);
    wait_for_end(signals);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "zk_server: %s\n", problem.what());
    return 1;
  }
}
