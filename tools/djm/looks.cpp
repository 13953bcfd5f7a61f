#include "tools/djm/looks.hpp"

#include <algorithm>
#include <ostream>

#include "tools/djm/print.hpp"
#include "tools/djm/rows.hpp"

namespace djm::tool {

namespace {

tint tint_of(worker_state s) {
  return s == worker_state::alive ? tint::good : s == worker_state::gone ? tint::bad : tint::none;
}

std::string marks_of(const worker_view& w) {
  return w.draining && w.cordoned ? "draining,cordoned" : w.draining ? "draining" : w.cordoned ? "cordoned" : "-";
}

std::string place_of(const worker_view& w) {
  return w.host.empty() ? "-" : printable(w.host) + ":" + std::to_string(w.pid);
}

std::string role_of(const cluster_view& view, const worker_view& w) {
  const auto& c = view.candidates;
  return w.id == view.leader ? "leader" : std::find(c.begin(), c.end(), w.id) != c.end() ? "candidate" : "-";
}

/// "cpu 4000, memory_mb 8192000, 20 items": amounts in thousandths, as they are planned.
std::string capacity_of(const worker_view& w) {
  std::string text;
  for (const auto& [name, amount] : w.capacity) {
    text += (text.empty() ? "" : ", ") + printable(name) + " " + std::to_string(amount);
  }
  return w.max_items == 0 ? text : text + (text.empty() ? "" : ", ") + counted(w.max_items, "item");
}

cell health_cell(const cluster_health& h) {
  std::string text = to_string(h.state);
  for (const auto& why : h.reasons) {
    text += (&why == &h.reasons.front() ? ": " : ", ") + why;
  }
  return {text, h.state == health_state::healthy    ? tint::good
                : h.state == health_state::degraded ? tint::doubtful
                                                    : tint::bad};
}

cell count_cell(std::uint32_t n, tint when_some) {
  return {std::to_string(n), n > 0 ? when_some : tint::none};
}

/// The view, or what was said instead.
expected<cluster_view> look_at_cluster(invocation& x, exit_code& code) {
  auto* c = x.connect(code);
  if (c == nullptr) {
    return djm::fail(errc::none, {});
  }
  auto view = c->get_cluster();
  if (!view) {
    code = x.fail(view.error());
  }
  return view;
}

std::vector<column<item_row>> item_columns(std::int64_t now) {
  return {{"JOB", [](const item_row& r) { return cell{r.job.str()}; }},
          {"ITEM", [](const item_row& r) { return cell{r.item.str()}; }},
          {"OWNER",
           [](const item_row& r) {
             return cell{or_dash(r.owner), r.owner.empty() ? tint::bad : tint::none};
           }},
          {"HOLDER",
           [](const item_row& r) {
             return cell{or_dash(r.holder), r.holder != r.owner ? tint::doubtful : tint::none};
           }},
          {"TOKEN", [](const item_row& r) { return cell{r.token == 0 ? "-" : std::to_string(r.token)}; }},
          {"SINCE", [now](const item_row& r) { return cell{age_of(r.locked_at_ms, now)}; }},
          {"REASON", [](const item_row& r) { return cell{or_dash(r.reason)}; }}};
}

} // namespace

exit_code status_command(invocation& x) {
  auto code = exit_code::error;
  const auto view = look_at_cluster(x, code);
  if (!view) {
    return code;
  }
  const auto s = status_of(*view);
  if (print_json(x, s)) {
    return exit_code::fine;
  }
  auto& io = x.io();
  const auto nodes = std::to_string(s.nodes_alive) + " alive, " + std::to_string(s.nodes_gone) + " gone, " +
                     std::to_string(s.nodes_left) + " left";
  const auto items = std::to_string(s.items) + ": " + std::to_string(s.assigned) + " assigned, " +
                     std::to_string(s.locked) + " locked, " + std::to_string(s.unassigned) + " unassigned";
  print_facts(
    io,
    {{"health", health_cell(s.health)},
     {"leader",
      s.leader.empty() ? cell{"nobody", tint::bad} : cell{s.leader.str() + ", epoch " + std::to_string(s.epoch)}},
     {"nodes", {nodes, s.nodes_gone > 0 ? tint::bad : tint::none}},
     {"jobs", std::to_string(s.jobs) + (s.all_disabled        ? ", all switched off"
                                        : s.jobs_disabled > 0 ? ", " + std::to_string(s.jobs_disabled) + " off"
                                        : s.jobs_paused > 0   ? ", " + std::to_string(s.jobs_paused) + " paused"
                                                              : "")},
     {"items", {items, s.unassigned > 0 ? tint::bad : tint::none}},
     {"problems", s.problems.empty() ? cell{"none", tint::good} : cell{std::to_string(s.problems.size()), tint::bad}},
     {"next", s.next.empty() ? cell{"-"} : cell{s.next}}});
  for (const auto& p : s.problems) {
    io.err << "problem: " << printable(p) << '\n';
  }
  return exit_code::fine;
}

exit_code nodes_command(invocation& x) {
  const auto since = x.span("--since", duration::zero());
  if (!since) {
    return x.fail(since.error());
  }
  auto code = exit_code::error;
  auto view = look_at_cluster(x, code);
  if (!view) {
    return code;
  }
  const auto now = x.io().now();
  if (*since > duration::zero()) {
    const auto from = now - std::chrono::duration_cast<std::chrono::milliseconds>(*since).count();
    auto& w = view->workers;
    w.erase(std::remove_if(w.begin(), w.end(), [&](const auto& v) { return v.started_at_ms < from; }), w.end());
  }
  print_rows<worker_view>(x, view->workers,
                          {{"NODE", [](const worker_view& w) { return cell{w.id.str()}; }},
                           {"STATE",
                            [](const worker_view& w) {
                              return cell{to_string(w.state), tint_of(w.state)};
                            }},
                           {"ROLE", [&](const worker_view& w) { return cell{role_of(*view, w)}; }},
                           {"ZONE", [](const worker_view& w) { return cell{or_dash(w.zone)}; }},
                           {"MARK",
                            [](const worker_view& w) {
                              return cell{marks_of(w), w.draining || w.cordoned ? tint::doubtful : tint::none};
                            }},
                           {"ITEMS", [](const worker_view& w) { return cell{std::to_string(w.items)}; }},
                           {"LOCKED", [](const worker_view& w) { return cell{std::to_string(w.locked)}; }},
                           {"VERSION", [](const worker_view& w) { return cell{or_dash(w.software_version)}; }},
                           {"HOST:PID", [](const worker_view& w) { return cell{place_of(w)}; }},
                           {"AGE", [now](const worker_view& w) { return cell{age_of(w.started_at_ms, now)}; }},
                           {"WEIGHT", [](const worker_view& w) { return cell{std::to_string(w.weight)}; }, true},
                           {"JOBS", [](const worker_view& w) { return cell{std::to_string(w.jobs.size())}; }, true},
                           {"INCARNATION", [](const worker_view& w) { return cell{or_dash(w.incarnation)}; }, true},
                           {"URL", [](const worker_view& w) { return cell{or_dash(w.http_url)}; }, true}});
  return exit_code::fine;
}

exit_code node_command(invocation& x) {
  auto code = exit_code::error;
  const auto view = look_at_cluster(x, code);
  if (!view) {
    return code;
  }
  const node_id id{x.value("NODE")};
  const auto w = std::find_if(view->workers.begin(), view->workers.end(), [&](const auto& v) { return v.id == id; });
  if (w == view->workers.end()) {
    return x.fail(exit_code::error, "there is no node \"" + id + "\" in the cluster");
  }
  if (print_json(x, *w)) {
    return exit_code::fine;
  }
  std::string jobs;
  for (const auto& j : w->jobs) {
    jobs += (jobs.empty() ? "" : " ") + j;
  }
  const auto now = x.io().now();
  print_facts(x.io(), {{"node", w->id.str()},
                       {"state", {to_string(w->state), tint_of(w->state)}},
                       {"role", role_of(*view, *w)},
                       {"capacity", or_dash(capacity_of(*w))},
                       {"zone", or_dash(w->zone)},
                       {"mark", marks_of(*w)},
                       {"items", std::to_string(w->items)},
                       {"locked", std::to_string(w->locked)},
                       {"version", or_dash(w->software_version)},
                       {"host:pid", place_of(*w)},
                       {"age", age_of(w->started_at_ms, now)},
                       {"started", moment_of(w->started_at_ms)},
                       {"weight", std::to_string(w->weight)},
                       {"incarnation", or_dash(w->incarnation)},
                       {"url", or_dash(w->http_url)},
                       {"jobs", or_dash(jobs)}});
  return exit_code::fine;
}

namespace {

/// In one word, or nearly: what keeps all its runs from starting comes first.
std::string state_text(const cluster_view& view, const job_row& job) {
  return view.all_disabled ? "all off" : !job.enabled ? "off" : job.paused ? "paused" : "on";
}

} // namespace

exit_code jobs_command(invocation& x) {
  auto code = exit_code::error;
  const auto view = look_at_cluster(x, code);
  if (!view) {
    return code;
  }
  std::vector<job_row> rows;
  for (const auto& j : view->jobs) {
    rows.push_back(job_row_of(*view, j));
  }
  print_rows<job_row>(
    x, rows,
    {{"JOB", [](const job_row& r) { return cell{r.id.str()}; }},
     {"STATE",
      [&](const job_row& r) {
        const auto state = state_text(*view, r);
        return cell{state, state == "on" ? tint::none : tint::doubtful};
      }},
     {"STRATEGY", [](const job_row& r) { return cell{or_dash(r.strategy)}; }},
     {"ITEMS", [](const job_row& r) { return cell{std::to_string(r.items)}; }},
     {"OWNED", [](const job_row& r) { return cell{std::to_string(r.owned)}; }},
     {"LOCKED", [](const job_row& r) { return cell{std::to_string(r.locked)}; }},
     {"UNASSIGNED", [](const job_row& r) { return count_cell(r.unassigned, tint::bad); }},
     {"SPREAD", [](const job_row& r) { return cell{std::to_string(r.least) + ".." + std::to_string(r.most)}; }},
     {"NODES", [](const job_row& r) { return cell{std::to_string(r.offered_by)}; }}});
  return exit_code::fine;
}

namespace {

/// What operators have done to it, in a line: of this the view of the cluster has the pause and the rev alone.
std::string record_text(invocation& x, const job_id& id) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return "-";
  }
  const auto r = c->get_record(id);
  if (!r) {
    return r.error().code == errc::unknown_job ? "-" : printable(r.error().text);
  }
  return "rev " + std::to_string(r->rev) + (r->state == record_state::open ? "" : ", " + to_string(r->state)) +
         (r->paused ? ", paused" : "") + (r->overrides.empty() ? "" : ", with overrides");
}

} // namespace

