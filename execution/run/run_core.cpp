#include "execution/run/run_core.hpp"

#include <algorithm>
#include <utility>

namespace djm::exec {

namespace {

/// What is forked while KILL goes round gets the next one.
constexpr std::int64_t kill_again = 20'000'000;

/// Within the range, whatever comes over the wire.
std::int64_t plus(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? INT64_MIN : INT64_MAX) : sum;
}

} // namespace

bool run_core::on_lease(const lease& l) {
  unacknowledged_ = true;
  if (l.seq <= lease_.seq) {
    return false;
  }
  lease_ = l;
  return true;
}

/// A deadline that is none leaves no moment at which the command would have to be dead.
std::int64_t run_core::kill_at() const {
  const auto by_lease =
    lease_.deadline == no_deadline ? no_deadline : plus(lease_.deadline, -std::max<std::int64_t>(reserve_, 0));
  return kill_by_ ? std::min(*kill_by_, by_lease) : by_lease;
}

std::int64_t run_core::start_until() const {
  return lease_.deadline == no_deadline ? no_deadline : plus(kill_at(), -std::max<std::int64_t>(grace_, 0));
}

run_core::effects run_core::on_order(const order& o, std::int64_t now) {
  if (phase_ != phase::waiting) {
    return {};
  }
  grace_ = o.grace;
  reserve_ = o.reserve;
  left_over_grace_ = o.left_over_grace;
  if (lease_.seq == 0 || now >= start_until()) {
    report_.why = ending::lease;
    phase_ = phase::over;
    return {effect::refuse, effect::over};
  }
  phase_ = phase::running;
  return {effect::start};
}

run_core::effects run_core::on_node_gone(std::int64_t now) {
  return end(ending::node, grace_, now);
}

/// TERM once; a later request may only bring KILL forward.
run_core::effects run_core::end(ending why, std::int64_t grace, std::int64_t now) {
  if (phase_ == phase::over) {
    return {};
  }
  if (phase_ == phase::waiting) {
    report_.why = why;
    return end_of_all();
  }
  const bool first = !kill_by_ || report_.why == ending::none;
  const auto by = plus(now, std::max<std::int64_t>(grace, 0));
  kill_by_ = kill_by_ ? std::min(*kill_by_, by) : by;
  effects out;
  if (first) {
    report_.why = why;
    out.push_back(effect::term);
  }
  for (const auto e : due(now)) {
    out.push_back(e);
  }
  return out;
}

run_core::effects run_core::end_of_all() {
  phase_ = phase::over;
  return {effect::over};
}

run_core::effects run_core::on_refused() {
  return phase_ == phase::over ? effects{} : end_of_all();
}

run_core::effects run_core::on_exited(bool empty, std::int64_t now) {
  if (phase_ != phase::running) {
    return {};
  }
  if (empty) {
    return end_of_all();
  }
  phase_ = phase::emptying;
  report_.left_over = true;
  const auto by = plus(now, std::max<std::int64_t>(left_over_grace_, 0));
  kill_by_ = kill_by_ ? std::min(*kill_by_, by) : by;
  return {effect::term};
}

run_core::effects run_core::on_empty() {
  return phase_ == phase::emptying ? end_of_all() : effects{};
}

/// Whoever waits for an acknowledgement may stand still as soon as there is one.
run_core::effects run_core::on_wake(std::int64_t now) {
  auto out = due(now);
  if (std::exchange(unacknowledged_, false)) {
    out.push_back(effect::ack);
  }
  return out;
}

run_core::effects run_core::due(std::int64_t now) {
  if (phase_ != phase::running && phase_ != phase::emptying) {
    return {};
  }
  if (now >= kill_at()) {
    if (killed_at_ && now < plus(*killed_at_, kill_again)) {
      return {};
    }
    if (report_.why == ending::none && phase_ == phase::running) {
      report_.why = ending::lease;
    }
    killed_at_ = now;
    report_.killed = true;
    return {effect::kill};
  }
  if (!kill_by_ && now >= start_until()) {
    return end(ending::lease, grace_, now);
  }
  return {};
}

std::optional<std::int64_t> run_core::wake_at() const {
  if (phase_ != phase::running && phase_ != phase::emptying) {
    return std::nullopt;
  }
  const auto at = kill_by_ ? kill_at() : start_until();
  if (at == no_deadline) {
    return std::nullopt;
  }
  return killed_at_ ? std::max(at, plus(*killed_at_, kill_again)) : at;
}

} // namespace djm::exec
