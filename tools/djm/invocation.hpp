#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/djm/command_table.hpp"
#include "tools/djm/context.hpp"

namespace djm::tool {

/// How a command writes its data.
enum class output_format { table, wide, json, jsonl };

/// A command with what stands behind it on the command line.
class invocation {
public:
  invocation(const command_entry& command, context& io) : command_(command), io_(io) {}

  /// The same with other streams around it.
  invocation with(context& io) const {
    invocation copy{command_, io};
    copy.values_ = values_;
    return copy;
  }

  const command_entry& command() const { return command_; }
  context& io() { return io_; }

  void put(std::string_view name, std::vector<std::string> values) { values_[std::string{name}] = std::move(values); }
  /// Whether it was given. Options have their long name.
  bool has(std::string_view name) const { return values_.count(name) > 0; }
  /// Its (last) value; empty without one.
  std::string value(std::string_view name) const;
  std::vector<std::string> values(std::string_view name) const;

  output_format format() const;
  /// A duration that is an option. `invalid_config`.
  expected<duration> span(std::string_view option, duration fallback) const;
  /// A whole number that is an option. `invalid_config`.
  expected<std::uint32_t> number(std::string_view option, std::uint32_t fallback) const;
  /// The first line of the file that the option or else the variable names; empty: neither names one.
  /// `invalid_config`: it cannot be read.
  expected<std::string> secret(std::string_view option, const char* variable) const;
  /// How long the store is waited for.
  duration timeout() const { return timeout_; }

  /// Connects as the options and the environment say; null, and the error is said, when they make no sense.
  djm::client* connect(exit_code& code);

  /// Says what went wrong, and which code that is.
  exit_code fail(const error& e);
  exit_code fail(exit_code code, std::string_view text);

private:
  expected<client_options> client_options_of() const;

  const command_entry& command_;
  context& io_;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  duration timeout_ = std::chrono::seconds{10};
};

} // namespace djm::tool
