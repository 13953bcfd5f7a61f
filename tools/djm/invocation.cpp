#include "tools/djm/invocation.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <ostream>

#include "tools/djm/texts.hpp"

namespace djm::tool {

namespace {

/// A file with a secret: its first line.
expected<std::string> secret_of(const std::string& file) {
  std::ifstream in{file};
  std::string line;
  if (!in || !std::getline(in, line)) {
    return djm::fail(errc::invalid_config, "the file \"" + file + "\" with a secret cannot be read, or is empty");
  }
  if (!line.empty() && line.back() == '\r') {
    line.pop_back();
  }
  return line;
}

} // namespace

std::string invocation::value(std::string_view name) const {
  const auto i = values_.find(name);
  return i == values_.end() || i->second.empty() ? std::string{} : i->second.back();
}

std::vector<std::string> invocation::values(std::string_view name) const {
  const auto i = values_.find(name);
  return i == values_.end() ? std::vector<std::string>{} : i->second;
}

output_format invocation::format() const {
  const auto word = value("--output");
  return word == "wide"    ? output_format::wide
         : word == "json"  ? output_format::json
         : word == "jsonl" ? output_format::jsonl
                           : output_format::table;
}

expected<duration> invocation::span(std::string_view option, duration fallback) const {
  if (!has(option)) {
    return fallback;
  }
  const auto text = value(option);
  auto d = parse_duration(text);
  if (!d || *d <= duration::zero()) {
    return djm::fail(errc::invalid_config,
                     std::string{option} + " \"" + text + "\" must be a duration above zero such as 10s or 5min");
  }
  return *d;
}

expected<std::uint32_t> invocation::number(std::string_view option, std::uint32_t fallback) const {
  if (!has(option)) {
    return fallback;
  }
  const auto text = value(option);
  std::uint32_t x = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (status != std::errc{} || end != text.data() + text.size() || x == 0) {
    return djm::fail(errc::invalid_config, std::string{option} + " \"" + text + "\" must be a whole number above zero");
  }
  return x;
}

expected<std::string> invocation::secret(std::string_view option, const char* variable) const {
  const auto file = has(option) ? value(option) : io_.variable(variable);
  return file.empty() ? std::string{} : secret_of(file);
}

expected<client_options> invocation::client_options_of() const {
  const auto either = [this](std::string_view option, const char* variable) {
    return has(option) ? value(option) : io_.variable(variable);
  };
  client_options o;
  o.store.connect = either("--store", "DJM_STORE");
  if (o.store.connect.empty()) {
    return djm::fail(errc::invalid_config, "name the store with --store or DJM_STORE, such as zk1:2181,zk2:2181");
  }
  if (const auto root = either("--root", "DJM_ROOT"); !root.empty()) {
    o.store.root = root;
  }
  auto digest = secret("--digest-file", "DJM_DIGEST_FILE");
  if (!digest) {
    return tl::make_unexpected(digest.error());
  }
  o.store.digest = *std::move(digest);
  return o;
}

djm::client* invocation::connect(exit_code& code) {
  auto options = client_options_of();
  const auto limit = span("--timeout", timeout_);
  if (!options || !limit) {
    code = fail(options ? limit.error() : options.error());
    return nullptr;
  }
  // What waits for more than the store has a time-out of its own.
  const duration most = command_.waits ? timeout_ : std::chrono::hours{1};
  timeout_ = std::min<duration>(*limit, most);
  options->timeout = timeout_;
  if (io_.connection) {
    return io_.connection.get(); // of the look before
  }
  auto opened = djm::client::open(*std::move(options));
  if (!opened) {
    code = fail(opened.error());
    return nullptr;
  }
  io_.connection = std::make_unique<djm::client>(*std::move(opened));
  return io_.connection.get();
}

exit_code invocation::fail(const error& e) {
  return fail(exit_code_of(e.code), e.text);
}

exit_code invocation::fail(exit_code code, std::string_view text) {
  io_.err << "djm " << command_.name << ": " << printable(text) << '\n';
  return code;
}

} // namespace djm::tool
