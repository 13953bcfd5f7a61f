#include "tools/djm/completion.hpp"

#include "tools/djm/command_table.hpp"

namespace djm::tool {

namespace {

constexpr std::string_view about = "help man completion version";

/// Words of an option as it is typed: "-f --follow".
std::string spellings(std::string_view name) {
  const auto comma = name.find(',');
  return comma == std::string_view::npos
           ? std::string{name}
           : std::string{name.substr(0, comma)} + " " + std::string{name.substr(comma + 1)};
}

/// First words of all commands.
std::string first_words() {
  std::string words;
  for (const auto& c : commands()) {
    words += std::string{c.name.substr(0, c.name.find(' '))} + " ";
  }
  return words + std::string{about};
}

/// A text within single quotes of a shell.
std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (char c : text) {
    result += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
  }
  return result + "'";
}

std::string bash() {
  std::string script = "# Completion of djm for bash, made of its table of commands.\n_djm() {\n"
                       "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                       "  local command=${COMP_WORDS[1]} words=\n"
                       "  if ((COMP_CWORD == 1)); then\n    words=" +
                       shell_quoted(first_words()) + "\n  else\n    case $command in\n";
  for (const auto& c : commands()) {
    const auto space = c.name.find(' ');
    script += "      " + std::string{c.name.substr(0, space)} + ")\n        case $before in\n";
    std::string words = space == std::string_view::npos ? std::string{} : std::string{c.name.substr(space + 1)} + " ";
    for (const auto& o : options_of(c)) {
      auto pattern = spellings(o.name);
      if (const auto blank = pattern.find(' '); blank != std::string::npos) {
        pattern.replace(blank, 1, "|");
      }
      words += spellings(o.name) + " ";
      if (!o.choices.empty()) {
        script += "          " + pattern + ") words=" + shell_quoted(o.choices) + " ;;\n";
      } else if (o.value == "FILE" || o.value == "FOLDER") {
        script += "          " + pattern + ") compopt -o default; return ;;\n";
      } else if (!o.value.empty()) {
        script += "          " + pattern + ") return ;;\n";
      }
    }
    for (const auto& a : c.arguments) {
      words += a.choices.empty() ? std::string{} : std::string{a.choices} + " ";
    }
    script += "          *) words=" + shell_quoted(words) + " ;;\n        esac ;;\n";
  }
  std::string names;
  for (const auto& c : commands()) {
    names += std::string{c.name.substr(0, c.name.find(' '))} + " ";
  }
  return script + "      completion) words='bash zsh fish' ;;\n      help) words=" + shell_quoted(names) +
         " ;;\n    esac\n  fi\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
         "complete -F _djm djm\n";
}

std::string zsh() {
  // A description within brackets of _arguments must not end them.
  const auto described = [](std::string_view text) {
    std::string result;
    for (char c : text) {
      result += c == '[' || c == ']' || c == ':' ? std::string{"\\"} + c : std::string(1, c);
    }
    return result;
  };
  std::string script = "#compdef djm\n# Completion of djm for zsh, made of its table of commands.\n_djm() {\n"
                       "  local -a commands\n  commands=(\n";
  for (const auto& c : commands()) {
    script +=
      "    " + shell_quoted(std::string{c.name.substr(0, c.name.find(' '))} + ":" + described(c.summary)) + "\n";
  }
  script += "    'help:these lines, or all about a command'\n    'man:the manual page'\n    'completion:a script for a "
            "shell'\n    'version:which one it is'\n  )\n"
            "  if ((CURRENT == 2)); then\n    _describe command commands\n    return\n  fi\n  case $words[2] in\n";
  for (const auto& c : commands()) {
    const auto space = c.name.find(' ');
    script += "    " + std::string{c.name.substr(0, space)} + ")\n      _arguments";
    for (const auto& o : options_of(c)) {
      const auto comma = o.name.find(',');
      const auto add = [&](std::string_view name) {
        auto spec = (o.repeated ? "*" : "") + std::string{name} + "[" + described(o.text) + "]";
        if (!o.value.empty()) {
          spec += ":" + described(o.value) + ":" +
                  (!o.choices.empty()                         ? "(" + std::string{o.choices} + ")"
                   : o.value == "FILE" || o.value == "FOLDER" ? std::string{"_files"}
                                                              : std::string{});
        }
        script += " \\\n        " + shell_quoted(spec);
      };
      if (comma != std::string_view::npos) {
        add(o.name.substr(0, comma));
      }
      add(long_name(o.name));
    }
    if (space != std::string_view::npos) {
      script += " \\\n        " + shell_quoted("2:word:(" + std::string{c.name.substr(space + 1)} + ")");
    }
    for (const auto& a : c.arguments) {
      script +=
        " \\\n        " + shell_quoted("*:" + described(a.text) + ":" +
                                       (a.choices.empty() ? std::string{} : "(" + std::string{a.choices} + ")"));
    }
    script += " ;;\n";
  }
  return script + "    completion) _values shell bash zsh fish ;;\n  esac\n}\n_djm \"$@\"\n";
}

std::string fish() {
  std::string script = "# Completion of djm for fish, made of its table of commands.\ncomplete -c djm -f\n";
  const auto first = [&](std::string_view name, std::string_view text) {
    script += "complete -c djm -n __fish_use_subcommand -a " + shell_quoted(name) + " -d " + shell_quoted(text) + "\n";
  };
  for (const auto& c : commands()) {
    first(c.name.substr(0, c.name.find(' ')), c.summary);
  }
  first("help", "these lines, or all about a command");
  first("man", "the manual page");
  first("completion", "a script for a shell");
  first("version", "which one it is");
  for (const auto& c : commands()) {
    const auto space = c.name.find(' ');
    const auto seen =
      "complete -c djm -n " + shell_quoted("__fish_seen_subcommand_from " + std::string{c.name.substr(0, space)}) + " ";
    if (space != std::string_view::npos) {
      script += seen + "-a " + shell_quoted(c.name.substr(space + 1)) + "\n";
    }
    for (const auto& o : options_of(c)) {
      const auto comma = o.name.find(',');
      script += seen;
      if (comma != std::string_view::npos) {
        script += "-s " + std::string{o.name.substr(1, comma - 1)} + " ";
      }
      script += "-l " + std::string{long_name(o.name).substr(2)} + " -d " + shell_quoted(o.text);
      if (!o.choices.empty()) {
        script += " -x -a " + shell_quoted(o.choices);
      } else if (o.value == "FILE" || o.value == "FOLDER") {
        script += " -r -F";
      } else if (!o.value.empty()) {
        script += " -x";
      }
      script += "\n";
    }
    for (const auto& a : c.arguments) {
      if (!a.choices.empty()) {
        script += seen + "-a " + shell_quoted(a.choices) + "\n";
      }
    }
  }
  return script + "complete -c djm -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
}

} // namespace

std::string completion_of(std::string_view shell) {
  return shell == "bash" ? bash() : shell == "zsh" ? zsh() : shell == "fish" ? fish() : std::string{};
}

} // namespace djm::tool
