#include "tools/djm/orders.hpp"

#include <algorithm>
#include <ostream>

#include "tools/djm/node_runs.hpp"
#include "tools/djm/order_talk.hpp"
#include "tools/djm/print.hpp"

namespace djm::tool {

namespace {

using mark_call = expected<order_result> (djm::client::*)(const node_id&, order_mode, optional_duration);

exit_code mark(invocation& x, mark_call call) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  return tell(x, (c->*call)(node_id{x.value("NODE")}, mode_of(x), {}));
}

exit_code turn(invocation& x, bool on) {
  const auto name = x.value("JOB");
  const bool all = x.has("--all");
  if (all == !name.empty()) {
    return x.fail(exit_code::usage, "name one JOB, or --all");
  }
  auto code = exit_code::error;
  const auto question = std::string{on ? "Enable " : "Disable "} + (all ? "all jobs?" : "job \"" + name + "\"?");
  if (!confirmed(x, question, code)) {
    return code;
  }
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto mode = mode_of(x);
  if (all) {
    return tell(x, on ? c->enable_all(mode) : c->disable_all(mode));
  }
  return tell(x, on ? c->enable_job(job_id{name}, mode) : c->disable_job(job_id{name}, mode));
}

} // namespace

exit_code undrain_command(invocation& x) {
  return mark(x, &djm::client::undrain);
}

exit_code cordon_command(invocation& x) {
  return mark(x, &djm::client::cordon);
}

exit_code uncordon_command(invocation& x) {
  return mark(x, &djm::client::uncordon);
}

exit_code enable_command(invocation& x) {
  return turn(x, true);
}

exit_code disable_command(invocation& x) {
  return turn(x, false);
}

namespace {

/// What may be stopped, and what these nodes are at: that is told, and judges nothing.
struct stoppable_page {
  std::vector<node_id> stoppable;
  std::vector<stop_refusal> refused;
  std::vector<run_under_way> under_way;
  std::vector<not_asked> unknown; ///< nodes whose runs are not known
};
DJM_FIELDS(stoppable_page, stoppable, refused, under_way, unknown)

/// The runs under way on those of these nodes that tell an address.
expected<gathered_runs> runs_of(invocation& x, djm::client& c, const std::vector<node_id>& nodes) {
  const auto asker = node_asker::of(x, std::min(x.timeout(), most_asking));
  if (!asker) {
    return tl::make_unexpected(asker.error());
  }
  const auto view = c.get_cluster();
  if (!view) {
    return tl::make_unexpected(view.error());
  }
  std::vector<const worker_view*> named;
  for (const auto& w : view->workers) {
    if (std::find(nodes.begin(), nodes.end(), w.id) != nodes.end()) {
      named.push_back(&w);
    }
  }
  return gather(*asker, named, {});
}

} // namespace

exit_code stoppable_command(invocation& x) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto nodes = to_ids<node_id>(x.values("NODE"));
  const auto answer = c->stoppable(nodes);
  if (!answer) {
    return x.fail(answer.error());
  }
  const auto runs = runs_of(x, *c, nodes);
  if (!runs) {
    return x.fail(runs.error());
  }
  say_what_is_missing(x, *runs);
  const auto result = answer->refused.empty() ? exit_code::fine : exit_code::condition_false;
  stoppable_page page{answer->stoppable, answer->refused, runs->under_way, runs->silent};
  page.unknown.insert(page.unknown.end(), runs->failed.begin(), runs->failed.end());
  if (print_json(x, page)) {
    return result;
  }
  text_table table{{"NODE", "STOPPABLE", "REASON"}};
  for (const auto& n : page.stoppable) {
    table.add({n.str(), {"yes", tint::good}, "-"});
  }
  for (const auto& r : page.refused) {
    for (std::size_t i = 0; i < r.reasons.size(); ++i) {
      table.add({i == 0 ? r.node.str() : "", i == 0 ? cell{"no", tint::bad} : cell{""}, printable(r.reasons[i])});
    }
  }
  table.write(x.io());
  if (!page.under_way.empty()) {
    x.io().out << '\n';
    print_rows(x, page.under_way, under_way_columns());
  }
  return result;
}

} // namespace djm::tool
