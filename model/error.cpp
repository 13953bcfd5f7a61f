#include "djm/error.hpp"

namespace djm {

std::string to_string(errc code) {
  return enum_text(code);
}

std::string describe(errc code) {
  switch (code) {
  case errc::none: return "success";
  case errc::invalid_id: return "an id breaks the rule for names of nodes, jobs and items";
  case errc::duplicate_job: return "a job with this id is registered on this node already";
  case errc::unknown_job: return "no job with this id is known here";
  case errc::unknown_worker: return "no worker with this id is known in the cluster";
  case errc::unknown_strategy: return "no strategy of this name is registered";
  case errc::invalid_schedule: return "a schedule has a value outside its range, or a calendar breaks a rule";
  case errc::invalid_running_strategy: return "a running strategy is none that is known, or cut the share wrongly";
  case errc::invalid_config: return "a configuration value breaks its rule or does not fit the others";
  case errc::invalid_connect_string: return "the connect string cannot be parsed";
  case errc::invalid_file: return "a file cannot be read or is not well-formed";
  case errc::malformed_payload: return "data in the store does not follow its format";
  case errc::format_mismatch: return "the tree in the store was written by another layout version";
  case errc::no_permission: return "the store refuses access";
  case errc::node_id_in_use: return "another live process runs under the same node id";
  case errc::too_large: return "a transaction, request or payload is larger than the store accepts";
  case errc::watch_limit: return "the limit of watches of one session is reached";
  case errc::backlog_full: return "too many messages were sent before the node was connected";
  case errc::shutting_down: return "the node is shutting down or has stopped";
  case errc::not_connected: return "the store cannot be reached now";
  case errc::timed_out: return "an operation did not finish in its time";
  case errc::unknown_outcome: return "a transaction may or may not have been applied";
  case errc::conflict: return "a transaction met another one and was not applied";
  case errc::session_lost: return "the session with the store is over";
  case errc::user_code_failed: return "user code threw an exception";
  case errc::user_code_hangs: return "user code did not come back within its bound";
  case errc::invalid_plan: return "a strategy returned a plan that breaks the rules";
  case errc::invalid_problem: return "an assignment problem contradicts itself";
  case errc::too_many_failures: return "a part of the node failed too often, so the node stopped";
  case errc::invalid_state: return "the call makes no sense in the current state";
  case errc::internal: return "a bug in djm; please report it with the text";
  case errc::store_went_back: return "the store has older data than this node has seen";
  case errc::not_owner: return "the item is not held here";
  case errc::config_mismatch: return "nodes of one cluster are configured differently where they have to agree";
  case errc::clock_skew: return "the wall clock of this node and that of the store differ by more than they may";
  }
  return "unknown error code " + std::to_string(static_cast<unsigned>(code));
}

std::string to_string(const error& e) {
  return e.text.empty() ? to_string(e.code) : to_string(e.code) + ": " + e.text;
}

} // namespace djm
