#include "tools/djm/node_runs.hpp"

#include <algorithm>
#include <iterator>
#include <ostream>

#include "djm/value_reader.hpp"
#include "djm/value_view.hpp"
#include "model/web_address.hpp"

namespace djm::tool {

namespace {

/// The most of a foreign text that stands in a line.
constexpr std::size_t most_shown = 100;

std::string shortened(const std::string& text) {
  const auto beginning = first_columns(text, most_shown);
  return std::string{beginning} + (beginning.size() < text.size() ? "..." : "");
}

std::string path_of(const run_question& q) {
  auto path = "/v1/runs?limit=" + std::to_string(std::min(q.limit, 1000u));
  const auto add = [&](const char* name, const std::string& value) {
    path += value.empty() ? "" : std::string{"&"} + name + "=" + query_escaped(value);
  };
  add("job", q.job);
  add("item", q.item);
  add("outcome", q.outcome);
  return path;
}

/// Nodes of later versions may say more.
expected<run_page> read_page(const std::string& text) {
  const auto document = value_document::parse(text);
  if (!document) {
    return djm::fail(errc::invalid_state, "that is no node of djm: " + document.error().text);
  }
  if (!document->root().find("runs")) {
    return djm::fail(errc::invalid_state, "that is no node of djm: its answer has no \"runs\"");
  }
  value_reader reader{unknown_keys::ignored};
  run_page page;
  reader.read(document->root(), page);
  if (const auto ok = reader.complaints().result(); !ok) {
    return djm::fail(errc::invalid_state, "that is no node of djm: " + ok.error().text);
  }
  return page;
}

std::string names_of(const std::vector<not_asked>& nodes) {
  std::string text;
  for (const auto& n : nodes) {
    text += (text.empty() ? "" : ", ") + printable(n.node);
  }
  return text;
}

} // namespace

expected<run_page> ask_runs(const web_site& site, const run_question& q) {
  const auto text = http_get(site, path_of(q));
  if (!text) {
    return tl::make_unexpected(text.error());
  }
  auto page = read_page(*text);
  if (!page) {
    return djm::fail(page.error().code, site.url + ": " + shortened(page.error().text));
  }
  return page;
}

expected<node_asker> node_asker::of(const invocation& x, duration timeout) {
  auto token = x.secret("--token-file", "DJM_TOKEN_FILE");
  if (!token) {
    return tl::make_unexpected(token.error());
  }
  return node_asker{*std::move(token), timeout};
}

expected<run_page> node_asker::ask(const worker_view& w, const run_question& q) const {
  const auto name = "node \"" + w.id + "\"";
  if (w.state != worker_state::alive) {
    return djm::fail(errc::not_connected, name + " is not alive");
  }
  if (w.http_url.empty()) {
    return djm::fail(errc::not_connected, name + " tells no address");
  }
  if (!impl::parse_web_address(w.http_url)) {
    return djm::fail(errc::malformed_payload, name + " tells an address that is none: \"" + shortened(w.http_url) +
                                                "\"; it must be " + impl::web_address_rule);
  }
  auto page = ask_runs({w.http_url, token_, timeout_}, q);
  if (!page) {
    return djm::fail(page.error().code, name + ": " + page.error().text);
  }
  if (page->node != w.id) {
    return djm::fail(errc::invalid_state, name + ": " + w.http_url + ": another node answers there, \"" +
                                            shortened(page->node.str()) + "\"");
  }
  return page;
}

void gathered_runs::add(run_page page) {
  if (page.under_way_left_out > 0) {
    notes.push_back("node \"" + page.node + "\" does not tell " + counted(page.under_way_left_out, "run") +
                    " more that go on");
  }
  if (!page.unanswered.empty()) {
    notes.push_back("node \"" + page.node + "\": " + counted(page.unanswered.size(), "part") +
                    " of it do not answer at the moment, so that runs may be missing: " +
                    shortened(page.unanswered.front()) + (page.unanswered.size() > 1 ? ", ..." : ""));
  }
  std::move(page.runs.begin(), page.runs.end(), std::back_inserter(over));
  std::move(page.under_way.begin(), page.under_way.end(), std::back_inserter(under_way));
  ++answered;
}

void gathered_runs::sort() {
  std::stable_sort(over.begin(), over.end(),
                   [](const past_run& a, const past_run& b) { return a.started_ms > b.started_ms; });
  std::stable_sort(under_way.begin(), under_way.end(),
                   [](const run_under_way& a, const run_under_way& b) { return a.since > b.since; });
}

gathered_runs gather(const node_asker& asker, const std::vector<const worker_view*>& nodes, const run_question& q) {
  gathered_runs all;
  for (const auto* w : nodes) {
    auto page = asker.ask(*w, q);
    if (page) {
      all.add(*std::move(page));
      continue;
    }
    const bool mute = w->state == worker_state::alive && w->http_url.empty();
    all.refused = all.refused || page.error().code == errc::no_permission;
    (mute ? all.silent : all.failed).push_back({w->id, page.error().text});
  }
  all.sort();
  return all;
}

void say_what_is_missing(invocation& x, const gathered_runs& all) {
  const auto say = [&](const std::string& text) {
    x.io().err << "djm " << x.command().name << ": " << printable(text) << '\n';
  };
  for (const auto& f : all.failed) {
    say(f.why);
  }
  if (!all.silent.empty()) {
    say("no address to ask for runs is told by " + names_of(all.silent) + " (node_options::http_url)");
  }
  for (const auto& n : all.notes) {
    say(n);
  }
}

std::string progress_text(const run_progress& p) {
  auto text = p.total > 0  ? std::to_string(p.done) + "/" + std::to_string(p.total)
              : p.done > 0 ? std::to_string(p.done)
                           : std::string{};
  if (!p.text.empty()) {
    text += (text.empty() ? "" : " ") + printable(shortened(p.text));
  }
  return or_dash(text);
}

cell stopping_cell(stop_reason why) {
  return why == stop_reason::none ? cell{"-"} : cell{to_string(why), tint::doubtful};
}

std::string span_text(duration d) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  return age_of(1, 1 + std::max<std::int64_t>(ms, 0));
}

std::string items_text(const std::string& first, std::uint64_t count) {
  return count == 0 ? "-" : printable(first) + (count == 1 ? "" : " +" + std::to_string(count - 1));
}

std::vector<column<run_under_way>> under_way_columns() {
  using row = run_under_way;
  return {{"NODE", [](const row& r) { return cell{or_dash(r.node)}; }},
          {"JOB", [](const row& r) { return cell{printable(r.job)}; }},
          {"ITEMS",
           [](const row& r) { return cell{items_text(r.items.empty() ? "" : r.items.front().str(), r.items.size())}; }},
          {"RUN", [](const row& r) { return cell{std::to_string(r.run)}; }},
          {"FOR", [](const row& r) { return cell{span_text(r.since)}; }},
          {"TRY", [](const row& r) { return cell{std::to_string(r.attempt)}; }},
          {"PROGRESS", [](const row& r) { return cell{progress_text(r.progress)}; }},
          {"STOPPING", [](const row& r) { return stopping_cell(r.stopping); }}};
}

} // namespace djm::tool
