#include "tools/djm/record_commands.hpp"

#include <charconv>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/djm/order_talk.hpp"
#include "tools/djm/print.hpp"

namespace djm::tool {

namespace {

using json = nlohmann::ordered_json;

/// An order about the job that is named: asked for, connected, given, told.
template <class Give>
exit_code order(invocation& x, const std::string& verb, Give give) {
  auto code = exit_code::error;
  const job_id job{x.value("JOB")};
  if (!confirmed(x, verb + " job \"" + job + "\" in the whole cluster?", code)) {
    return code;
  }
  auto* c = x.connect(code);
  return c != nullptr ? tell(x, give(*c, job)) : code;
}

/// `--rev`.
expected<std::optional<std::int64_t>> rev_of(const invocation& x) {
  std::optional<std::int64_t> rev;
  if (x.has("--rev")) {
    const auto text = x.value("--rev");
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), rev.emplace());
    if (status != std::errc{} || end != text.data() + text.size() || *rev < 1) {
      return djm::fail(errc::invalid_config, "--rev \"" + text + "\" must be the rev of a record, from 1 on");
    }
  }
  return rev;
}

/// What stands behind a key: JSON, or else the text itself, so that `30s` needs no quotes of its own.
json value_of(const std::string& text) {
  auto value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json(text) : value;
}

/// `schedule.period` is the member of an object.
json nested(std::string_view key, json value) {
  const auto dot = key.find('.');
  const std::string name{key.substr(0, dot)};
  return json{{name, dot == std::string_view::npos ? std::move(value) : nested(key.substr(dot + 1), std::move(value))}};
}

exit_code override_with(invocation& x, const json& what) {
  const auto overrides = user_config::parse(what.dump(-1, ' ', false, json::error_handler_t::replace));
  const auto rev = rev_of(x);
  if (!overrides || !rev) {
    return x.fail(overrides ? rev.error() : overrides.error());
  }
  return order(x, "Change",
               [&](djm::client& c, const job_id& job) { return c.update_job(job, *overrides, *rev, mode_of(x)); });
}

expected<record_view> look_at_record(invocation& x, exit_code& code) {
  auto* c = x.connect(code);
  if (c == nullptr) {
    return djm::fail(errc::not_connected, "said already");
  }
  auto record = c->get_record(job_id{x.value("JOB")});
  if (!record) {
    code = x.fail(record.error());
  }
  return record;
}

} // namespace

exit_code pause_command(invocation& x) {
  return order(x, "Pause", [&](djm::client& c, const job_id& job) { return c.pause_job(job, mode_of(x)); });
}

exit_code resume_command(invocation& x) {
  return order(x, "Resume", [&](djm::client& c, const job_id& job) { return c.resume_job(job, mode_of(x)); });
}

exit_code trigger_command(invocation& x) {
  return order(x, "Trigger",
               [&](djm::client& c, const job_id& job) { return c.trigger_job(job, x.value("--request"), mode_of(x)); });
}

exit_code prepare_command(invocation& x) {
  return order(x, "Prepare", [&](djm::client& c, const job_id& job) { return c.prepare_again(job, mode_of(x)); });
}

exit_code remove_command(invocation& x) {
  return order(x, "Remove", [&](djm::client& c, const job_id& job) { return c.remove_job(job, mode_of(x)); });
}

exit_code set_command(invocation& x) {
  return override_with(x, nested(x.value("KEY"), value_of(x.value("VALUE"))));
}

exit_code unset_command(invocation& x) {
  const auto key = x.value("KEY");
  if (x.has("--all") != key.empty()) {
    return x.fail(exit_code::usage, "name one KEY, or --all");
  }
  if (!key.empty()) {
    return override_with(x, nested(key, nullptr));
  }
  const auto rev = rev_of(x);
  if (!rev) {
    return x.fail(rev.error());
  }
  return order(x, "Take back all that is overridden of", [&](djm::client& c, const job_id& job) {
    return c.replace_overrides(job, user_config{}, *rev, mode_of(x));
  });
}

exit_code config_command(invocation& x) {
  const auto file = x.value("FILE");
  if (file.empty()) {
    auto code = exit_code::error;
    const auto record = look_at_record(x, code);
    if (!record) {
      return code;
    }
    x.io().out << json::parse(record->config.to_json()).dump(2) << '\n';
    return exit_code::fine;
  }
  const auto text = content_of(x, file);
  if (!text) {
    return x.fail(text.error());
  }
  const auto config = user_config::parse(*text);
  const auto rev = rev_of(x);
  if (!config || !rev) {
    return config ? x.fail(rev.error()) : x.fail({config.error().code, file + ": " + config.error().text});
  }
  return order(x, "Configure",
               [&](djm::client& c, const job_id& job) { return c.configure_job(job, *config, *rev, mode_of(x)); });
}

exit_code record_command(invocation& x) {
  auto code = exit_code::error;
  const auto record = look_at_record(x, code);
  if (!record) {
    return code;
  }
  if (print_json(x, *record)) {
    return exit_code::fine;
  }
  const auto& r = *record;
  std::vector<std::pair<std::string, cell>> facts{
    {"job", r.job.str()},
    {"rev", std::to_string(r.rev)},
    {"state", r.paused ? std::string{"paused"} : std::string{to_string(r.state)}},
    {"triggered", std::to_string(r.triggered)},
    {"overrides", r.overrides.to_json()},
    {"config", r.config.to_json()}};
  for (const auto& s : r.specs) {
    facts.push_back({s.hash == r.ruling ? "rules" : "known before",
                     s.hash + ", revision " + std::to_string(s.revision) +
                       (s.deployment.empty() ? "" : ", deployment " + printable(s.deployment)) + ", since rev " +
                       std::to_string(s.appeared)});
  }
  facts.push_back({"changed by", or_dash(r.changed_by)});
  print_facts(x.io(), facts);
  return exit_code::fine;
}

exit_code wait_command(invocation& x) {
  const auto limit = x.span("--timeout", std::chrono::minutes{10});
  if (!limit) {
    return x.fail(limit.error());
  }
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto job = c->wait_job(job_id{x.value("JOB")}, *limit);
  if (job) {
    if (!print_json(x, *job)) {
      x.io().out << "job " << job->id << " is served: " << counted(job->items.size(), "item") << '\n';
    }
    return exit_code::fine;
  }
  const bool looked = job.error().code == errc::invalid_state;
  return looked ? x.fail(exit_code::condition_false, job.error().text) : x.fail(job.error());
}

} // namespace djm::tool
