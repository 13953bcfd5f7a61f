#include "tools/djm/help.hpp"

#include <algorithm>

#include "djm/version.hpp"

namespace djm::tool {

namespace {

constexpr const char* exit_codes[][2] = {
  {"0", "it is as was asked, or done"},
  {"1", "something else went wrong"},
  {"2", "the command line makes no sense"},
  {"3", "what was asked is answered, and the answer is no"},
  {"4", "the store did not answer in time"},
  {"5", "the order was refused, and nothing was changed"},
  {"6", "the order may or may not have been carried out: look again"},
};

constexpr const char* variables[][2] = {
  {"DJM_STORE", "where the store is, without --store"},
  {"DJM_ROOT", "the root of the tree, without --root"},
  {"DJM_DIGEST_FILE", "the file with the digest, without --digest-file"},
  {"NO_COLOR", "not empty: no colours"},
};

std::string padded(std::string text, std::size_t width) {
  text += std::string(width > text.size() ? width - text.size() : 1, ' ');
  return text;
}

std::string argument_text(const argument_entry& a) {
  auto text = std::string{a.name} + (a.repeated ? "..." : "");
  return a.required ? text : "[" + text + "]";
}

std::string option_text(const option_entry& o) {
  const auto comma = o.name.find(',');
  auto text = comma == std::string_view::npos
                ? "    " + std::string{o.name}
                : std::string{o.name.substr(0, comma)} + ", " + std::string{o.name.substr(comma + 1)};
  return o.value.empty() ? text : text + " " + std::string{o.value};
}

std::string meaning_of(const option_entry& o) {
  std::string text{o.text};
  if (!o.choices.empty()) {
    std::string words{o.choices};
    std::replace(words.begin(), words.end(), ' ', '|');
    text += ": " + words;
  }
  return text + (o.fallback.empty() ? "" : " (" + std::string{o.fallback} + ")");
}

/// For man(7): dashes that stay dashes, no line that begins a request.
std::string escaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '-') {
      result += "\\-";
    } else if (c == '\\') {
      result += "\\e";
    } else {
      result += c;
    }
  }
  return !result.empty() && (result.front() == '.' || result.front() == '\'') ? "\\&" + result : result;
}

void put_options(std::string& page, const std::vector<option_entry>& options) {
  for (const auto& o : options) {
    std::string name = option_text(o);
    name.erase(0, name.find_first_not_of(' '));
    page += ".TP\n.B " + escaped(name) + "\n" + escaped(meaning_of(o)) + "\n";
  }
}

} // namespace

std::string usage_of(const command_entry& c) {
  auto text = "djm " + std::string{c.name};
  for (const auto& a : c.arguments) {
    text += " " + argument_text(a);
  }
  return text + (options_of(c).empty() ? "" : " [OPTION...]");
}

std::string help() {
  std::string text = "usage: djm COMMAND [ARGUMENT...] [OPTION...]\n";
  std::string_view group;
  for (const auto& c : commands()) {
    if (c.group != group) {
      group = c.group;
      text += "\n" + std::string{group} + "\n";
    }
    text += "  " + padded(std::string{c.name}, 12) + std::string{c.summary} + "\n";
  }
  return text + "\nAbout djm\n"
                "  help        these lines, or with the name of a command all about it\n"
                "  man         the manual page\n"
                "  completion  a script for bash, zsh or fish\n"
                "  version     which one it is\n"
                "\nThe store is named with --store or DJM_STORE; no node needs to run.\n";
}

std::string help_of(const command_entry& c) {
  std::string text = "usage: " + usage_of(c) + "\n\n  " + std::string{c.summary} + "\n";
  if (!c.details.empty()) {
    text += "  " + std::string{c.details} + "\n";
  }
  if (!c.arguments.empty()) {
    text += "\n";
    for (const auto& a : c.arguments) {
      std::string words{a.choices};
      std::replace(words.begin(), words.end(), ' ', '|');
      text += "  " + padded(std::string{a.name}, 28) + std::string{a.text} + (words.empty() ? "" : ": " + words) + "\n";
    }
  }
  const auto options = options_of(c);
  if (!options.empty()) {
    text += "\n";
    for (const auto& o : options) {
      text += "  " + padded(option_text(o), 28) + meaning_of(o) + "\n";
    }
  }
  return text;
}

std::string manual_page() {
  const auto version = std::to_string(DJM_VERSION_MAJOR) + "." + std::to_string(DJM_VERSION_MINOR) + "." +
                       std::to_string(DJM_VERSION_PATCH);
  std::string page = ".TH DJM 1 \"\" \"djm " + version +
                     "\" \"User Commands\"\n.SH NAME\ndjm \\- see and steer a cluster "
                     "of distributed jobs\n.SH SYNOPSIS\n.B djm\n.I COMMAND\n[\\fIARGUMENT\\fR...] "
                     "[\\fIOPTION\\fR...]\n.SH DESCRIPTION\nLooks at a cluster of djm in its store, and gives it "
                     "orders. It registers nothing there, and no node needs to run.\nData goes to standard output, "
                     "everything else to standard error.\n";
  std::string_view group;
  for (const auto& c : commands()) {
    if (c.group != group) {
      group = c.group;
      std::string heading{group};
      std::transform(heading.begin(), heading.end(), heading.begin(),
                     [](char x) { return x >= 'a' && x <= 'z' ? static_cast<char>(x - 'a' + 'A') : x; });
      page += ".SH " + heading + "\n";
    }
    page += ".SS " + escaped(usage_of(c)) + "\n" + escaped(c.summary) + ".\n";
    if (!c.details.empty()) {
      page += escaped(c.details) + "\n";
    }
    for (const auto& a : c.arguments) {
      page += ".TP\n.I " + escaped(a.name) + "\n" + escaped(a.text) + "\n";
    }
    put_options(page, c.options);
    if (c.watchable) {
      page += ".PP\nIt can be watched.\n";
    }
  }
  page += ".SH OPTIONS OF COMMANDS THAT CAN BE WATCHED\n";
  put_options(page, watch_options());
  page += ".SH OPTIONS OF ALL COMMANDS THAT NEED THE STORE\n";
  put_options(page, store_options());
  page += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_codes) {
    page += ".TP\n.B " + std::string{code} + "\n" + escaped(meaning) + "\n";
  }
  page += "A command that is interrupted ends with 130 (Ctrl\\-C) or 143 (SIGTERM), and takes nothing back.\n";
  page += ".SH ENVIRONMENT\n";
  for (const auto& [name, meaning] : variables) {
    page += ".TP\n.B " + std::string{name} + "\n" + escaped(meaning) + "\n";
  }
  return page;
}

} // namespace djm::tool
