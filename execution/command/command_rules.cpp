#include "execution/command/command_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <system_error>

#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

namespace djm::exec {

namespace {

class command_checker {
public:
  explicit command_checker(const command_options& o) : o_(o) {}

  std::vector<std::string> complaints() {
    check_program();
    check_environment();
    check_numbers();
    check_durations();
    must(!o_.whole_share || o_.input == command_input::json, "whole_share needs input = json: the items are in it");
    must(!o_.load_states || o_.input == command_input::json, "load_states needs input = json: the states are in it");
    must(!o_.folder.empty() && o_.folder.front() == '/' && !has_zero(o_.folder),
         fmt::format("folder is \"{}\"; it must be an absolute path", o_.folder));
    return std::move(found_);
  }

private:
  static bool has_zero(const std::string& text) { return text.find('\0') != text.npos; }

  void must(bool ok, std::string complaint) {
    if (!ok) {
      found_.push_back("command: " + std::move(complaint));
    }
  }

  void check_program() {
    constexpr std::size_t most_arguments = 4096, most_bytes = 1024 * 1024;
    must(!o_.program.empty() && !o_.program.front().empty(), "program is empty; it must name a program");
    must(o_.program.size() <= most_arguments,
         fmt::format("program has {} arguments; at most {}", o_.program.size(), most_arguments));
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < o_.program.size(); ++i) {
      bytes += o_.program[i].size() + 1;
      must(!has_zero(o_.program[i]), fmt::format("argument {} of program has a zero byte", i));
    }
    must(bytes <= most_bytes, fmt::format("program has {} bytes; at most {}", bytes, most_bytes));
  }

  void check_environment() {
    for (const auto& [name, value] : o_.environment) {
      must(!name.empty() && name.find('=') == name.npos && !has_zero(name),
           fmt::format("environment has the name \"{}\"; it must not be empty nor hold \"=\" or zero bytes", name));
      must(name.compare(0, 4, "DJM_") != 0,
           fmt::format("environment has the name \"{}\"; names that begin with DJM_ are djm's", name));
      must(!has_zero(value), fmt::format("the value of \"{}\" in environment has a zero byte", name));
    }
  }

  void in_range(const char* what, std::uint64_t x, std::uint64_t least, std::uint64_t most) {
    must(x >= least && x <= most, fmt::format("{} is {}; it must be from {} to {}", what, x, least, most));
  }

  void check_numbers() {
    must(o_.umask <= 0777, fmt::format("umask is {:#o}; it must be from 0 to 0777", o_.umask));
    must(o_.stop_signal >= 1 && o_.stop_signal <= 31 && o_.stop_signal != SIGKILL && o_.stop_signal != SIGSTOP,
         fmt::format("stop_signal is {}; it must be from 1 to 31, and neither KILL (9) nor STOP (19)", o_.stop_signal));
    in_range("most_postponed", o_.most_postponed, 0, 1000);
    if (o_.limits.nofile) {
      in_range("limits.nofile", *o_.limits.nofile, 4, 1048576);
    }
    if (o_.limits.address_space) {
      must(*o_.limits.address_space >= 1024 * 1024,
           fmt::format("limits.address_space is {}; it must be at least 1048576 (1 MiB)", *o_.limits.address_space));
    }
  }

  void check_durations() {
    const auto within = [this](const char* what, duration x, duration least, duration most) {
      must(x >= least && x <= most, fmt::format("{} is {}; it must be from {} to {}", what, describe_duration(x),
                                                format_duration(least), format_duration(most)));
    };
    within("stop_grace", o_.stop_grace, duration::zero(), std::chrono::hours{1});
    within("ready_timeout", o_.ready_timeout, duration::zero(), std::chrono::hours{1});
    within("start_time", o_.start_time, duration::zero(), std::chrono::hours{1});
    within("postpone", o_.postpone, std::chrono::seconds{1}, std::chrono::hours{24});
  }

  const command_options& o_;
  std::vector<std::string> found_;
};

std::optional<std::uint32_t> number_of(const std::string& text) {
  std::uint32_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{n} : std::nullopt;
}

} // namespace

std::vector<std::string> check_command(const command_options& o) {
  return command_checker{o}.complaints();
}

expected<identity> look_up_user(const std::string& user) {
  identity who;
  std::vector<char> room(64 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  if (user.empty()) {
    if (getpwuid_r(geteuid(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr) {
      who.home = found->pw_dir;
    }
    return who;
  }
  const auto number = number_of(user);
  const int error = number ? getpwuid_r(*number, &entry, room.data(), room.size(), &found)
                           : getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found);
  if (found == nullptr && (!number || error != 0)) {
    return fail(errc::invalid_config,
                fmt::format("there is no user \"{}\" here{}", user,
                            error != 0 ? ": " + std::generic_category().message(error) : std::string{}));
  }
  who.switches = true;
  who.uid = found != nullptr ? found->pw_uid : *number;
  who.gid = found != nullptr ? found->pw_gid : *number;
  who.groups = {who.gid};
  if (found != nullptr) {
    who.home = found->pw_dir;
    int n = 1024;
    std::vector<gid_t> groups(static_cast<std::size_t>(n));
    if (getgrouplist(found->pw_name, found->pw_gid, groups.data(), &n) >= 0) {
      who.groups.assign(groups.begin(), groups.begin() + n);
    }
  }
  if (geteuid() != 0 && (who.uid != geteuid() || who.gid != getegid())) {
    return fail(errc::no_permission,
                fmt::format("it is to run as user \"{}\", for which this process would have to be root", user));
  }
  who.switches = geteuid() == 0;
  return who;
}

std::vector<std::string> make_environment(const command_options& o, const identity& who,
                                          const std::map<std::string, std::string>& djm) {
  std::map<std::string, std::string> all{
    {"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", who.home}, {"LANG", "C.UTF-8"}};
  if (const char* zone = std::getenv("TZ")) {
    all["TZ"] = zone;
  }
  for (const auto& [name, value] : o.environment) {
    all[name] = value;
  }
  for (const auto& [name, value] : djm) {
    all[name] = value;
  }
  std::vector<std::string> result;
  result.reserve(all.size() + 1);
  for (const auto& [name, value] : all) {
    result.push_back(name + "=" + value);
  }
  return result;
}

order make_order(const command_options& o) {
  order result;
  result.program = o.program;
  result.folder = o.folder;
  result.umask = o.umask;
  const auto limit = [&](std::uint32_t what, const std::optional<std::uint64_t>& most) {
    if (most) {
      result.limits[what] = *most;
    }
  };
  limit(RLIMIT_NOFILE, o.limits.nofile);
  limit(RLIMIT_CORE, o.limits.core);
  limit(RLIMIT_AS, o.limits.address_space);
  result.new_privileges = o.new_privileges;
  result.term_signal = o.stop_signal;
  result.grace = duration{o.stop_grace}.count();
  return result;
}

} // namespace djm::exec
