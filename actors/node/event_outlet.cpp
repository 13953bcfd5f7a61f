#include "actors/node/event_outlet.hpp"

#include "actors/node/node_state.hpp"

namespace djm {

void event_outlet::publish(event what) {
  carry_out(desk_->happened(std::move(what), now()));
}

void event_outlet::component_over(const std::string& component) {
  carry_out(desk_->component_over(component, now()));
}

void event_outlet::job_over(const job_id& job) {
  carry_out(desk_->job_over(job, now()));
}

void event_outlet::carry_out(event_desk::outcome todo) {
  const bool logs = !todo.log.empty();
  for (auto& line : todo.log) {
    at_.env().log(std::move(line));
  }
  for (auto& what : todo.tell) {
    tell_listeners(std::move(what));
  }
  if (logs) {
    desk_waits_(); // for the lines that are left out from now on
  }
}

void event_outlet::log_left_out() {
  for (auto& line : desk_->left_out(at_.env().now())) {
    at_.env().log(std::move(line));
  }
}

// -- who listens --------------------------------------------------------------------

/// Events are made once for all who listen.
void event_outlet::tell_listeners(event what) {
  if (listeners_.empty()) {
    return;
  }
  const node_event e{at_.id(), at_.env().wall_ms(), std::move(what)};
  for (auto& [id, listener] : listeners_) {
    cx::anon_mail(e).send(listener.handle);
  }
}

void event_outlet::add(const caf::actor& listener) {
  const auto id = listener.id();
  const auto [l, added] = listeners_.try_emplace(id);
  if (!added) {
    return;
  }
  l->second = {listener, at_.self->monitor(listener, [this, id](const caf::error&) {
                 listeners_.erase(id);
                 count_listeners();
               })};
  count_listeners();
  for (auto& what : desk_->how_things_stand()) {
    cx::anon_mail(node_event{at_.id(), at_.env().wall_ms(), std::move(what)}).send(listener);
  }
}

void event_outlet::remove(const caf::actor& listener) {
  if (auto l = listener ? listeners_.find(listener.id()) : listeners_.end(); l != listeners_.end()) {
    l->second.end.dispose();
    listeners_.erase(l);
    count_listeners();
  }
}

/// Whenever they have changed: parts leave out what nobody hears.
void event_outlet::count_listeners() const {
  if (at_.who) {
    at_.who->audience->store(listeners_.size());
  }
}

} // namespace djm
