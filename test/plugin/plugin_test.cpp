#include <doctest/doctest.h>

#include <dlfcn.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include <caf/all.hpp>

#include "plugin.hpp"

// The host of a plug-in that links djm. It knows nothing of djm itself, but has CAF.

namespace {

std::string plugin_file() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "libdjm_plugin.so").string();
}

std::size_t threads() {
  const std::filesystem::directory_iterator all{"/proc/self/task"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Loads, runs and unloads the plug-in; what went wrong, or nothing.
std::string once() {
  void* plugin = dlopen(plugin_file().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) {
    return dlerror();
  }
  auto* run = reinterpret_cast<decltype(&djm_plugin_run)>(dlsym(plugin, "djm_plugin_run"));
  const char* said = run();
  const std::string what = said != nullptr ? said : "";
  dlclose(plugin);
  return what;
}

/// The kernel lets go of a thread a moment after it was joined.
bool only(std::size_t expected) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (threads() != expected && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
  return threads() == expected;
}

bool still_mapped() {
  void* plugin = dlopen(plugin_file().c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (plugin != nullptr) {
    dlclose(plugin);
  }
  return plugin != nullptr;
}

} // namespace

TEST_CASE("a plug-in runs a node, shuts it down and is unloaded, again and again, and leaves no thread") {
  const auto before = threads();
  for (int i = 0; i < 5; ++i) {
    CHECK(once() == "");
    CHECK(only(before));
#if CAF_MAJOR_VERSION >= 1
    CHECK(still_mapped()); // CAF's table of types refers to it
#else
    CHECK_FALSE(still_mapped());
#endif
  }
}

TEST_CASE("a plug-in that is loaded beside an actor system of its host works") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  CHECK(once() == "");
}
