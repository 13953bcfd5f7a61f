#include "tool_harness.hpp"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_process.hpp"
#include "temp_dir.hpp"

namespace djm::test {

namespace {

constexpr std::chrono::seconds wide{120};

} // namespace

told run_tool(const std::string& connect, std::vector<std::string> arguments, std::vector<std::string> environment) {
  temp_dir folder;
  process_options o;
  o.arguments = {DJM_TOOL};
  o.arguments.insert(o.arguments.end(), arguments.begin(), arguments.end());
  o.environment = std::move(environment);
  o.environment.push_back("DJM_STORE=" + connect);
  o.error_file = (folder.path() / "err").string();
  child_process tool{o};
  told t;
  t.out = tool.read_rest(wide);
  t.code = tool.wait(wide).value_or(-1);
  std::ifstream err{o.error_file};
  t.err.assign(std::istreambuf_iterator<char>{err}, {});
  return t;
}

told run_on_terminal(const std::string& connect, std::vector<std::string> arguments, unsigned short columns,
                     const std::string& typed, const std::string& signal_after, std::vector<std::string> environment) {
  winsize size{};
  size.ws_col = columns;
  size.ws_row = 24;
  int terminal = -1;
  // Everything that allocates happens before the fork.
  std::vector<char*> argv;
  std::string tool = DJM_TOOL;
  argv.push_back(tool.data());
  for (auto& a : arguments) {
    argv.push_back(a.data());
  }
  argv.push_back(nullptr);
  environment.push_back("DJM_STORE=" + connect);
  environment.emplace_back("TERM=xterm");
  std::vector<char*> env;
  for (auto& e : environment) {
    env.push_back(e.data());
  }
  env.push_back(nullptr);
  const auto pid = forkpty(&terminal, nullptr, nullptr, &size);
  if (pid < 0) {
    throw std::runtime_error(std::string{"forkpty: "} + std::strerror(errno));
  }
  if (pid == 0) {
    execve(argv[0], argv.data(), env.data());
    _exit(127);
  }
  told t;
  bool answered = typed.empty();
  bool signalled = signal_after.empty();
  const auto end = std::chrono::steady_clock::now() + wide;
  char buffer[4096];
  while (std::chrono::steady_clock::now() < end) {
    pollfd p{terminal, POLLIN, 0};
    if (poll(&p, 1, 100) <= 0) {
      continue;
    }
    const auto n = read(terminal, buffer, sizeof buffer);
    if (n <= 0) {
      break; // the other end is closed
    }
    t.out.append(buffer, static_cast<std::size_t>(n));
    if (!answered && t.out.find("[y/N]") != std::string::npos) {
      answered = write(terminal, typed.data(), typed.size()) == static_cast<ssize_t>(typed.size());
    }
    if (!signalled && t.out.find(signal_after) != std::string::npos) {
      signalled = kill(pid, SIGINT) == 0;
    }
  }
  int status = 0;
  waitpid(pid, &status, 0);
  close(terminal);
  t.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return t;
}

} // namespace djm::test
