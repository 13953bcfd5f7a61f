#include "test/sim/outside_session.hpp"

#include <utility>

namespace djm::sim {

using store::session_core;

namespace {

store::session_limits limits_of(const world_options& o) {
  store::session_limits l;
  l.operation_deadline = o.config.store.operation_deadline;
  l.backoff_min = o.config.backoff_min;
  l.backoff_max = o.config.backoff_max;
  return l;
}

} // namespace

outside_session::outside_session(world& w, process& p, chance dice, std::function<void(const news&)> hear)
  : w_(w), p_(p), dice_(dice), hear_(std::move(hear)), core_(limits_of(w.options())) {}

std::uint64_t outside_session::read(std::vector<store::read_op> reads, bool fresh) {
  const auto request = ++last_request_;
  carry_out(core_.read({1, request}, std::move(reads), fresh, p_.local_now()));
  return request;
}

std::uint64_t outside_session::commit(std::uint64_t session, store::transaction txn) {
  const auto request = ++last_request_;
  carry_out(core_.commit({1, request}, session, std::move(txn), p_.local_now()));
  return request;
}

void outside_session::open_handle(std::uint64_t handle) {
  store::session_options o;
  o.session_timeout = w_.options().config.store.session_timeout;
  ports_[handle] = w_.net().open(p_, o, [this, handle](store::raw_event e) { happens(handle, std::move(e)); });
}

void outside_session::happens(std::uint64_t handle, store::raw_event event) {
  const auto* link = std::get_if<store::raw_link>(&event);
  const bool gone =
    link != nullptr && (link->state == store::link_state::closed || link->state == store::link_state::failed);
  carry_out(core_.on_raw(handle, std::move(event), p_.local_now(), dice_.next()));
  if (gone) {
    ports_.erase(handle);
  }
}

void outside_session::carry_out(session_core::effects effects) {
  for (auto& effect : effects) {
    if (auto* opened = std::get_if<session_core::open_handle>(&effect)) {
      open_handle(opened->handle);
    } else if (auto* closed = std::get_if<session_core::close_handle>(&effect)) {
      if (const auto i = ports_.find(closed->handle); i != ports_.end()) {
        i->second->close();
      }
    } else if (auto* submit = std::get_if<session_core::submit>(&effect)) {
      if (const auto i = ports_.find(submit->handle); i != ports_.end()) {
        i->second->submit(submit->id, std::move(submit->request));
      }
    } else if (auto* timer = std::get_if<session_core::arm_timer>(&effect)) {
      p_.later(p_.to_world(timer->at), process::kind::timer,
               [this, g = timer->generation] { carry_out(core_.on_timer(g, p_.local_now())); });
    } else if (auto* committed = std::get_if<session_core::commit_done>(&effect)) {
      news_.emplace_back(std::move(*committed));
    } else if (auto* answered = std::get_if<session_core::read_done>(&effect)) {
      news_.emplace_back(std::move(*answered));
    } else if (auto* changed = std::get_if<session_core::session_changed>(&effect)) {
      news_.emplace_back(std::move(*changed));
    }
  }
  if (std::exchange(telling_, true)) {
    return; // whoever tells already goes on with what has come
  }
  while (!news_.empty()) {
    const auto first = std::move(news_.front());
    news_.pop_front();
    hear_(first);
  }
  telling_ = false;
}

} // namespace djm::sim
