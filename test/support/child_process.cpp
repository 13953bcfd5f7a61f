#include "child_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace djm::test {

namespace {

using clock = std::chrono::steady_clock;

[[noreturn]] void raise_errno(const std::string& what) {
  throw std::runtime_error{what + ": " + std::strerror(errno)};
}

// Both ends are closed on exec, so that children do not inherit each other's.
void make_pipe(int (&ends)[2]) {
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    raise_errno("pipe");
  }
}

void close_fd(int& fd) {
  if (fd >= 0) {
    ::close(fd);
  }
  fd = -1;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

// What the child needs is prepared before the fork: after it only async-signal-safe calls are allowed.
struct launch {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::string directory;
  int netns = -1;
  int in = -1, out = -1, err = -1, report = -1;
  pid_t parent = 0;
};

[[noreturn]] void become_child(launch& job) {
  bool ok = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == job.parent;
  ok = ok && ::dup2(job.in, 0) >= 0 && ::dup2(job.out, 1) >= 0 && (job.err < 0 || ::dup2(job.err, 2) >= 0);
  ok = ok && (job.directory.empty() || ::chdir(job.directory.c_str()) == 0);
  ok = ok && (job.netns < 0 || ::setns(job.netns, CLONE_NEWNET) == 0);
  if (ok) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    environ = job.envp.data();
    ::execvp(job.argv[0], job.argv.data());
  }
  int code = errno;
  [[maybe_unused]] auto written = ::write(job.report, &code, sizeof code);
  ::_exit(127);
}

} // namespace

child_process::child_process(const process_options& options) {
  if (options.arguments.empty()) {
    throw std::runtime_error{"child process without a command"};
  }
  launch job;
  job.arguments = options.arguments;
  job.environment = options.environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text{*entry};
    auto name = text.substr(0, text.find('=') + 1);
    if (std::none_of(options.environment.begin(), options.environment.end(),
                     [&](const std::string& x) { return x.compare(0, name.size(), name) == 0; })) {
      job.environment.push_back(std::move(text));
    }
  }
  job.argv = pointers(job.arguments);
  job.envp = pointers(job.environment);
  job.directory = options.working_directory;
  job.parent = ::getpid();
  int in[2], out[2], report[2];
  make_pipe(in);
  make_pipe(out);
  make_pipe(report);
  job.in = in[0];
  job.out = out[1];
  job.report = report[1];
  if (!options.error_file.empty()) {
    job.err = ::open(options.error_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  if (!options.network_namespace.empty()) {
    job.netns = ::open(("/var/run/netns/" + options.network_namespace).c_str(), O_RDONLY | O_CLOEXEC);
    if (job.netns < 0) {
      raise_errno("network namespace " + options.network_namespace);
    }
  }
  pid_ = ::fork();
  if (pid_ == 0) {
    become_child(job);
  }
  int fork_error = errno;
  close_fd(in[0]);
  close_fd(out[1]);
  close_fd(report[1]);
  close_fd(job.err);
  close_fd(job.netns);
  input_ = in[1];
  output_ = out[0];
  int code = 0;
  // Ends without a byte when exec has closed the other end.
  bool failed = pid_ < 0 || ::read(report[0], &code, sizeof code) == sizeof code;
  close_fd(report[0]);
  if (failed) {
    errno = pid_ < 0 ? fork_error : code;
    int saved = errno;
    kill();
    close_fd(input_);
    close_fd(output_);
    errno = saved;
    raise_errno("cannot run " + options.arguments[0]);
  }
}

child_process::~child_process() {
  kill();
  close_fd(input_);
  close_fd(output_);
}

child_process::child_process(child_process&& other) noexcept {
  *this = std::move(other);
}

child_process& child_process::operator=(child_process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(result_, other.result_);
  std::swap(input_, other.input_);
  std::swap(output_, other.output_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

void child_process::reap(int status) {
  result_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool child_process::running() {
  return pid_ > 0 && !wait(std::chrono::milliseconds{0});
}

// Until it is reaped, the number cannot name another process.
void child_process::signal(int number) {
  if (pid_ > 0 && !result_) {
    ::kill(pid_, number);
  }
}

// The signal alone only asks: threads on other processors may run on for a while.
void child_process::pause() {
  signal(SIGSTOP);
  int status = 0;
  while (pid_ > 0 && !result_) {
    if (::waitpid(pid_, &status, WUNTRACED) != pid_) {
      continue;
    }
    if (WIFSTOPPED(status)) {
      return;
    }
    reap(status);
  }
}

void child_process::resume() {
  signal(SIGCONT);
}

void child_process::kill() {
  if (pid_ <= 0 || result_) {
    return;
  }
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  reap(status);
}

std::optional<int> child_process::wait(std::chrono::milliseconds limit) {
  auto end = clock::now() + limit;
  while (pid_ > 0 && !result_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      reap(status);
    } else if (clock::now() >= end) {
      break;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  }
  return result_;
}

void child_process::close_input() {
  close_fd(input_);
}

void child_process::write_input(const std::string& text) {
  // A child that is gone is an error to report, not to die of.
  std::signal(SIGPIPE, SIG_IGN);
  for (std::size_t done = 0; done < text.size();) {
    auto count = ::write(input_, text.data() + done, text.size() - done);
    if (count < 0) {
      raise_errno("write to child");
    }
    done += static_cast<std::size_t>(count);
  }
}

bool child_process::fill(clock::time_point end) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock::now()).count();
  pollfd poll_fd{output_, POLLIN, 0};
  if (output_ < 0 || ::poll(&poll_fd, 1, static_cast<int>(std::max<decltype(left)>(left, 0))) <= 0) {
    return false;
  }
  char bytes[4096];
  auto count = ::read(output_, bytes, sizeof bytes);
  if (count <= 0) {
    close_fd(output_);
    return false;
  }
  buffer_.append(bytes, static_cast<std::size_t>(count));
  return true;
}

std::optional<std::string> child_process::read_line(std::chrono::milliseconds limit) {
  auto end = clock::now() + limit;
  auto stop = buffer_.find('\n');
  while (stop == std::string::npos) {
    if (!fill(end)) {
      return std::nullopt;
    }
    stop = buffer_.find('\n');
  }
  auto line = buffer_.substr(0, stop);
  buffer_.erase(0, stop + 1);
  return line;
}

std::string child_process::read_rest(std::chrono::milliseconds limit) {
  auto end = clock::now() + limit;
  while (fill(end)) {
  }
  return std::exchange(buffer_, {});
}

} // namespace djm::test
