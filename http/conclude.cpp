#include "http/http_core.hpp"

#include <algorithm>
#include <charconv>

#include "djm/json.hpp"
#include "djm/value_reader.hpp"
#include "djm/value_view.hpp"
#include "http/problem.hpp"
#include "http/views.hpp"

/// What is done with a call once that is there which it is answered from.
namespace djm::http {

namespace {

struct marks_body {
  std::optional<bool> draining;
  std::optional<bool> cordoned;
};
DJM_FIELDS(marks_body, draining, cordoned)
struct switch_body {
  std::optional<bool> enabled;
};
DJM_FIELDS(switch_body, enabled)
struct switch_all_body {
  std::optional<bool> all_disabled;
};
DJM_FIELDS(switch_all_body, all_disabled)
struct stoppable_body {
  std::vector<node_id> nodes;
};
DJM_FIELDS(stoppable_body, nodes)
struct record_body {
  std::optional<bool> paused;
  std::optional<user_config> overrides;
  bool replace = false;
};
DJM_FIELDS(record_body, paused, overrides, replace)
struct trigger_body {
  bool everywhere = false;
  std::string request;
};
DJM_FIELDS(trigger_body, everywhere, request)

/// `"12"`, as the ETag of a record or of a saved state says it; nothing: it is none, or below `least`.
std::optional<std::int64_t> number_of_tag(std::string_view tag, std::int64_t least) {
  std::int64_t rev = 0;
  if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"') {
    return std::nullopt;
  }
  const auto* end = tag.data() + tag.size() - 1;
  const auto read = std::from_chars(tag.data() + 1, end, rev);
  return read.ec == std::errc{} && read.ptr == end && rev >= least ? std::optional{rev} : std::nullopt;
}

bool is_about_record(operation what) {
  return what == operation::change_record || what == operation::configure_job || what == operation::remove_job ||
         what == operation::trigger;
}

/// Where the resource stands that a write changes, for `If-Match`: its ETag as its GET tells it; empty where there is
/// none.
std::string present_tag(const call& c, const cluster_view& cluster, const core_settings& settings) {
  if (c.to->what == operation::switch_all) {
    return tag_of(to_json_text(row_of(cluster, settings.node, settings.gate.writes)));
  }
  if (c.to->what == operation::mark_worker) {
    for (const auto& w : worker_rows(cluster)) {
      if (w.id == c.worker) {
        return tag_of(to_json_text(w));
      }
    }
    return {};
  }
  for (const auto& j : cluster.jobs) {
    if (j.id == c.job) {
      return tag_of(to_json_text(row_of(cluster, j)));
    }
  }
  return {};
}

bool is_about_state(operation what) {
  return what == operation::item_state || what == operation::set_item_state || what == operation::clear_item_state;
}

bool is_health(operation what) {
  return what == operation::live || what == operation::ready || what == operation::leader;
}

} // namespace

needs needs_of(const call& c) {
  needs n{c.to->needs_status, c.to->needs_cluster, false};
  if (c.to->what == operation::console) {
    n.cluster = !c.wants_html;
  }
  // What a write is compared with must not be a second old; without a comparison nothing has to be read.
  if (c.to->who == access::writer) {
    n.cluster = n.cluster && !c.only_if.empty();
    n.fresh = true;
  }
  return n;
}

std::variant<answer, order> http_core::conclude(const call& c, const material& from, const event_ring& events) const {
  const auto what = c.to->what;
  const auto needed = needs_of(c);
  if (is_health(what)) {
    return health(c, from);
  }
  const bool lacks = (needed.cluster && !from.cluster) || (needed.status && !from.status && what != operation::job);
  if (lacks) {
    const auto why = from.failed.value_or(error{errc::internal, "nobody has answered"});
    // A node that has no connection waits for one as long as it may.
    const bool not_yet =
      why.code == errc::not_connected || why.code == errc::session_lost || why.code == errc::timed_out;
    if (what == operation::console && not_yet) {
      return problem(404, "not_ready", "there is no job model yet: " + why.text);
    }
    return problem_answer(why, settings_.node.str());
  }
  if (c.to->who == access::writer || what == operation::explain || what == operation::item_state) {
    return order_of(c, from);
  }
  if (what == operation::events) {
    return list_events(c, events);
  }
  if (what == operation::asset || (what == operation::console && c.wants_html)) {
    const auto a =
      std::find_if(settings_.assets.begin(), settings_.assets.end(), [&](const asset& x) { return x.name == c.file; });
    // The page itself has one address, "/".
    if (a == settings_.assets.end() || (what == operation::asset && c.file.empty())) {
      return problem(404, "no_such_route", "the console has no such file");
    }
    answer page;
    page.type = a->type;
    page.body = std::string{a->content};
    return page;
  }
  answer a;
  switch (what) {
  case operation::openapi: a.body = openapi_text(); return a;
  case operation::config:
    if (settings_.config_json.empty()) {
      return problem(404, "not_shown", "the program has not given its configuration to be shown (http_config::shown)");
    }
    a.body = settings_.config_json;
    return a;
  case operation::session:
    a.status = 204;
    a.type.clear();
    if (!settings_.gate.token.empty()) {
      a.headers.emplace_back("Set-Cookie", session_cookie(settings_.gate.token));
    }
    return a;
  case operation::stoppable: {
    const auto body = from_json_text<stoppable_body>(c.body);
    if (!body) {
      return problem_answer(body.error(), settings_.node.str());
    }
    if (settings_.has_client) {
      order o;
      o.what = what;
      o.nodes = body->nodes;
      return o;
    }
    a.body = to_json_text(judge_stops(*from.cluster, body->nodes));
    return a;
  }
  case operation::what_if: {
    if (!settings_.has_client) {
      return problem(404, "no_client", "the program has given no client that could plan (http_options::outside)");
    }
    auto question = from_json_text<what_if_question>(c.body);
    if (!question) {
      return problem_answer(question.error(), settings_.node.str());
    }
    order o;
    o.what = what;
    o.question = std::move(*question);
    return o;
  }
  case operation::runs: return ask_for_runs(c, from);
  case operation::record: {
    if (!settings_.has_client) {
      return problem(404, "no_client", "the program has given no client that could read it (http_options::outside)");
    }
    order o;
    o.what = what;
    o.job = c.job;
    return o;
  }
  default: return show(c, from);
  }
}

