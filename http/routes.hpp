#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "djm/enum_names.hpp"
#include "http/message.hpp"
#include "http/uri.hpp"

/// The one table of what can be asked over HTTP. The gate, the parameters, the description for machines and the tests
/// are all derived from it.
namespace djm::http {

/// What a route does. The name is the operation's in the description for machines.
enum class operation : std::uint8_t {
  console,
  asset,
  openapi,
  live,
  ready,
  leader,
  metrics,
  session,
  status,
  cluster,
  workers,
  worker,
  jobs,
  job,
  job_items,
  items,
  explain,
  locks,
  plan,
  config,
  events,
  stoppable,
  mark_worker,
  switch_job,
  switch_all,
  trigger,
  what_if,
  runs,
  record,
  change_record,
  configure_job,
  remove_job,
  ask,
  item_state,
  set_item_state,
  clear_item_state,
};

constexpr auto enum_names(operation) {
  return name_enum("operation", "console", "asset", "openapi", "live", "ready", "leader", "metrics", "session",
                   "status", "cluster", "workers", "worker", "jobs", "job", "job_items", "items", "explain", "locks",
                   "plan", "config", "events", "stoppable", "mark_worker", "switch_job", "switch_all", "trigger",
                   "what_if", "runs", "record", "change_record", "configure_job", "remove_job", "ask", "item_state",
                   "set_item_state", "clear_item_state");
}

/// Whether the body of its request is data of the job's own.
constexpr bool takes_bytes(operation what) {
  return what == operation::ask || what == operation::set_item_state;
}

/// Who may ask.
enum class access : std::uint8_t {
  open,   ///< everybody who reaches the port: it tells nothing but yes and no, or is the same on every node
  reader, ///< who has the token, where there is one
  writer, ///< the same, and only where writes are allowed at all
};

/// A parameter of a query.
struct query_parameter {
  const char* name;
  const char* text;
};

struct route {
  verb how;
  const char* path; ///< "/v1/jobs/{job}"
  operation what;
  access who;
  bool needs_status;  ///< answered from the status of the node
  bool needs_cluster; ///< answered from the tree
  std::vector<query_parameter> query;
  const char* body; ///< of the request: an example; null for none; "" where it is whatever it is
  const char* text; ///< what it answers, in one sentence
};

const std::vector<route>& routes();

/// The parts of a path that stand for names, in their order.
struct route_match {
  const route* to = nullptr;
  std::vector<std::string> names;
  std::string allowed; ///< where the path is known and the verb is not: those that are
};

/// HEAD is answered as GET.
route_match match(verb how, const uri& target);

/// The table as OpenAPI 3.1, one form for one table.
std::string openapi_text();

} // namespace djm::http
