#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "execution/launcher/launcher_impl.hpp"
#include "execution/launcher/sweep.hpp"

/// What a process before this one has left behind.
namespace djm {

namespace {

namespace fs = std::filesystem;

/// Whether its helper is gone: that has the lock as long as it lives. What cannot be opened tells nothing.
bool is_free(const std::string& path) {
  const exec::owned_fd fd{::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC)};
  return fd.is_open() ? flock(fd.get(), LOCK_EX | LOCK_NB) == 0 : errno == ENOENT;
}

std::vector<std::string> runs_in(const std::string& folder, std::error_code& failed) {
  std::vector<std::string> runs;
  for (auto i = fs::directory_iterator{folder, failed}; !failed && i != fs::directory_iterator{}; i.increment(failed)) {
    if (i->path().extension() == ".run") {
      runs.push_back(i->path().stem().string());
    }
  }
  return runs;
}

} // namespace

/// Its helpers make an end of their commands by themselves; this brings that forward, and waits for it. A command whose
/// helper is gone is found by its cgroup and its environment.
expected<void> launcher::impl::end_leftovers() {
  const auto& folder = options_.run_folder;
  if (folder.empty()) {
    return {};
  }
  std::error_code failed;
  fs::create_directories(folder, failed);
  const auto own = folder + "/node.lock";
  folder_lock_ = exec::owned_fd{::open(own.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!folder_lock_.is_open()) {
    return fail(errc::invalid_config,
                "launcher: cannot write " + own + " (run_folder): " + std::generic_category().message(errno));
  }
  if (flock(folder_lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(errc::invalid_state, "launcher: the run_folder " + folder + " is another process's, which lives");
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  const auto runs = runs_in(folder, failed);
  if (failed) {
    return fail(errc::invalid_config, "launcher: cannot read " + folder + " (run_folder): " + failed.message());
  }
  for (const auto& run : runs) {
    const auto leaf = cgroup_base_ + "/djm-" + run;
    for (bool gone = false; !gone;) {
      bool populated = false;
      if (const int fd = ::open(leaf.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC); fd >= 0) {
        const exec::cgroup_leaf held{fd};
        held.kill();
        populated = held.populated();
      }
      const bool found = !exec::sweep_by_runs({run}).empty();
      gone = !populated && !found && is_free(lock_path(run));
      if (!gone && std::chrono::steady_clock::now() > until) {
        return fail(errc::timed_out, "launcher: a command of an earlier process cannot be ended (DJM_RUN=" + run + ")");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{gone ? 0 : 20});
    }
    rmdir(leaf.c_str());
    unlink(lock_path(run).c_str());
  }
  return {};
}

} // namespace djm
