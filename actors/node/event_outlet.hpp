#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/node/event_desk.hpp"
#include "actors/node/node_context.hpp"

namespace djm {

/// Brings the events of a node where its `event_desk` wants them: into the log, and to all who have subscribed.
class event_outlet {
public:
  /// `desk_waits`: called whenever the desk may want to be woken earlier than before.
  event_outlet(const node_context& at, std::function<void()> desk_waits)
    : at_(at), desk_waits_(std::move(desk_waits)) {}

  /// Once, when it is known which node this is.
  void init() { desk_ = std::make_unique<event_desk>(at_.id(), at_.identity.config.store.connect); }

  /// Logs what happened and tells everyone who has subscribed.
  void publish(event what);
  /// The component is gone, or the job has ended: what was wrong with it is over.
  void component_over(const std::string& component);
  void job_over(const job_id& job);
  /// Logs how many lines were left out because they repeat.
  void log_left_out();

  /// From now on it hears everything, and first of all how things stand.
  void add(const caf::actor& listener);
  void remove(const caf::actor& listener);

  std::vector<problem_status> problems() const { return desk_->problems(); }
  std::optional<time_point> wake_at() const { return desk_->wake_at(); }

private:
  struct listener_entry {
    caf::actor handle;
    cx::watch end;
  };
  void carry_out(event_desk::outcome todo);
  void tell_listeners(event what);
  void count_listeners() const;
  event_desk::moment now() const { return {at_.env().now(), at_.env().wall_ms()}; }

  const node_context& at_;
  std::function<void()> desk_waits_;
  std::unique_ptr<event_desk> desk_;
  std::map<caf::actor_id, listener_entry> listeners_;
};

} // namespace djm
