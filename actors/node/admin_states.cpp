#include <utility>

#include "actors/node/admin_core.hpp"

/// What operators see and set of the saved states of items.
namespace djm {

using store::rc;

void admin_core::begin(const see_state& x, effects& out) {
  read_batch ask;
  const store::state_question found{tree_, x.item, ask};
  store_.read({}, ask, true, out, &admin_core::show_state, found);
}

void admin_core::begin(const set_state& x, effects& out) {
  read_batch ask;
  const store::state_question found{tree_, x.what.item, ask};
  store_.read({}, ask, true, out, &admin_core::change_state, found);
}

bool admin_core::waits_for_record(const store::state_question& found, bool offered, step s) {
  if (!offered || found.job->code == rc::ok) {
    return false;
  }
  hold(s, "the record of job \"" + found.saved.item.job + "\" is not written yet");
  return true;
}

void admin_core::show_state(const store::state_question& found, step s, effects& out) {
  if (waits_for_record(found, wished<see_state>().offered, s)) {
    return;
  }
  auto saved = store::state_of(tree_, found);
  if (saved) {
    saved_ = std::move(*saved);
  }
  answer(saved ? expected<void>{} : tl::make_unexpected(saved.error()), out);
}

/// The version of the data guards it: whatever a run or another operator saves meanwhile makes it look again.
void admin_core::change_state(const store::state_question& found, step s, effects& out) {
  const auto& x = wished<set_state>();
  if (waits_for_record(found, x.offered, s)) {
    return;
  }
  auto change = store::carry_out(tree_, x.what, found, x.tried, s.wall_ms);
  if (!change) {
    answer(tl::make_unexpected(std::move(change.error())), out);
    return;
  }
  saved_ = change->after;
  if (change->ops.empty()) {
    answer({}, out);
    return;
  }
  std::get<set_state>(wishes_.current()->what).tried = change->after.version;
  store::transaction txn;
  txn.ops.emplace_back(store::check_op{tree_.alive(cfg_.node)});
  for (auto& op : change->ops) {
    txn.ops.push_back(std::move(op));
  }
  write(std::move(txn), out);
}

} // namespace djm
