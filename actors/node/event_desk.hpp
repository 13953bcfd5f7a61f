#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/node/log_limiter.hpp"
#include "actors/node/problem_book.hpp"
#include "djm/events.hpp"
#include "djm/log.hpp"
#include "djm/time.hpp"

namespace djm {

/// A problem, a grant, or a state of the connection or the leadership: its end is told as well, by whoever has told it.
/// When that part has been replaced since, or the job of that runner was let go, it ended with them, and nobody would
/// ever say that it is over. What was given back, and what became of runs, counts all the same.
bool has_an_end(const event& what);

/// What becomes of each event of a node: whether it is news, what the log says of it, what the status says of problems,
/// and what those who subscribe later hear first. Pure.
class event_desk {
public:
  /// The time of an event, for limits and for people.
  struct moment {
    time_point now;
    std::int64_t unix_ms;
  };
  /// What is to be done: lines for the log, events for those who listen, in their order.
  struct outcome {
    std::vector<log_record> log;
    std::vector<event> tell;
  };

  /// `store`: the connect string, as log lines name it.
  event_desk(node_id node, std::string store) : node_(std::move(node)), store_(std::move(store)) {}

  outcome happened(event what, moment at);
  /// The component is gone, or the job has ended: what was wrong with it is over.
  outcome component_over(const std::string& component, moment at);
  outcome job_over(const job_id& job, moment at);
  /// For whoever subscribes now: how things stand.
  std::vector<event> how_things_stand() const;
  std::vector<problem_status> problems() const { return problems_.status(); }

  /// How many lines were left out because they repeat, of the minutes that are over.
  std::vector<log_record> left_out(time_point now);
  std::optional<time_point> wake_at() const { return limiter_.wake_at(); }

private:
  bool note(const event& what, moment at, outcome& out);
  void note_starved(const item_starved& i, moment at, outcome& out);
  void note_parked(const items_parked& i, moment at, outcome& out);
  void note_over(const std::string& what, const job_id& job, bool over, error why, moment at, outcome& out);
  void tell(event what, moment at, outcome& out);
  void tell_all(std::vector<problem_over> what, moment at, outcome& out);
  std::optional<log_record> line_of(const event& what) const;
  bool may_say(const event& what, time_point now);

  node_id node_;
  std::string store_;
  problem_book problems_;
  log_limiter limiter_;
  std::optional<connection_changed> connection_;
  std::optional<leader_changed> leader_;
};

} // namespace djm
