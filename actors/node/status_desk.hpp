#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "actors/node/event_outlet.hpp"
#include "actors/node/node_context.hpp"
#include "actors/node/node_jobs.hpp"

namespace djm {

/// How the node is: one status out of what it knows itself and what its parts and runners answer. Who asks for it
/// regularly is here as well.
class status_desk {
public:
  status_desk(const node_context& at, const node_jobs& jobs, const event_outlet& events)
    : at_(at), jobs_(jobs), events_(events) {}

  /// The node's life begins.
  void start();
  /// For the log and for the reporter, as configured.
  void start_tellers();
  void joined() { first_joined_ = first_joined_.value_or(at_.env().now()); }
  void asked_to_stop() { asked_to_stop_ = asked_to_stop_.value_or(at_.env().now()); }

  /// Asks every part and runner, answers when all have answered or two seconds are over.
  caf::result<node_status> collect();
  /// The parts are gone: what they still had to say is lost with them.
  void answer_all();
  /// For the reporter, where there is one: while the parts can still answer, and when they are gone.
  void ask_for_the_last();
  void report_the_end();

private:
  /// A status on its way: filled in by the parts, delivered once.
  struct collector {
    node_status status;
    std::size_t open = 0;
    std::set<std::string> unanswered; ///< parts that were asked
    std::function<void(node_status)> done;

    void deliver();
  };
  using collector_ptr = std::shared_ptr<collector>;

  caf::actor spawn_teller(duration period, std::function<void(node_status&)> tell);
  void look_at_node(node_status& s) const;
  void ask_parts(std::function<void(node_status)> done);
  template <class Status, class Part, class Put>
  void ask_part(const collector_ptr& c, const std::string& name, const Part& part, Put put);
  void answered(const collector_ptr& c);

  const node_context& at_;
  const node_jobs& jobs_;
  const event_outlet& events_;
  time_point started_{};
  std::optional<time_point> first_joined_;
  std::optional<time_point> asked_to_stop_;
  std::set<collector_ptr> under_way_;
  caf::actor teller_;    ///< logs how the node is; nobody else knows it
  caf::actor reporting_; ///< tells the reporter, likewise
  bool last_asked_ = false;
  std::optional<node_status> last_; ///< for the reporter, from before the parts end
};

} // namespace djm
