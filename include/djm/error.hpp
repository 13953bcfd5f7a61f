#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"

namespace djm {

/// Every error djm reports, one by one. `none` (0) means success and is never the code of an `error`.
/// The numeric values are stable: they may be logged, stored and compared across versions.
enum class errc : std::uint8_t {
  /// No error.
  none = 0,
  /// A node, job or item id breaks the rule of `ids.hpp`.
  invalid_id = 1,
  /// A job with this id is registered on this node already; to whoever submits one: it is in the cluster already.
  duplicate_job = 2,
  /// No job with this id is known here.
  unknown_job = 3,
  /// No worker with this id is known in the cluster.
  unknown_worker = 4,
  /// A strategy name that no node of this process has registered.
  unknown_strategy = 5,
  /// A schedule with a negative delay, or a period that is zero or negative; a calendar that breaks a rule, or a time
  /// zone that is not there.
  invalid_schedule = 6,
  /// A running mode that is none, an empty function to cut the share, or one that cut it wrongly.
  invalid_running_strategy = 7,
  /// A configuration value is outside its range, unknown, of the wrong type, or does not fit the others.
  invalid_config = 8,
  /// A connect string that cannot be parsed.
  invalid_connect_string = 9,
  /// A file that cannot be read or is not well-formed: JSON, or that of a time zone.
  invalid_file = 10,
  /// Data found in the store that does not follow its format; the text names the path.
  malformed_payload = 11,
  /// The tree below the root was written by another layout version.
  format_mismatch = 12,
  /// The store refuses access: authentication or ACL.
  no_permission = 13,
  /// Another live process runs under the same node id.
  node_id_in_use = 14,
  /// A transaction, request or payload is larger than the store accepts.
  too_large = 15,
  /// The limit of watches or watched path bytes of one session is reached.
  watch_limit = 16,
  /// Too many messages were sent before the node was connected.
  backlog_full = 17,
  /// The node is shutting down or has stopped.
  shutting_down = 18,
  /// The store cannot be reached now.
  not_connected = 19,
  /// An operation did not finish in its time.
  timed_out = 20,
  /// The outcome of a transaction is not known: it may have been applied.
  unknown_outcome = 21,
  /// A transaction met another one; nothing of it was applied.
  conflict = 22,
  /// The session is over: the server has expired it or it was closed.
  session_lost = 23,
  /// User code (run, pool function, running strategy, stop callback, strategy) threw an exception.
  user_code_failed = 24,
  /// User code did not come back within its bound.
  user_code_hangs = 25,
  /// A strategy returned a plan that breaks the rules; the text says which.
  invalid_plan = 26,
  /// An assignment problem that contradicts itself.
  invalid_problem = 27,
  /// A part of the node failed too often; the node stopped.
  too_many_failures = 28,
  /// A call that makes no sense in the current state.
  invalid_state = 29,
  /// A bug in djm; please report it with the text.
  internal = 30,
  /// The store has older data than this node has seen: it was restored from a copy, or has lost what it had.
  store_went_back = 31,
  /// The item is not held here, so that nothing may be done with it; the text says who has it, as far as that is known.
  not_owner = 32,
  /// Nodes of one cluster are configured differently where they have to agree; the text names keys, values and nodes.
  config_mismatch = 33,
  /// The wall clock of this node and that of the store's leading server differ by more than they may: one of the two is
  /// wrong. Told where slots are remembered, and while it lasts these start by the one that is behind.
  clock_skew = 34,
};

/// The names of the codes, in their order.
constexpr auto enum_names(errc) {
  return name_enum("errc", "none", "invalid_id", "duplicate_job", "unknown_job", "unknown_worker", "unknown_strategy",
                   "invalid_schedule", "invalid_running_strategy", "invalid_config", "invalid_connect_string",
                   "invalid_file", "malformed_payload", "format_mismatch", "no_permission", "node_id_in_use",
                   "too_large", "watch_limit", "backlog_full", "shutting_down", "not_connected", "timed_out",
                   "unknown_outcome", "conflict", "session_lost", "user_code_failed", "user_code_hangs", "invalid_plan",
                   "invalid_problem", "too_many_failures", "invalid_state", "internal", "store_went_back", "not_owner",
                   "config_mismatch", "clock_skew");
}

/// The enumerator's name, for example "invalid_id"; `errc(<n>)` for a value outside the enumeration.
std::string to_string(errc code);

/// One sentence on what the code means, for people.
std::string describe(errc code);

/// What went wrong: a code for programs and a text for people that names the value, the rule and the place.
struct error {
  /// What kind of error it is, for programs.
  errc code = errc::none;
  /// What went wrong, for people.
  std::string text;
};
DJM_FIELDS(error, code, text)

/// Whether code and text agree.
inline bool operator==(const error& a, const error& b) {
  return a.code == b.code && a.text == b.text;
}

/// Whether they do not.
inline bool operator!=(const error& a, const error& b) {
  return !(a == b);
}

/// "invalid_id: node id \"a/b\" ..."
std::string to_string(const error& e);

/// A value or the error that stood in its way.
template <class T>
using expected = tl::expected<T, error>;

/// Builds the unexpected side: `return fail(errc::invalid_id, "...")`.
inline tl::unexpected<error> fail(errc code, std::string text) {
  return tl::make_unexpected(error{code, std::move(text)});
}

} // namespace djm
