#include "tools/djm/submission_commands.hpp"

#include <unistd.h>

#include <cstdlib>
#include <ostream>
#include <string>
#include <utility>

#include "tools/djm/order_talk.hpp"
#include "tools/djm/print.hpp"
#include "tools/djm/record_commands.hpp"

namespace djm::tool {

namespace {

/// "user@host", as people call themselves.
std::string own_name() {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  const char* user = std::getenv("USER");
  return std::string{user != nullptr && *user != '\0' ? user : "uid-" + std::to_string(getuid())} + "@" + host;
}

expected<submission> submission_of(invocation& x) {
  submission s;
  s.id = job_id{x.value("JOB")};
  s.kind = x.value("KIND");
  s.by = x.has("--by") ? x.value("--by") : own_name();
  s.request = x.value("--request");
  const auto version = x.number("--least-version", 1);
  if (!version) {
    return tl::make_unexpected(version.error());
  }
  s.least_version = *version;
  if (const auto file = x.value("FILE"); !file.empty()) {
    const auto text = content_of(x, file);
    if (!text) {
      return tl::make_unexpected(text.error());
    }
    auto config = user_config::parse(*text);
    if (!config) {
      return djm::fail(config.error().code, file + ": " + config.error().text);
    }
    s.config = *std::move(config);
  }
  return s;
}

tint tint_of(submission_state s) {
  switch (s) {
  case submission_state::deployed: return tint::good;
  case submission_state::failed_to_deploy: return tint::bad;
  default: return tint::doubtful;
  }
}

std::string names(const std::vector<node_id>& nodes) {
  std::string text;
  for (const auto& n : nodes) {
    text += (text.empty() ? "" : " ") + printable(n);
  }
  return text;
}

std::string reasons(const submission_view& s) {
  std::string text = printable(s.problem) + (s.died.empty() ? "" : "ended in it: " + names(s.died));
  for (const auto& [node, why] : s.declined) {
    text += (text.empty() ? "" : "; ") + printable(node) + (why.empty() ? "" : ": " + printable(why));
  }
  return text;
}

} // namespace

exit_code submit_command(invocation& x) {
  auto what = submission_of(x);
  if (!what) {
    return x.fail(what.error());
  }
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto unknown = x.has("--force") ? unknown_kind::waits : unknown_kind::refused;
  return tell(x, c->submit(*std::move(what), unknown, mode_of(x)), "");
}

exit_code submissions_command(invocation& x) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto all = c->get_submissions();
  if (!all) {
    return x.fail(all.error());
  }
  print_rows<submission_view>(x, *all,
                              {{"JOB", [](const submission_view& s) { return cell{printable(s.id)}; }},
                               {"STATE",
                                [](const submission_view& s) {
                                  return cell{to_string(s.state), tint_of(s.state)};
                                }},
                               {"KIND",
                                [](const submission_view& s) {
                                  return cell{printable(s.kind) +
                                              (s.least_version > 1 ? " >= " + std::to_string(s.least_version) : "")};
                                }},
                               {"NODES", [](const submission_view& s) { return cell{or_dash(names(s.deployed))}; }},
                               {"BY", [](const submission_view& s) { return cell{or_dash(printable(s.by))}; }},
                               {"REQUEST", [](const submission_view& s) { return cell{printable(s.request)}; }},
                               {"WHY NOT", [](const submission_view& s) { return cell{or_dash(reasons(s))}; }}});
  return exit_code::fine;
}

} // namespace djm::tool