exit_code job_command(invocation& x) {
  auto code = exit_code::error;
  const auto view = look_at_cluster(x, code);
  if (!view) {
    return code;
  }
  const job_id id{x.value("JOB")};
  const auto j = std::find_if(view->jobs.begin(), view->jobs.end(), [&](const auto& v) { return v.id == id; });
  if (j == view->jobs.end()) {
    return x.fail(exit_code::error, "there is no job \"" + id + "\" in the cluster");
  }
  if (print_json(x, *j)) {
    return exit_code::fine;
  }
  const auto r = job_row_of(*view, *j);
  print_facts(x.io(), {{"job", r.id.str()},
                       {"state", state_text(*view, r)},
                       {"strategy", or_dash(r.strategy)},
                       {"items", std::to_string(r.items)},
                       {"owned", std::to_string(r.owned)},
                       {"locked", std::to_string(r.locked)},
                       {"unassigned", count_cell(r.unassigned, tint::bad)},
                       {"spread", std::to_string(r.least) + ".." + std::to_string(r.most)},
                       {"nodes", std::to_string(r.offered_by)},
                       {"written by", or_dash(j->last_writer)},
                       {"record", record_text(x, id)}});
  return exit_code::fine;
}

exit_code items_command(invocation& x) {
  const auto limit = x.number("--limit", 1000);
  if (!limit) {
    return x.fail(limit.error());
  }
  item_query q;
  q.job = job_id{x.value("JOB")};
  q.node = node_id{x.value("--node")};
  q.unassigned = x.has("--unassigned");
  q.contested = x.has("--contested");
  q.after = x.value("--after");
  q.limit = *limit;
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto page = c->get_items(q);
  if (!page) {
    return x.fail(page.error());
  }
  if (x.format() == output_format::json) {
    print_json(x, *page);
  } else {
    print_rows(x, page->items, item_columns(x.io().now()));
  }
  if (!page->next.empty()) {
    x.io().err << "of " << counted(page->total, "item") << "; go on with --after " << page->next << '\n';
  }
  return exit_code::fine;
}

