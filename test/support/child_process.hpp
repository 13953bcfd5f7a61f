#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace djm::test {

struct process_options {
  std::vector<std::string> arguments;
  /// Added to our own environment, "NAME=value".
  std::vector<std::string> environment;
  /// Empty: our own.
  std::string working_directory;
  /// Network namespace to run in (a name as in `ip netns`); empty: our own.
  std::string network_namespace;
  /// Where standard error goes; empty: where ours goes.
  std::string error_file;
};

/// A child that never outlives us: killed by the destructor, and by the kernel when the thread that started it ends
/// (so start children from a thread that lives as long as they should). Not thread-safe.
class child_process {
public:
  child_process() = default;
  /// Starts `options.arguments[0]`, searched in PATH. Throws `std::runtime_error` when it cannot be executed.
  explicit child_process(const process_options& options);
  ~child_process();
  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&& other) noexcept;

  pid_t pid() const noexcept { return pid_; }
  /// Started and not yet ended.
  bool running();
  /// SIGSTOP; when the call returns, no thread of the child runs any more.
  void pause();
  /// SIGCONT.
  void resume();
  void signal(int number);
  /// SIGKILL, then waits for the end. Nothing when it has ended.
  void kill();
  /// Closes the child's standard input.
  void close_input();
  void write_input(const std::string& text);
  /// One line of standard output without its end; nothing at the end of the output or after `limit`.
  std::optional<std::string> read_line(std::chrono::milliseconds limit);
  /// What is left of standard output until its end or `limit`.
  std::string read_rest(std::chrono::milliseconds limit);
  /// Exit code, 128 + signal when killed by one; nothing after `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);

private:
  bool fill(std::chrono::steady_clock::time_point end);
  void reap(int status);

  pid_t pid_ = -1;
  std::optional<int> result_;
  int input_ = -1;
  int output_ = -1;
  std::string buffer_;
};

} // namespace djm::test
