#include <iterator>
#include <utility>

#include "actors/node/admin_core.hpp"

/// Orders about jobs that stand in their records: whoever follows a record hears of them by the one watch.
namespace djm {

using store::rc;

admin_core::effects admin_core::on_judged(std::uint64_t id, const expected<void>& verdict, step s) {
  effects out;
  auto node = unjudged_.extract(id);
  if (node.empty()) {
    return out; // answered already: its time was over
  }
  if (!verdict) {
    const auto& job = std::get<change_record>(node.mapped().what).job;
    out.push_back(
      done{id, fail(verdict.error().code, "configuration of job \"" + job + "\": " + verdict.error().text)});
    return out;
  }
  add(id, std::move(node.mapped().what), s, out);
  return out;
}

void admin_core::forget_attempt() {
  auto* now = wishes_.current();
  if (auto* x = now != nullptr ? std::get_if<change_record>(&now->what) : nullptr) {
    x->tried.reset();
  }
  if (auto* x = now != nullptr ? std::get_if<set_state>(&now->what) : nullptr) {
    x->tried.reset();
  }
}

void admin_core::begin(const change_record& x, effects& out) {
  read_batch ask;
  const auto version = ask.get(tree_.jobs_version());
  const store::record_reads found{tree_, x.job, ask};
  const bool removes = std::holds_alternative<store::order::remove>(x.what);
  const auto submission = removes ? std::optional{ask.get(tree_.submission(x.job))} : std::nullopt;
  store_.read({}, ask, true, out, &admin_core::change_job, version, found, submission);
}

void admin_core::change_job(const read_slot& version, const store::record_reads& found,
                            const std::optional<read_slot>& submission, step s, effects& out) {
  const auto& x = wished<change_record>();
  const auto* submitted = submission ? &**submission : nullptr;
  if (found.record->code != rc::ok && x.offered && !(submitted != nullptr && submitted->code == rc::ok)) {
    hold(s, "the record of job \"" + x.job + "\" is not written yet");
    return;
  }
  auto change = store::record_ops(tree_, x.job, x.what, x.expected_rev, x.by, s.wall_ms, *found.record, *found.config,
                                  x.tried, submitted);
  if (!change) {
    answer(tl::make_unexpected(std::move(change.error())), out);
    return;
  }
  rev_ = change->rev;
  if (change->ops.empty()) {
    answer({}, out);
    return;
  }
  std::get<change_record>(wishes_.current()->what).tried = {change->rev, change->submission};
  store::transaction txn;
  txn.ops.emplace_back(store::check_op{tree_.alive(cfg_.node)});
  txn.ops.push_back(store::tell_of_record(tree_, x.job, x.by, *version));
  std::move(change->ops.begin(), change->ops.end(), std::back_inserter(txn.ops));
  write(std::move(txn), out);
}

} // namespace djm
