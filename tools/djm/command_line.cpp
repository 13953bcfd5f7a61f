#include "tools/djm/command_line.hpp"

#include <algorithm>
#include <exception>
#include <iostream>
#include <map>
#include <sstream>

#include <CLI/CLI.hpp>

#include "djm/version.hpp"
#include "tools/djm/completion.hpp"
#include "tools/djm/help.hpp"
#include "tools/djm/invocation.hpp"
#include "tools/djm/texts.hpp"

namespace djm::tool {

namespace {

int number_of(exit_code c) {
  return static_cast<int>(c);
}

/// The command whose words the arguments begin with; takes them off.
const command_entry* take_command(std::vector<std::string>& arguments) {
  for (std::size_t words = std::min<std::size_t>(2, arguments.size()); words > 0; --words) {
    const auto name = words == 2 ? arguments[0] + " " + arguments[1] : arguments[0];
    if (const auto* c = find_command(name)) {
      arguments.erase(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(words));
      return c;
    }
  }
  return nullptr;
}

bool asks_for_help(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  return std::any_of(arguments.begin(), end, [](const auto& a) { return a == "--help" || a == "-h"; });
}

/// Parses with CLI11 what the table says. Empty: all is well, else what is wrong.
std::string parse(const std::vector<std::string>& arguments, invocation& x) {
  const auto& c = x.command();
  CLI::App app{std::string{c.summary}, "djm " + std::string{c.name}};
  app.set_help_flag();
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, bool> flags;
  for (const auto& o : options_of(c)) {
    const std::string name{o.name};
    const std::string key{long_name(o.name)};
    if (o.value.empty()) {
      app.add_flag(name, flags[key]);
      continue;
    }
    auto* option = app.add_option(name, values[key])->expected(1)->allow_extra_args(false);
    option->multi_option_policy(o.repeated ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
    if (!o.choices.empty()) {
      std::istringstream words{std::string{o.choices}};
      option->check(CLI::IsMember(std::vector<std::string>{std::istream_iterator<std::string>{words}, {}}));
    }
  }
  for (const auto& a : c.arguments) {
    auto* option = app.add_option(std::string{a.name}, values[std::string{a.name}])->required(a.required);
    option->allow_extra_args(a.repeated);
    option->expected(a.repeated ? (a.required ? 1 : 0) : 1, a.repeated ? CLI::detail::expected_max_vector_size : 1);
  }
  try {
    app.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});
  } catch (const CLI::ParseError& e) {
    return e.what();
  }
  for (auto& [name, list] : values) {
    if (!list.empty()) {
      x.put(name, std::move(list));
    }
  }
  for (const auto& [name, given] : flags) {
    if (given) {
      x.put(name, {});
    }
  }
  return {};
}

/// Looks again and again: a terminal is drawn anew, elsewhere what has changed is written.
exit_code watch(invocation& x, duration interval) {
  auto& io = x.io();
  std::string before;
  for (;;) {
    std::ostringstream text;
    context again{text,       io.err,     io.in,  io.variable, io.terminal,
                  io.can_ask, io.columns, io.now, io.pause,    std::move(io.connection)};
    auto copy = x.with(again);
    const auto code = x.command().run(copy);
    io.connection = std::move(again.connection);
    if (io.terminal) {
      io.out << "\x1b[H\x1b[2J" << text.str() << std::flush;
    } else if (text.str() != before) {
      io.out << text.str() << std::flush;
    }
    before = text.str();
    const bool lost = code != exit_code::fine && code != exit_code::condition_false;
    if (lost || !io.out || !io.pause(interval)) {
      return code;
    }
  }
}

int run_command(const command_entry& c, const std::vector<std::string>& arguments, context& io) {
  if (asks_for_help(arguments) && c.run != nullptr) {
    io.out << help_of(c);
    return 0;
  }
  const bool live = std::find(arguments.begin(), arguments.end(), "--live") != arguments.end();
  if (c.raw != nullptr && (c.run == nullptr || !live)) {
    return c.raw(arguments, io.out, io.err);
  }
  invocation x{c, io};
  if (const auto wrong = parse(arguments, x); !wrong.empty()) {
    io.err << "djm " << c.name << ": " << printable(wrong) << "; see djm " << c.name << " --help\n";
    return number_of(exit_code::usage);
  }
  if (!x.has("--watch")) {
    return number_of(c.run(x));
  }
  const auto interval = x.span("--interval", std::chrono::seconds{2});
  return number_of(interval ? watch(x, *interval) : x.fail(interval.error()));
}

int run(std::vector<std::string> arguments, context& io) {
  if (arguments.empty()) {
    io.err << help();
    return number_of(exit_code::usage);
  }
  if (const auto* c = take_command(arguments)) {
    return run_command(*c, arguments, io);
  }
  const auto word = arguments.front();
  arguments.erase(arguments.begin());
  if (word == "--version" || word == "version") {
    io.out << "djm " << DJM_VERSION_MAJOR << '.' << DJM_VERSION_MINOR << '.' << DJM_VERSION_PATCH << '\n';
    return 0;
  }
  if (word == "help" || word == "--help" || word == "-h") {
    const auto* c = take_command(arguments);
    io.out << (c != nullptr ? help_of(*c) : help());
    return 0;
  }
  if (word == "man") {
    io.out << manual_page();
    return 0;
  }
  if (word == "completion") {
    const auto script = completion_of(arguments.empty() ? std::string{} : arguments.front());
    io.out << script;
    if (script.empty()) {
      io.err << "djm completion: name a shell: bash, zsh or fish\n";
    }
    return number_of(script.empty() ? exit_code::usage : exit_code::fine);
  }
  io.err << "djm: there is no command \"" << printable(word) << "\"; see djm help\n";
  return number_of(exit_code::usage);
}

} // namespace

int run_djm(std::vector<std::string> arguments, context& io) {
  auto code = number_of(exit_code::error);
  try {
    code = run(std::move(arguments), io);
  } catch (const std::exception& e) {
    io.err << "djm: " << printable(e.what()) << '\n';
  }
  io.out.flush();
  if (!io.out) {
    io.err << "djm: what was to be written could not be: standard output is closed, or its disk is full\n";
    return number_of(exit_code::error);
  }
  return code;
}

} // namespace djm::tool
