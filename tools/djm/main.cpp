#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/djm/command_line.hpp"
#include "tools/djm/exit_code.hpp"

namespace {

/// Ends at once: nothing that was ordered is taken back, and nothing is left to be put in order.
extern "C" void on_signal(int number) {
  constexpr char said[] = "djm: interrupted; what was ordered stays ordered\n";
  const auto written = write(STDERR_FILENO, said, sizeof said - 1);
  (void) written;
  _exit(128 + number);
}

void handle_signals() {
  struct sigaction end {};
  end.sa_handler = on_signal;
  sigaction(SIGINT, &end, nullptr);
  sigaction(SIGTERM, &end, nullptr);
  // A reader that has gone makes writing fail, which is said.
  std::signal(SIGPIPE, SIG_IGN);
}

std::size_t columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  using namespace djm;
  handle_signals();
  tool::context io{std::cout, std::cerr, std::cin, [](const char* name) {
                     const auto* value = std::getenv(name);
                     return std::string{value != nullptr ? value : ""};
                   }};
  io.terminal = isatty(STDOUT_FILENO) == 1;
  io.can_ask = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
  io.columns = columns();
  io.now = [] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
  };
  io.pause = [](duration d) {
    std::this_thread::sleep_for(d);
    return true;
  };
  const auto code = tool::run_djm({argv + 1, argv + argc}, io);
  if (code == static_cast<int>(tool::exit_code::could_not_find_out) ||
      code == static_cast<int>(tool::exit_code::outcome_unknown)) {
    // A store that does not answer does not answer a farewell either.
    std::cout.flush();
    std::cerr.flush();
    std::_Exit(code);
  }
  return code;
}
