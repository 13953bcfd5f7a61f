#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/events.hpp"
#include "djm/fields.hpp"
#include "djm/job_context.hpp"
#include "djm/time.hpp"

/// What a test cluster remembers. All times are virtual and count from the start of the cluster.
namespace djm::test {

/// How a run came to its end.
enum class run_end : std::uint8_t {
  /// Not yet.
  running,
  returned,
  /// `failure` says what.
  threw,
  /// Its node was crashed: the code stands still where it was and never goes on.
  crashed,
};

constexpr auto enum_names(run_end) {
  return name_enum("run_end", "running", "returned", "threw", "crashed");
}

/// One call of `job::run`.
struct run_record {
  node_id node;
  job_id job;
  /// Unique within one life of the node.
  run_id run = 0;
  /// With their fencing tokens, sorted by id.
  std::vector<work_item> items;
  duration began = duration::zero();
  std::optional<duration> ended;
  run_end how = run_end::running;
  std::string failure;
  /// When and why it was first asked to stop.
  std::optional<duration> stop_asked;
  stop_reason reason = stop_reason::none;
};

/// Two runs that held one item at the same time.
struct overlap {
  job_id job;
  item_id item;
  /// The one that began first.
  run_record first;
  run_record second;
  duration from = duration::zero();
  /// Nothing while both are running.
  std::optional<duration> to;
};

/// An event that a node told its subscribers.
struct seen_event {
  duration at = duration::zero();
  node_id node;
  event what;
};

/// "run 4 of mail on n0 {europe, asia}: began at 3s, asked to stop at 10s (revoked), still running".
std::string to_string(const run_record& r);

/// "mail/europe ran twice from 12s to 15s: " and both runs.
std::string to_string(const overlap& o);

/// "12s n0 run_started(...)".
std::string to_string(const seen_event& e);

/// One line for each, for the message of a failed check: empty when there is none.
std::string to_string(const std::vector<overlap>& all);

template <class V>
auto fields(V&& v, run_record& x) {
  return v("run_record", field("node", x.node), field("job", x.job), field("run", x.run), field("items", x.items),
           field("began", x.began), field("ended", x.ended), field("how", x.how), field("failure", x.failure),
           field("stop_asked", x.stop_asked), field("reason", x.reason));
}
template <class V>
auto fields(V&& v, overlap& x) {
  return v("overlap", field("job", x.job), field("item", x.item), field("first", x.first), field("second", x.second),
           field("from", x.from), field("to", x.to));
}
template <class V>
auto fields(V&& v, seen_event& x) {
  return v("seen_event", field("at", x.at), field("node", x.node), field("what", x.what));
}

} // namespace djm::test
