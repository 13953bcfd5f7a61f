#include <algorithm>
#include <ostream>

#include "tools/djm/looks.hpp"
#include "tools/djm/print.hpp"

namespace djm::tool {

namespace {

bool is_below(const std::string& path, const std::string& above) {
  return above.empty() || path == above ||
         (path.size() > above.size() && path.compare(0, above.size(), above) == 0 &&
          (above.back() == '/' || path[above.size()] == '/'));
}

std::string line_of(const tree_event& e) {
  const auto field = [](const std::string& name, const std::string& value) {
    return value.empty() ? std::string{} : "  " + name + printable(value);
  };
  return moment_of(e.seen_at_ms) + "  " + to_string(e.kind) + field("", e.node) +
         field("", e.job.empty()    ? ""
                   : e.item.empty() ? e.job.str()
                                    : e.job + "/" + e.item) +
         field("", e.detail);
}

void write(invocation& x, const std::vector<tree_event>& events) {
  const auto kinds = x.values("--type");
  const auto node = x.value("--node");
  for (const auto& e : events) {
    const auto kind = to_string(e.kind);
    if ((!kinds.empty() && std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) ||
        (!node.empty() && e.node != node)) {
      continue;
    }
    const auto format = x.format();
    x.io().out << (format == output_format::json || format == output_format::jsonl ? to_json_text(e) : line_of(e))
               << '\n';
  }
  x.io().out.flush();
}

/// What the tree still knows of the past: when lives began, and when locks were taken.
std::vector<tree_event> remembered(const cluster_view& view, std::int64_t from) {
  std::vector<tree_event> events;
  for (const auto& w : view.workers) {
    if (w.started_at_ms != 0 && w.started_at_ms >= from) {
      events.push_back({w.started_at_ms, tree_event_kind::worker_joined, w.id, {}, {}, "on host " + w.host});
    }
  }
  for (const auto& j : view.jobs) {
    for (const auto& i : j.items) {
      if (i.locked_at_ms != 0 && i.locked_at_ms >= from) {
        events.push_back(
          {i.locked_at_ms, tree_event_kind::item_locked, i.holder, j.id, i.item, "token " + std::to_string(i.token)});
      }
    }
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const tree_event& a, const tree_event& b) { return a.seen_at_ms < b.seen_at_ms; });
  return events;
}

} // namespace

exit_code tree_command(invocation& x) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  auto nodes = c->get_tree();
  if (!nodes) {
    return x.fail(nodes.error());
  }
  const auto above = x.value("PATH");
  nodes->erase(
    std::remove_if(nodes->begin(), nodes->end(), [&](const tree_node& n) { return !is_below(n.path, above); }),
    nodes->end());
  if (nodes->empty()) {
    return x.fail(exit_code::error, "there is no node \"" + above + "\" in the tree");
  }
  print_rows<tree_node>(
    x, *nodes,
    {{"PATH", [](const tree_node& n) { return cell{printable(n.path)}; }},
     {"VERSION", [](const tree_node& n) { return cell{std::to_string(n.version)}; }},
     {"KIND", [](const tree_node& n) { return cell{n.session != 0 ? "ephemeral" : "-"}; }},
     {"CREATED", [](const tree_node& n) { return cell{std::to_string(n.created)}; }, true},
     {"MODIFIED", [](const tree_node& n) { return cell{std::to_string(n.modified)}; }, true},
     {"ACCESS", [](const tree_node& n) { return cell{n.hidden ? "hidden"
                                                     : n.open ? "open"
                                                              : "closed"}; }, true},
     {"DATA", [](const tree_node& n) { return cell{or_dash(n.data)}; }}});
  return exit_code::fine;
}

exit_code events_command(invocation& x) {
  const auto since = x.span("--since", std::chrono::hours{24});
  const auto limit = x.span("--for", std::chrono::hours{24 * 365});
  if (!since || !limit) {
    return x.fail(since ? limit.error() : since.error());
  }
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto begin = x.io().now();
  if (const auto first = c->next_events(); !first) {
    return x.fail(first.error());
  }
  const bool follow = x.has("--follow") || x.has("--for");
  if (!follow || x.has("--since")) {
    const auto view = c->get_cluster();
    if (!view) {
      return x.fail(view.error());
    }
    write(x, remembered(*view, begin - std::chrono::duration_cast<std::chrono::milliseconds>(*since).count()));
  }
  if (follow) {
    x.io().err << "watching the tree; Ctrl-C ends it" << std::endl;
  }
  const auto end = begin + std::chrono::duration_cast<std::chrono::milliseconds>(*limit).count();
  while (follow && x.io().now() < end && x.io().out) {
    const auto left = std::chrono::milliseconds{std::max<std::int64_t>(1, end - x.io().now())};
    const auto events = c->next_events(duration{std::min<duration>(left, x.timeout())});
    if (!events) {
      return x.fail(events.error());
    }
    write(x, *events);
  }
  return exit_code::fine;
}

} // namespace djm::tool
