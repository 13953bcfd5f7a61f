#include "tools/djm/orders.hpp"

#include <map>
#include <ostream>

#include "tools/djm/order_talk.hpp"
#include "tools/djm/print.hpp"
#include "tools/djm/rows.hpp"

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

/// What a drain waits for, told as it becomes less.
class drain_watch {
public:
  drain_watch(invocation& x, node_id node) : x_(x), node_(std::move(node)) {}

  /// True: the node holds nothing any more.
  bool look(const cluster_view& view) {
    held_ = held_by(view, node_);
    const auto text = counted(held_.size(), "item");
    if (text != told_) {
      told_ = text;
      x_.io().err << "node " << node_ << " still has " << text << (held_.empty() ? "\n" : ":\n");
      std::size_t shown = 0;
      for (const auto& r : held_) {
        if (++shown > 10) {
          x_.io().err << "  and " << held_.size() - 10 << " more\n";
          break;
        }
        x_.io().err << "  " << r.job << '/' << r.item << (r.owner == node_ ? "  assigned" : "")
                    << (r.holder == node_ ? "  locked for " + age_of(r.locked_at_ms, x_.io().now()) + ", token " +
                                              std::to_string(r.token)
                                          : "")
                    << '\n';
      }
    }
    return held_.empty();
  }
  std::size_t left() const { return held_.size(); }
  const std::vector<item_row>& held() const { return held_; }

private:
  invocation& x_;
  node_id node_;
  std::string told_;
  std::vector<item_row> held_;
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
  drain_watch watch{x, node};
  const auto empty = c->wait_for([&](const cluster_view& v) { return watch.look(v); }, *limit);
  if (empty) {
    if (!print_json(x, watch.held())) {
      x.io().out << "node " << node << " is drained\n";
    }
    return exit_code::fine;
  }
  if (empty.error().code == errc::timed_out && watch.left() > 0) {
    print_json(x, watch.held());
    return x.fail(exit_code::condition_false, "node \"" + node + "\" still has " + counted(watch.left(), "item") +
                                                " after " + format_duration(*limit) + "; it goes on draining");
  }
  return x.fail(empty.error());
}

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

exit_code stoppable_command(invocation& x) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto answer = c->stoppable(to_ids<node_id>(x.values("NODE")));
  if (!answer) {
    return x.fail(answer.error());
  }
  const auto result = answer->refused.empty() ? exit_code::fine : exit_code::condition_false;
  if (print_json(x, *answer)) {
    return result;
  }
  text_table table{{"NODE", "STOPPABLE", "REASON"}};
  for (const auto& n : answer->stoppable) {
    table.add({n.str(), {"yes", tint::good}, "-"});
  }
  for (const auto& r : answer->refused) {
    for (std::size_t i = 0; i < r.reasons.size(); ++i) {
      table.add({i == 0 ? r.node.str() : "", i == 0 ? cell{"no", tint::bad} : cell{""}, printable(r.reasons[i])});
    }
  }
  table.write(x.io());
  return result;
}

} // namespace djm::tool
