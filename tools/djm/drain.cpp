#include <algorithm>
#include <map>
#include <ostream>

#include "tools/djm/node_runs.hpp"
#include "tools/djm/order_talk.hpp"
#include "tools/djm/orders.hpp"
#include "tools/djm/print.hpp"
#include "tools/djm/rows.hpp"

namespace djm::tool {

namespace {

/// Items that are told one by one while a drain waits.
constexpr std::size_t most_told = 10;
/// What does not change is told again after so long, so that nobody takes a drain that hangs for one that goes on.
constexpr std::int64_t told_again_ms = 15'000;

/// The run that holds an item, as the node says.
struct holding_run {
  run_id run = 0;
  duration since = duration::zero();
  stop_reason stopping = stop_reason::none;
  run_progress progress;
};
DJM_FIELDS(holding_run, run, since, stopping, progress)

/// What a drain waits for.
struct held_row {
  job_id job;
  item_id item;
  node_id owner;
  node_id holder;
  fencing_token token = 0;
  std::int64_t locked_at_ms = 0;
  std::optional<holding_run> run; ///< nothing: it is in no run, or that is not known
};
DJM_FIELDS(held_row, job, item, owner, holder, token, locked_at_ms, run)

std::vector<column<held_row>> held_columns(std::int64_t now) {
  const auto of_run = [](std::string (*text)(const holding_run&)) {
    return [text](const held_row& r) { return cell{r.run ? text(*r.run) : "-"}; };
  };
  return {{"JOB", [](const held_row& r) { return cell{printable(r.job)}; }},
          {"ITEM", [](const held_row& r) { return cell{printable(r.item)}; }},
          {"TOKEN", [](const held_row& r) { return cell{r.token == 0 ? "-" : std::to_string(r.token)}; }},
          {"SINCE", [now](const held_row& r) { return cell{age_of(r.locked_at_ms, now)}; }},
          {"RUN", of_run([](const holding_run& r) { return std::to_string(r.run); })},
          {"FOR", of_run([](const holding_run& r) { return span_text(r.since); })},
          {"PROGRESS", of_run([](const holding_run& r) { return progress_text(r.progress); })},
          {"STOPPING", [](const held_row& r) { return r.run ? stopping_cell(r.run->stopping) : cell{"-"}; }}};
}

std::string line_of(const held_row& r, const node_id& node, std::int64_t now) {
  auto text = "  " + printable(r.job) + '/' + printable(r.item);
  if (r.owner == node) {
    text += "  assigned";
  }
  if (r.holder == node) {
    text += "  locked for " + age_of(r.locked_at_ms, now) + ", token " + std::to_string(r.token);
  }
  if (r.run) {
    const auto progress = progress_text(r.run->progress);
    text += "  in run " + std::to_string(r.run->run) + " for " + span_text(r.run->since);
    text += progress == "-" ? "" : ", " + progress;
    text +=
      r.run->stopping == stop_reason::none ? ", not asked to stop" : ", asked to stop: " + to_string(r.run->stopping);
  }
  return text;
}

/// Looks at what a drain waits for, and tells it as it becomes less.
class drain_watch {
public:
  drain_watch(invocation& x, node_id node, node_asker asker)
    : x_(x), node_(std::move(node)), asker_(std::move(asker)) {}

  /// True: the node holds nothing any more.
  bool look(const cluster_view& view) {
    rows_.clear();
    for (const auto& r : held_by(view, node_)) {
      rows_.push_back({r.job, r.item, r.owner, r.holder, r.token, r.locked_at_ms, {}});
    }
    worker_ = {};
    worker_.id = node_;
    const auto w = std::find_if(view.workers.begin(), view.workers.end(), [&](const auto& v) { return v.id == node_; });
    if (w != view.workers.end()) {
      worker_ = *w;
    }
    const auto now = x_.io().now();
    if (told_ != rows_.size() || now - told_at_ms_ >= told_again_ms) {
      told_ = rows_.size();
      told_at_ms_ = now;
      tell();
    }
    return rows_.empty();
  }

