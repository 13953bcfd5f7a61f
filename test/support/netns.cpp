#include "netns.hpp"

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <unistd.h>

#include "child_process.hpp"

namespace djm::test {

namespace {

constexpr const char* prefix = "djmlab";
constexpr std::chrono::seconds command_limit{10};

bool try_run(std::vector<std::string> words) {
  process_options options;
  options.arguments = std::move(words);
  options.error_file = "/dev/null";
  try {
    child_process child{options};
    return child.wait(command_limit) == 0;
  } catch (const std::runtime_error&) {
    return false;
  }
}

void run(const std::vector<std::string>& words) {
  if (try_run(words)) {
    return;
  }
  std::string line;
  for (auto& word : words) {
    line += word + " ";
  }
  throw std::runtime_error{"failed: " + line};
}

// Names hold the process that made them: "djmlab<pid>x<n>".
void remove_leftovers() {
  std::error_code ignored;
  for (auto& entry : std::filesystem::directory_iterator{"/var/run/netns", ignored}) {
    auto name = entry.path().filename().string();
    if (name.rfind(prefix, 0) != 0) {
      continue;
    }
    auto owner = static_cast<pid_t>(std::atol(name.c_str() + std::string{prefix}.size()));
    if (owner > 0 && ::kill(owner, 0) != 0) {
      try_run({"ip", "netns", "delete", name});
    }
  }
  for (auto& entry : std::filesystem::directory_iterator{"/sys/class/net", ignored}) {
    auto name = entry.path().filename().string();
    if (name.rfind("djmbr", 0) != 0) {
      continue;
    }
    auto owner = static_cast<pid_t>(std::atol(name.c_str() + 5));
    if (owner > 0 && ::kill(owner, 0) != 0) {
      try_run({"ip", "link", "delete", name});
    }
  }
}

// A second octet pair of its own, so that labs of processes that run at once do not share a subnet.
std::string subnet() {
  auto number = static_cast<unsigned>(::getpid());
  return "10." + std::to_string(64 + number / 256 % 128) + "." + std::to_string(number % 256) + ".";
}

} // namespace

bool net_lab::available() {
  static bool result = [] {
    if (::geteuid() != 0 || !try_run({"nft", "--version"})) {
      return false;
    }
    auto name = prefix + std::to_string(::getpid()) + "xtest";
    bool works = try_run({"ip", "netns", "add", name}) &&
                 try_run({"ip", "netns", "exec", name, "nft", "add", "table", "inet", "djm"});
    try_run({"ip", "netns", "delete", name});
    return works;
  }();
  return result;
}

net_lab::net_lab(std::size_t hosts) {
  remove_leftovers();
  tag_ = std::to_string(::getpid());
  bridge_ = "djmbr" + tag_;
  own_address_ = subnet() + "1";
  try {
    run({"ip", "link", "add", bridge_, "type", "bridge"});
    run({"ip", "address", "add", own_address_ + "/24", "dev", bridge_});
    run({"ip", "link", "set", bridge_, "up"});
    for (std::size_t i = 0; i < hosts; ++i) {
      hosts_.push_back({prefix + tag_ + "x" + std::to_string(i), subnet() + std::to_string(10 + i)});
      auto& ns = hosts_.back().name;
      auto outside = "djmv" + tag_ + "x" + std::to_string(i);
      run({"ip", "netns", "add", ns});
      run({"ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", ns});
      run({"ip", "link", "set", outside, "master", bridge_, "up"});
      run({"ip", "-n", ns, "address", "add", hosts_.back().address + "/24", "dev", "eth0"});
      run({"ip", "-n", ns, "link", "set", "eth0", "up"});
      run({"ip", "-n", ns, "link", "set", "lo", "up"});
    }
    heal();
  } catch (...) {
    remove();
    throw;
  }
}

net_lab::~net_lab() {
  remove();
}

void net_lab::remove() noexcept {
  for (auto& x : hosts_) {
    try_run({"ip", "netns", "delete", x.name});
  }
  try_run({"ip", "link", "delete", bridge_});
}

void net_lab::drop_from(std::size_t host, const std::string& address) {
  run({"ip", "netns", "exec", name(host), "nft", "add", "rule", "inet", "djm", "in", "ip", "saddr", address, "drop"});
}

void net_lab::cut_one_way(std::size_t from, std::size_t to) {
  drop_from(to, address(from));
}

void net_lab::cut(std::size_t one, std::size_t other) {
  cut_one_way(one, other);
  cut_one_way(other, one);
}

void net_lab::isolate(std::size_t host) {
  for (std::size_t i = 0; i < size(); ++i) {
    if (i != host) {
      cut(host, i);
    }
  }
}

void net_lab::cut_from_us(std::size_t host) {
  drop_from(host, own_address_);
}

void net_lab::block(std::size_t host) {
  run({"ip", "netns", "exec", name(host), "nft",
       "add table inet djmblock; "
       "add chain inet djmblock in { type filter hook input priority 0; policy drop; }; "
       "add chain inet djmblock out { type filter hook output priority 0; policy drop; }"});
}

void net_lab::unblock(std::size_t host) {
  run({"ip", "netns", "exec", name(host), "nft", "add table inet djmblock; delete table inet djmblock"});
}

void net_lab::heal_cuts() {
  for (auto& x : hosts_) {
    run({"ip", "netns", "exec", x.name, "nft",
         "add table inet djm; delete table inet djm; add table inet djm; "
         "add chain inet djm in { type filter hook input priority 0; }"});
  }
}

void net_lab::heal() {
  heal_cuts();
  for (std::size_t i = 0; i < size(); ++i) {
    unblock(i);
  }
}

} // namespace djm::test
