#include "tools/djmd/crontab.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "djm/calendar.hpp"
#include "djm/ids.hpp"
#include "djm/job.hpp"

namespace djm::daemon {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view s) {
  const auto begin = s.find_first_not_of(blanks);
  return begin == s.npos ? std::string_view{} : s.substr(begin, s.find_last_not_of(blanks) - begin + 1);
}

/// The next word; takes it off, and the blanks behind it.
std::string_view take_word(std::string_view& s) {
  const auto end = std::min(s.find_first_of(blanks), s.size());
  const auto word = s.substr(0, end);
  s = s.substr(end);
  s.remove_prefix(std::min(s.find_first_not_of(blanks), s.size()));
  return word;
}

/// A basic string of TOML.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += std::string{'\\'} + c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += std::string{"\\u00"} + "0123456789abcdef"[byte >> 4u] + "0123456789abcdef"[byte & 15u];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// `NAME = value`, with or without quotation marks; nothing where the line is none.
std::optional<std::pair<std::string, std::string>> assignment(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == line.npos) {
    return std::nullopt;
  }
  auto name = trimmed(line.substr(0, equals));
  auto value = trimmed(line.substr(equals + 1));
  const auto unquoted = [](std::string_view& s) {
    if (s.size() >= 2 && (s.front() == '"' || s.front() == '\'') && s.back() == s.front()) {
      s = s.substr(1, s.size() - 2);
    }
  };
  unquoted(name);
  unquoted(value);
  const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  }) && std::isdigit(static_cast<unsigned char>(name[0])) == 0;
  return is_name ? std::optional{std::pair{std::string{name}, std::string{value}}} : std::nullopt;
}

/// Cron ends the command at the first "%" that has no "\" before it; what follows is its input, with a line for each.
std::string with_input(std::string_view command) {
  std::string program, input;
  bool in_input = false;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const bool escaped = command[i] == '\\' && i + 1 < command.size() && command[i + 1] == '%';
    auto& to = in_input ? input : program;
    if (escaped) {
      to += command[++i];
    } else if (command[i] == '%') {
      input += in_input ? "\n" : "";
      in_input = true;
    } else {
      to += command[i];
    }
  }
  return in_input ? "{ " + program + "\n} <<'END_OF_INPUT'\n" + input + "\nEND_OF_INPUT\n" : program;
}

/// Of the program's name, like no other.
std::string job_name(std::string_view command, std::set<std::string>& taken) {
  auto word = take_word(command);
  word = word.substr(word.rfind('/') + 1);
  std::string name;
  for (const char c : word.substr(0, 40)) {
    const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    name += fits ? c : '-';
  }
  name = name.find_first_not_of('-') == name.npos ? "job" : name;
  for (int n = 1;; ++n) {
    auto candidate = n == 1 ? name : name + "-" + std::to_string(n);
    if (taken.insert(candidate).second) {
      return candidate;
    }
  }
}

class importer {
public:
  explicit importer(const crontab_rules& rules) : rules_(rules), zone_(rules.zone) {}

  imported_crontab all(std::string_view text) {
    for (int line = 1; !text.empty(); ++line) {
      const auto end = text.find('\n');
      one(line, trimmed(text.substr(0, end)));
      text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return std::move(out_);
  }

private:
  void one(int line, std::string_view text) {
    if (text.empty() || text.front() == '#') {
      return;
    }
    if (auto set = assignment(text)) {
      return remember(line, set->first, set->second);
    }
    auto rest = text;
    std::string when;
    for (int i = 0; i < (text.front() == '@' ? 1 : 5); ++i) {
      when += (when.empty() ? "" : " ") + std::string{take_word(rest)};
    }
    const auto user = rules_.system ? std::string{take_word(rest)} : rules_.user;
    if (rest.empty()) {
      return fault(line, "there is no command behind \"" + std::string{text} + "\"");
    }
    write(line, when, user, rest);
  }

  void remember(int line, const std::string& name, const std::string& value) {
    if (name == "SHELL") {
      shell_ = value;
    } else if (name == "CRON_TZ" || name == "TZ") {
      zone_ = value;
    } else if (name == "MAILTO") {
      out_.toml += "# Line " + std::to_string(line) +
                   ": output is mailed to nobody. It is kept in commands.log_folder; "
                   "what fails is told by [on_failure].\n\n";
    } else {
      environment_[name] = value;
    }
  }

  void write(int line, const std::string& when, const std::string& user, std::string_view command) {
    std::string schedule;
    if (when == "@reboot") {
      schedule = "at_start = true # with each start of djmd, not of the machine\n";
    } else {
      auto rule = cron(when);
      if (!zone_.empty()) {
        rule = rule.zone(zone_);
      }
      job_builder probe{job_id{"x"}};
      if (const auto built = probe.items({}).at(rule).run([](job_context&) {}).build(); !built) {
        return fault(line, built.error().text);
      }
      schedule = "items = [\"all\"]\ncron = " + quoted(when) + "\n" +
                 (zone_.empty() ? "# zone: not known, so it is UTC\n" : "zone = " + quoted(zone_) + "\n") +
                 "catch_up = \"none\" # as cron\n";
    }
    const auto name = job_name(command, taken_);
    out_.toml += "# Line " + std::to_string(line) + "\n[job." + name + "]\n" + schedule + "program = [" +
                 quoted(shell_) + ", \"-c\", " + quoted(with_input(command)) + "]\n";
    if (!user.empty()) {
      out_.toml += "user = " + quoted(user) + "\n";
    }
    if (!environment_.empty()) {
      out_.toml += "environment = {";
      const char* before = " ";
      for (const auto& [key, value] : environment_) {
        out_.toml += before + key + " = " + quoted(value);
        before = ", ";
      }
      out_.toml += " }\n";
    }
    out_.toml += "\n";
    ++out_.jobs;
  }

  void fault(int line, std::string text) {
    out_.toml += "# Line " + std::to_string(line) + " could not be taken over.\n\n";
    out_.faults.push_back({line, std::move(text)});
  }

  const crontab_rules& rules_;
  std::string zone_, shell_ = "/bin/sh";
  std::map<std::string, std::string> environment_;
  std::set<std::string> taken_;
  imported_crontab out_;
};

} // namespace

imported_crontab import_crontab(std::string_view text, const crontab_rules& rules) {
  return importer{rules}.all(text);
}

} // namespace djm::daemon
