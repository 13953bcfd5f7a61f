#include "tools/djm/runs.hpp"

#include <algorithm>
#include <string_view>

#include "djm/history.hpp"
#include "tools/djm/node_runs.hpp"
#include "tools/djm/print.hpp"

namespace djm::tool {

namespace {

/// `--url`, each of which may name several, or else DJM_URL.
std::vector<std::string> urls_of(invocation& x) {
  auto given = x.values("--url");
  if (given.empty()) {
    given.push_back(x.io().variable("DJM_URL"));
  }
  std::vector<std::string> all;
  for (std::string_view list : given) {
    while (!list.empty()) {
      const auto comma = list.find(',');
      if (const auto one = list.substr(0, comma); !one.empty()) {
        all.emplace_back(one);
      }
      list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
  }
  return all;
}

cell outcome_of(const past_run& r) {
  return {to_string(r.outcome), r.outcome == run_outcome::finished ? tint::good : tint::bad};
}

std::vector<column<past_run>> run_columns(std::int64_t now) {
  return {
    {"NODE", [](const past_run& r) { return cell{or_dash(r.node)}; }},
    {"JOB", [](const past_run& r) { return cell{printable(r.job)}; }},
    {"ITEMS",
     [](const past_run& r) { return cell{items_text(r.items.empty() ? "" : r.items.front().id.str(), r.item_count)}; }},
    {"AGE", [now](const past_run& r) { return cell{age_of(r.started_ms, now)}; }},
    {"TOOK", [](const past_run& r) { return cell{format_duration(r.took)}; }},
    {"WAITED", [](const past_run& r) { return cell{format_duration(r.waited)}; }, true},
    {"TRY", [](const past_run& r) { return cell{std::to_string(r.attempt)}; }},
    {"OUTCOME", outcome_of},
    {"RUN", [](const past_run& r) { return cell{std::to_string(r.run)}; }, true},
    {"ERROR", [](const past_run& r) { return cell{or_dash(printable(r.error))}; }}};
}

/// What was typed, but for the format.
struct runs_wanted {
  run_question question;
  std::vector<std::string> urls; ///< empty: the tree says whom to ask
  duration timeout = duration::zero();
};

expected<runs_wanted> wanted_of(invocation& x) {
  const auto limit = x.number("--limit", 100);
  const auto timeout = x.span("--timeout", std::chrono::seconds{10});
  if (!limit || !timeout) {
    return tl::make_unexpected(limit ? timeout.error() : limit.error());
  }
  runs_wanted w{{x.value("JOB"), x.value("ITEM"), x.value("--outcome"), *limit}, urls_of(x), *timeout};
  if (x.has("--under-way") && !w.question.outcome.empty()) {
    return djm::fail(errc::invalid_config, "--under-way and --outcome exclude each other: what goes on has not ended");
  }
  if (w.urls.empty() && x.value("--store").empty() && x.io().variable("DJM_STORE").empty()) {
    return djm::fail(errc::invalid_config,
                     "name the nodes' HTTP addresses with --url or DJM_URL, such as http://node-1:8080, or with "
                     "--store or DJM_STORE the store, where nodes tell them");
  }
  return w;
}

/// Those that are named.
exit_code ask_named(invocation& x, const runs_wanted& w, gathered_runs& all) {
  const auto token = x.secret("--token-file", "DJM_TOKEN_FILE");
  if (!token) {
    return x.fail(token.error());
  }
  auto code = exit_code::fine;
  for (const auto& url : w.urls) {
    if (auto page = ask_runs({url, *token, w.timeout}, w.question)) {
      all.add(*std::move(page));
    } else {
      code = x.fail(page.error()); // what the others know is told all the same
    }
  }
  all.sort();
  return code;
}

/// Those that are alive and tell where they are.
exit_code ask_cluster(invocation& x, const runs_wanted& w, gathered_runs& all) {
  const auto asker = node_asker::of(x, w.timeout);
  if (!asker) {
    return x.fail(asker.error());
  }
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto view = c->get_cluster();
  if (!view) {
    return x.fail(view.error());
  }
  std::vector<const worker_view*> alive;
  for (const auto& n : view->workers) {
    if (n.state == worker_state::alive) {
      alive.push_back(&n);
    }
  }
  all = gather(*asker, alive, w.question);
  if (alive.empty()) {
    return x.fail(exit_code::could_not_find_out, "no node is alive that could be asked");
  }
  const bool whole = all.failed.empty() && all.answered > 0;
  return whole ? exit_code::fine : all.refused ? exit_code::refused : exit_code::could_not_find_out;
}

} // namespace

exit_code runs_command(invocation& x) {
  const auto wanted = wanted_of(x);
  if (!wanted) {
    return x.fail(wanted.error());
  }
  gathered_runs all;
  const auto code = wanted->urls.empty() ? ask_cluster(x, *wanted, all) : ask_named(x, *wanted, all);
  say_what_is_missing(x, all);
  if (all.answered == 0 && code != exit_code::fine) {
    return code; // an empty table would say that there are no runs
  }
  const std::size_t most = wanted->question.limit;
  if (x.has("--under-way")) {
    all.under_way.resize(std::min(all.under_way.size(), most));
    print_rows(x, all.under_way, under_way_columns());
  } else {
    all.over.resize(std::min(all.over.size(), most));
    print_rows(x, all.over, run_columns(x.io().now()));
  }
  return code;
}

} // namespace djm::tool
