#include "tools/djm/runs.hpp"

#include <algorithm>
#include <iterator>
#include <ostream>
#include <string_view>

#include "djm/history.hpp"
#include "djm/value_reader.hpp"
#include "djm/value_view.hpp"
#include "tools/djm/print.hpp"
#include "tools/djm/web.hpp"

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

std::string path_of(const invocation& x, std::uint32_t limit) {
  auto path = "/v1/runs?limit=" + std::to_string(std::min(limit, 1000u));
  const auto add = [&](const char* name, const std::string& value) {
    path += value.empty() ? "" : std::string{"&"} + name + "=" + query_escaped(value);
  };
  add("job", x.value("JOB"));
  add("item", x.value("ITEM"));
  add("outcome", x.value("--outcome"));
  return path;
}

/// Nodes of later versions may say more.
expected<run_history> read_page(const std::string& url, const std::string& text) {
  const auto document = value_document::parse(text);
  if (!document) {
    return djm::fail(errc::invalid_state, url + ": that is no node of djm: " + document.error().text);
  }
  value_reader reader{unknown_keys::ignored};
  run_history page;
  reader.read(document->root(), page);
  if (const auto ok = reader.complaints().result(); !ok) {
    return djm::fail(errc::invalid_state, url + ": that is no node of djm: " + ok.error().text);
  }
  return page;
}

cell outcome_of(const past_run& r) {
  return {to_string(r.outcome), r.outcome == run_outcome::finished ? tint::good : tint::bad};
}

std::string items_of(const past_run& r) {
  if (r.items.empty()) {
    return "-";
  }
  const auto more = r.item_count - 1;
  return printable(r.items.front().item) + (more == 0 ? "" : " +" + std::to_string(more));
}

std::vector<column<past_run>> run_columns(std::int64_t now) {
  return {{"NODE", [](const past_run& r) { return cell{or_dash(r.node)}; }},
          {"JOB", [](const past_run& r) { return cell{printable(r.job)}; }},
          {"ITEMS", [](const past_run& r) { return cell{items_of(r)}; }},
          {"AGE", [now](const past_run& r) { return cell{age_of(r.started_ms, now)}; }},
          {"TOOK", [](const past_run& r) { return cell{format_duration(r.took)}; }},
          {"WAITED", [](const past_run& r) { return cell{format_duration(r.waited)}; }, true},
          {"TRY", [](const past_run& r) { return cell{std::to_string(r.attempt)}; }},
          {"OUTCOME", outcome_of},
          {"RUN", [](const past_run& r) { return cell{std::to_string(r.run)}; }, true},
          {"ERROR", [](const past_run& r) { return cell{or_dash(printable(r.error))}; }}};
}

} // namespace

exit_code runs_command(invocation& x) {
  const auto urls = urls_of(x);
  if (urls.empty()) {
    return x.fail(exit_code::usage, "name the nodes' HTTP addresses with --url or DJM_URL, such as http://node-1:8080");
  }
  const auto limit = x.number("--limit", 100);
  const auto timeout = x.span("--timeout", std::chrono::seconds{10});
  const auto token = x.secret("--token-file", "DJM_TOKEN_FILE");
  if (!limit || !timeout || !token) {
    return x.fail(!limit ? limit.error() : !timeout ? timeout.error() : token.error());
  }
  std::vector<past_run> all;
  auto code = exit_code::fine;
  for (const auto& url : urls) {
    const auto text = http_get({url, *token, *timeout}, path_of(x, *limit));
    auto page = text.and_then([&](const std::string& t) { return read_page(url, t); });
    if (!page) {
      code = x.fail(page.error());
      continue; // what the others know is told all the same
    }
    std::move(page->runs.begin(), page->runs.end(), std::back_inserter(all));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const past_run& a, const past_run& b) { return a.started_ms > b.started_ms; });
  all.resize(std::min<std::size_t>(all.size(), *limit));
  print_rows(x, all, run_columns(x.io().now()));
  return code;
}

} // namespace djm::tool