std::variant<answer, order> http_core::ask_for_runs(const call& c, const material& from) const {
  order o;
  o.what = c.to->what;
  o.history.job = job_id{c.of_job};
  o.history.item = item_id{c.of_item};
  o.history.limit = static_cast<std::uint32_t>(c.limit);
  if (!c.outcome.empty()) {
    o.history.outcome = enum_value<run_outcome>(c.outcome);
    if (!o.history.outcome) {
      return problem(400, "bad_parameter", "outcome is \"" + c.outcome + "\", which is no end of a run");
    }
  }
  o.runs = runs_under_way(*from.status, o.history);
  return o;
}

std::variant<answer, order> http_core::record_order_of(const call& c, order o) const {
  const auto refused = [&](const error& e) { return problem_answer(e, settings_.node.str()); };
  if (!c.only_if.empty() && c.only_if != "*") {
    o.rev = number_of_tag(c.only_if, 1);
    if (!o.rev || o.what == operation::remove_job || o.what == operation::trigger) {
      return problem(400, "bad_parameter",
                     "If-Match is " + c.only_if +
                       "; here it must be the rev of the job's record in quotation marks, for "
                       "orders that change overrides or configuration");
    }
  }
  if (o.what == operation::configure_job) {
    auto config = user_config::parse(c.body);
    if (!config) {
      return refused(config.error());
    }
    o.config = *std::move(config);
  } else if (o.what == operation::trigger && !c.body.empty()) {
    auto body = from_json_text<trigger_body>(c.body);
    if (!body) {
      return refused(body.error());
    }
    o.everywhere = body->everywhere;
    o.request = std::move(body->request);
  } else if (o.what == operation::change_record) {
    auto body = from_json_text<record_body>(c.body);
    if (!body) {
      return refused(body.error());
    }
    if (body->paused.has_value() == body->overrides.has_value() || (body->paused && o.rev)) {
      return problem(400, "nothing_to_do",
                     "the body must name either `overrides` or `paused`; If-Match goes with the former");
    }
    o.paused = body->paused;
    o.replace = body->replace;
    o.config = std::move(body->overrides).value_or(user_config{});
  }
  return o;
}

/// Nothing was ever saved at version 0, and who knows that may say so.
std::variant<answer, order> http_core::state_order_of(const call& c, order o) const {
  if (o.what != operation::item_state && !c.only_if.empty() && c.only_if != "*") {
    o.rev = number_of_tag(c.only_if, 0);
    if (!o.rev) {
      return problem(400, "bad_parameter",
                     "If-Match is " + c.only_if +
                       "; here it must be the version of the saved state in quotation marks");
    }
  }
  o.asked = bytes_of(c.body);
  return o;
}

std::variant<answer, order> http_core::order_of(const call& c, const material& from) const {
  order o;
  o.what = c.to->what;
  o.job = c.job;
  o.item = c.item;
  o.worker = c.worker;
  if (c.to->needs_cluster && !c.only_if.empty() && c.only_if != "*" && from.cluster) {
    const auto tag = present_tag(c, *from.cluster, settings_);
    if (tag.empty() || c.only_if.find(tag) == std::string::npos) {
      return problem(412, "changed", "what is to be changed is not what If-Match says any more: read it again");
    }
  }
  if (is_about_record(o.what)) {
    return record_order_of(c, std::move(o));
  }
  if (is_about_state(o.what)) {
    return state_order_of(c, std::move(o));
  }
  if (o.what == operation::ask) {
    o.asked = bytes_of(c.body);
    o.timeout = c.timeout;
    return o;
  }
  const auto nothing = [&] { return problem(400, "nothing_to_do", "the body names nothing to change"); };
  if (o.what == operation::mark_worker) {
    const auto body = from_json_text<marks_body>(c.body);
    if (!body) {
      return problem_answer(body.error(), settings_.node.str());
    }
    o.draining = body->draining;
    o.cordoned = body->cordoned;
    return o.draining || o.cordoned ? std::variant<answer, order>{o} : nothing();
  }
  if (o.what == operation::switch_job) {
    const auto body = from_json_text<switch_body>(c.body);
    if (!body) {
      return problem_answer(body.error(), settings_.node.str());
    }
    o.enabled = body->enabled.value_or(true);
    return body->enabled ? std::variant<answer, order>{o} : nothing();
  }
  if (o.what == operation::switch_all) {
    const auto body = from_json_text<switch_all_body>(c.body);
    if (!body) {
      return problem_answer(body.error(), settings_.node.str());
    }
    o.enabled = !body->all_disabled.value_or(false);
    return body->all_disabled ? std::variant<answer, order>{o} : nothing();
  }
  return o;
}

} // namespace djm::http
