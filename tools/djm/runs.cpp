#include "tools/djm/runs.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

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

expected<runs_wanted> wanted_of(invocation& x, bool all_kept) {
  const auto limit = x.number("--limit", all_kept ? 1000 : 100);
  const auto timeout = x.span("--timeout", std::chrono::seconds{10});
  if (!limit || !timeout) {
    return tl::make_unexpected(limit ? timeout.error() : limit.error());
  }
  runs_wanted w{{x.value("JOB"), x.value("ITEM"), {}, *limit}, urls_of(x), *timeout};
  if (all_kept) {
    w.question.outcome.clear();
  } else {
    w.question.outcome = x.value("--outcome");
  }
  if (!all_kept && x.has("--under-way") && !w.question.outcome.empty()) {
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

/// Whoever is asked, and what is missing of it. Nothing is to be shown when there is no answer at all: an empty table
/// would say that there are no runs.
struct told_runs {
  gathered_runs all;
  exit_code code = exit_code::fine;
  bool none() const { return all.answered == 0 && code != exit_code::fine; }
};

told_runs ask_whom(invocation& x, const runs_wanted& w) {
  told_runs t;
  t.code = w.urls.empty() ? ask_cluster(x, w, t.all) : ask_named(x, w, t.all);
  say_what_is_missing(x, t.all);
  return t;
}

std::vector<column<item_past>> past_columns(std::int64_t now) {
  return {{"JOB", [](const item_past& p) { return cell{printable(p.job)}; }},
          {"ITEM", [](const item_past& p) { return cell{printable(p.item)}; }},
          {"RUNS", [](const item_past& p) { return cell{std::to_string(p.runs)}; }},
          {"FAILED",
           [](const item_past& p) {
             return cell{std::to_string(p.failed), p.failed > 0 ? tint::bad : tint::none};
           }},
          {"MEDIAN", [](const item_past& p) { return cell{format_duration(p.median)}; }},
          {"LONGEST", [](const item_past& p) { return cell{format_duration(p.longest)}; }},
          {"LAST", [now](const item_past& p) { return cell{age_of(p.last_ms, now)}; }},
          {"OUTCOME",
           [](const item_past& p) {
             return cell{to_string(p.outcome), p.outcome == run_outcome::finished ? tint::good : tint::bad};
           }},
          {"NODE", [](const item_past& p) { return cell{or_dash(p.node)}; }, true},
          {"ERROR", [](const item_past& p) { return cell{or_dash(printable(p.error))}; }}};
}

bool has_failed(const past_run& r, const item_id& item) {
  switch (r.outcome) {
  case run_outcome::finished:
  case run_outcome::postponed:
  case run_outcome::stopped:
  case run_outcome::cancelled:
  case run_outcome::dropped: return false;
  default: break;
  }
  // A share says who it was, if it knows.
  const auto& named = r.failed_items;
  return named.empty() || std::find(named.begin(), named.end(), item) != named.end();
}

} // namespace

std::vector<item_past> sum_up(const std::vector<past_run>& latest_first) {
  std::map<std::pair<job_id, item_id>, std::pair<item_past, std::vector<duration>>> found;
  for (const auto& r : latest_first) {
    for (const auto& i : r.items) {
      auto [at, fresh] = found.try_emplace({r.job, i.id});
      auto& [past, took] = at->second;
      if (fresh) {
        past.job = r.job;
        past.item = i.id;
        past.last_ms = r.started_ms;
        past.outcome = r.outcome;
        past.node = r.node;
      }
      ++past.runs;
      const bool failed = has_failed(r, i.id);
      past.failed += failed ? 1 : 0;
      if (failed && past.error.empty()) {
        past.error = r.error;
      }
      past.longest = std::max(past.longest, r.took);
      took.push_back(r.took);
    }
  }
  std::vector<item_past> rows;
  rows.reserve(found.size());
  for (auto& [key, x] : found) {
    auto& [past, took] = x;
    const auto middle = took.begin() + static_cast<std::ptrdiff_t>((took.size() - 1) / 2);
    std::nth_element(took.begin(), middle, took.end());
    past.median = *middle;
    rows.push_back(std::move(past));
  }
  return rows;
}

exit_code history_command(invocation& x) {
  const auto wanted = wanted_of(x, true);
  if (!wanted) {
    return x.fail(wanted.error());
  }
  const auto told = ask_whom(x, *wanted);
  if (!told.none()) {
    auto rows = sum_up(told.all.over);
    const auto item = x.value("ITEM");
    rows.erase(std::remove_if(rows.begin(), rows.end(),
                              [&](const item_past& p) { return !item.empty() && p.item.str() != item; }),
               rows.end());
    print_rows(x, rows, past_columns(x.io().now()));
  }
  return told.code;
}

exit_code runs_command(invocation& x) {
  const auto wanted = wanted_of(x, false);
  if (!wanted) {
    return x.fail(wanted.error());
  }
  auto told = ask_whom(x, *wanted);
  const std::size_t most = wanted->question.limit;
  if (told.none()) {
    return told.code;
  }
  if (x.has("--under-way")) {
    told.all.under_way.resize(std::min(told.all.under_way.size(), most));
    print_rows(x, told.all.under_way, under_way_columns());
  } else {
    told.all.over.resize(std::min(told.all.over.size(), most));
    print_rows(x, told.all.over, run_columns(x.io().now()));
  }
  return told.code;
}

} // namespace djm::tool