  /// What was held at the last look, each item with the run that holds it now.
  const std::vector<held_row>& rows_with_runs() {
    say(ask());
    return rows_;
  }
  std::size_t left() const { return rows_.size(); }

private:
  void tell() {
    auto& err = x_.io().err;
    const auto trouble = rows_.empty() ? std::string{} : ask();
    err << "node " << node_ << " still has " << counted(rows_.size(), "item") << (rows_.empty() ? "\n" : ":\n");
    for (std::size_t i = 0; i < std::min(rows_.size(), most_told); ++i) {
      err << line_of(rows_[i], node_, told_at_ms_) << '\n';
    }
    if (rows_.size() > most_told) {
      err << "  and " << rows_.size() - most_told << " more\n";
    }
    say(trouble);
  }

  /// Why it is not known which runs hold these, once.
  void say(const std::string& trouble) {
    if (!trouble.empty() && trouble != trouble_) {
      x_.io().err << "djm drain: which runs hold the items is not known: " << printable(trouble) << '\n';
    }
    trouble_ = trouble;
  }

  /// The node itself, for the runs that hold these. What stands against that, or nothing.
  std::string ask() {
    const auto page = asker_.ask(worker_, {});
    if (!page) {
      return page.error().text;
    }
    std::map<std::pair<job_id, item_id>, const run_under_way*> runs;
    for (const auto& r : page->under_way) {
      for (const auto& item : r.items) {
        runs[{r.job, item}] = &r;
      }
    }
    for (auto& row : rows_) {
      if (const auto r = runs.find({row.job, row.item}); r != runs.end() && row.holder == node_) {
        row.run = holding_run{r->second->run, r->second->since, r->second->stopping, r->second->progress};
      }
    }
    return {};
  }

  invocation& x_;
  node_id node_;
  node_asker asker_;
  std::vector<held_row> rows_;
  worker_view worker_;
  std::optional<std::size_t> told_;
  std::int64_t told_at_ms_ = 0;
  std::string trouble_;
};

/// What would move, and what would not find a place.
exit_code preview(invocation& x, djm::client& c, const node_id& node) {
  what_if_question question;
  question.drain.push_back(node);
  const auto answer = c.what_if(question);
  if (!answer) {
    return x.fail(answer.error());
  }
  if (print_json(x, *answer)) {
    return exit_code::fine;
  }
  auto& io = x.io();
  for (const auto& m : answer->moves) {
    if (m.from == node) {
      io.out << "would move " << m.job << '/' << m.item << " to " << or_dash(m.to) << '\n';
    }
  }
  const auto stays = answer->after.find(node);
  if (stays != answer->after.end() && stays->second > 0) {
    io.out << counted(stays->second, "item") << " would stay: no other node has room for what is left\n";
  }
  for (const auto& u : answer->unknown) {
    io.err << "djm drain: " << printable(u) << '\n';
  }
  return exit_code::fine;
}

} // namespace

exit_code drain_command(invocation& x) {
  const auto limit = x.span("--timeout", std::chrono::minutes{10});
  if (!limit) {
    return x.fail(limit.error());
  }
  auto asker = node_asker::of(x, std::min(*limit, most_asking));
  if (!asker) {
    return x.fail(asker.error());
  }
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const node_id node{x.value("NODE")};
  if (x.has("--dry-run")) {
    return preview(x, *c, node);
  }
  const auto marked = c->drain(node);
  if (!marked) {
    return x.fail(marked.error());
  }
  x.io().err << "node " << node << (marked->changed ? " is draining\n" : " was draining already\n");
  if (x.has("--detach")) {
    return tell(x, marked);
  }
  drain_watch watch{x, node, *std::move(asker)};
  const auto empty = c->wait_for([&](const cluster_view& v) { return watch.look(v); }, *limit);
  if (empty) {
    if (!print_json(x, std::vector<held_row>{})) {
      x.io().out << "node " << node << " is drained\n";
    }
    return exit_code::fine;
  }
  if (empty.error().code != errc::timed_out || watch.left() == 0) {
    return x.fail(empty.error());
  }
  print_rows(x, watch.rows_with_runs(), held_columns(x.io().now()));
  return x.fail(exit_code::condition_false, "node \"" + node + "\" still has " + counted(watch.left(), "item") +
                                              " after " + format_duration(*limit) + "; it goes on draining");
}

} // namespace djm::tool
