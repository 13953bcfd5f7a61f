#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include <caf/actor.hpp>

#include "djm/node_actor.hpp"
#include "http/http_core.hpp"

namespace djm::http {

/// Asks the node on behalf of the server's thread, through an actor of its own. Questions of the same kind that come
/// while one is under way wait for its answer; one that is younger than a second is answered again. Thread-safe.
/// The actor is supervised: one that has crashed is built anew, what it was asked is answered with `shutting_down`.
class bridge {
public:
  using take_material = std::function<void(const material&)>;
  using take_result = std::function<void(const order_answer&)>;

  /// Both are called on the thread of an actor. `on_lost`: the actor has crashed, events may be missing.
  bridge(std::function<void(const node_event&)> on_event, std::function<void()> on_lost);

  /// Spawns the actor and its supervisor, which end with the node.
  void start(caf::actor_system& system, const node_actor& node);
  /// Ends the actor. What was asked is answered with `shutting_down`.
  void stop();

  /// Calls `f` once, on any thread.
  void fetch(needs what, take_material f);
  void carry_out(order what, const take_result& f);

  /// How often the actor has been built anew.
  std::uint64_t rebuilt() const;

private:
  void ask_code(order what, const take_result& f);

  struct state;

  std::shared_ptr<state> state_;
};

} // namespace djm::http