exit_code refusals_command(invocation& x) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto refusals = c->get_refusals();
  if (!refusals) {
    return x.fail(refusals.error());
  }
  const auto items_of = [](const refusal_view& r) {
    std::string text;
    for (const auto& item : r.items) {
      text += (text.empty() ? "" : " ") + printable(item);
    }
    return cell{or_dash(text)};
  };
  print_rows<refusal_view>(x, *refusals,
                           {{"NODE", [](const refusal_view& r) { return cell{printable(r.worker)}; }},
                            {"JOB", [](const refusal_view& r) { return cell{printable(r.job)}; }},
                            {"ITEMS", items_of},
                            {"FOR", [](const refusal_view& r) { return cell{age_of(1, 1 + r.for_ms)}; }},
                            {"COUNTS",
                             [](const refusal_view& r) {
                               return cell{r.counts ? "yes" : "no", r.counts ? tint::doubtful : tint::none};
                             }},
                            {"WHY", [](const refusal_view& r) { return cell{or_dash(printable(r.why))}; }}});
  return exit_code::fine;
}

exit_code locks_command(invocation& x) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  auto locks = c->get_locks();
  if (!locks) {
    return x.fail(locks.error());
  }
  if (x.has("--stuck")) {
    locks->erase(
      std::remove_if(locks->begin(), locks->end(), [](const lock_view& l) { return l.state == lock_state::held; }),
      locks->end());
  }
  const auto now = x.io().now();
  print_rows<lock_view>(x, *locks,
                        {{"JOB", [](const lock_view& l) { return cell{printable(l.job)}; }},
                         {"ITEM", [](const lock_view& l) { return cell{printable(l.item)}; }},
                         {"HOLDER", [](const lock_view& l) { return cell{or_dash(l.holder)}; }},
                         {"STATE",
                          [](const lock_view& l) {
                            return cell{to_string(l.state), l.state == lock_state::held        ? tint::good
                                                            : l.state == lock_state::malformed ? tint::bad
                                                                                               : tint::doubtful};
                          }},
                         {"OWNER", [](const lock_view& l) { return cell{or_dash(l.owner)}; }},
                         {"TOKEN", [](const lock_view& l) { return cell{std::to_string(l.token)}; }},
                         {"AGE", [now](const lock_view& l) { return cell{age_of(l.acquired_at_ms, now)}; }},
                         {"INCARNATION", [](const lock_view& l) { return cell{or_dash(l.incarnation)}; }, true},
                         {"D", [](const lock_view& l) { return cell{std::to_string(l.detach_ms) + "ms"}; }, true}});
  return exit_code::fine;
}

exit_code leader_command(invocation& x) {
  auto code = exit_code::error;
  const auto view = look_at_cluster(x, code);
  if (!view) {
    return code;
  }
  const leader_row r{view->leader, view->epoch};
  const auto answer = r.leader.empty() ? exit_code::condition_false : exit_code::fine;
  if (!print_json(x, r)) {
    if (r.leader.empty()) {
      x.io().err << "djm leader: nobody leads\n";
    } else {
      x.io().out << r.leader << " epoch " << r.epoch << '\n';
    }
  }
  return answer;
}

} // namespace djm::tool
