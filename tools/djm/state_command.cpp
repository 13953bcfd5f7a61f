#include "tools/djm/state_command.hpp"

#include <charconv>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/djm/order_talk.hpp"
#include "tools/djm/print.hpp"
#include "tools/djm/texts.hpp"

namespace djm::tool {

namespace {

/// Of a state that is longer only its beginning is shown.
constexpr std::size_t most_shown = 200;

std::string_view text_of(const bytes& x) {
  return {reinterpret_cast<const char*>(x.data.data()), x.data.size()};
}

exit_code show(invocation& x, const item_state& s) {
  auto& io = x.io();
  if (x.has("--raw")) {
    if (s.state) {
      io.out << text_of(*s.state);
    }
    return exit_code::fine;
  }
  if (print_json(x, s)) {
    return exit_code::fine;
  }
  std::vector<std::pair<std::string, cell>> facts{
    {"job", x.value("JOB")}, {"item", x.value("ITEM")}, {"version", std::to_string(s.version)}};
  if (s.version > 0) {
    facts.push_back({"saved by", s.saved_by.empty() ? std::string{"an operator"} : "node " + s.saved_by});
    if (s.token > 0) {
      facts.push_back({"token", std::to_string(s.token)});
    }
    facts.push_back({"saved", age_of(s.saved_at_ms, io.now()) + " ago"});
  }
  if (s.state) {
    facts.push_back({"bytes", std::to_string(s.state->data.size())});
    const auto text = text_of(*s.state);
    facts.push_back({"state", printable(text.substr(0, most_shown)) + (text.size() > most_shown ? "..." : "")});
  } else {
    facts.push_back({"state", std::string{"-"}});
  }
  print_facts(io, facts);
  return exit_code::fine;
}

/// `--version`.
expected<std::optional<std::int64_t>> version_of(const invocation& x) {
  std::optional<std::int64_t> version;
  if (x.has("--version")) {
    const auto text = x.value("--version");
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), version.emplace());
    if (status != std::errc{} || end != text.data() + text.size() || *version < 0) {
      return djm::fail(errc::invalid_config, "--version \"" + text + "\" must be the version of a state, from 0 on");
    }
  }
  return version;
}

/// What is to be saved; nothing with `--clear`.
expected<std::optional<bytes>> wanted(invocation& x) {
  if (x.has("--clear")) {
    return std::optional<bytes>{};
  }
  if (x.has("--text")) {
    return std::optional{bytes_of(x.value("--text"))};
  }
  auto content = content_of(x, x.value("--set"));
  if (!content) {
    return tl::make_unexpected(std::move(content.error()));
  }
  return std::optional{bytes_of(*content)};
}

} // namespace

exit_code state_command(invocation& x) {
  const auto orders = int{x.has("--set")} + int{x.has("--text")} + int{x.has("--clear")};
  if (orders > 1) {
    return x.fail(exit_code::usage, "give one of --set, --text and --clear");
  }
  const auto version = version_of(x);
  if (!version) {
    return x.fail(version.error());
  }
  const job_id job{x.value("JOB")};
  const item_id item{x.value("ITEM")};
  auto code = exit_code::error;
  if (orders == 0) {
    auto* c = x.connect(code);
    if (c == nullptr) {
      return code;
    }
    const auto found = c->get_item_state(job, item);
    return found ? show(x, *found) : x.fail(found.error());
  }
  const auto state = wanted(x);
  if (!state) {
    return x.fail(state.error());
  }
  const auto verb = std::string{x.has("--clear") ? "Take away" : "Set"};
  if (!confirmed(x, verb + " what is saved of item \"" + item + "\" of job \"" + job + "\"?", code)) {
    return code;
  }
  auto* c = x.connect(code);
  return c != nullptr ? tell(x, c->set_item_state(job, item, *state, *version, mode_of(x)), "state version") : code;
}

} // namespace djm::tool
