#include "http/routes.hpp"

namespace djm::http {

namespace {

const query_parameter limit{"limit", "Rows of one answer, 1 to 1000; 100 when nothing is said."};
const query_parameter cursor{"cursor", "Where to go on: `next` of the answer before."};
const query_parameter q{"q", "Only what has this text in its id, whatever the case of letters."};
const query_parameter state{"state", "Only items in this state: unassigned, waiting, locked, contested."};
const query_parameter node{"node", "Only what this node owns or holds."};
const query_parameter job{"job", "Only items of this job."};
const query_parameter runs_of{"job", "Only runs of this job."};
const query_parameter item{"item", "Only runs that have or had this item."};
const query_parameter outcome{"outcome", "Only runs that ended so, such as finished or failed."};

std::vector<route> table() {
  const auto get = verb::get;
  const auto open = access::open;
  const auto reader = access::reader;
  return {
    {get,
     "/",
     operation::console,
     open,
     false,
     true,
     {},
     nullptr,
     "The console for browsers; with `Accept: application/json` the job model: 404 before it exists."},
    {get, "/console/{file}", operation::asset, open, false, false, {}, nullptr, "What the console is made of."},
    {get, "/openapi.json", operation::openapi, open, false, false, {}, nullptr, "This description."},
    {get,
     "/live",
     operation::live,
     open,
     true,
     false,
     {},
     nullptr,
     "200 while the node answers and has not stopped, else 503. The store is not asked."},
    {get,
     "/ready",
     operation::ready,
     open,
     true,
     false,
     {},
     nullptr,
     "200 when the node has joined and everything assigned to it is locked, else 503 with the checks that failed."},
    {get, "/leader", operation::leader, open, true, false, {}, nullptr, "200 while this node leads, else 503."},
    {get, "/metrics", operation::metrics, reader, true, false, {}, nullptr, "Prometheus text 0.0.4."},
    {verb::post,
     "/v1/session",
     operation::session,
     reader,
     false,
     false,
     {},
     nullptr,
     "Keeps the token of the request in a cookie, for browsers."},
    {get, "/v1/status", operation::status, reader, true, false, {}, nullptr, "This node, whole."},
    {get, "/v1/cluster", operation::cluster, reader, false, true, {}, nullptr, "The cluster in numbers."},
    {get, "/v1/workers", operation::workers, reader, false, true, {limit, cursor, q}, nullptr, "The workers."},
    {get, "/v1/workers/{worker}", operation::worker, reader, false, true, {}, nullptr, "A worker."},
    {get, "/v1/jobs", operation::jobs, reader, false, true, {limit, cursor, q}, nullptr, "The jobs in numbers."},
    {get, "/v1/jobs/{job}", operation::job, reader, true, true, {}, nullptr, "A job, and what this node does for it."},
    {get,
     "/v1/jobs/{job}/items",
     operation::job_items,
     reader,
     false,
     true,
     {limit, cursor, q, state, node},
     nullptr,
     "The items of a job."},
    {get,
     "/v1/items",
     operation::items,
     reader,
     false,
     true,
     {limit, cursor, q, state, node, job},
     nullptr,
     "The items of all jobs."},
    {get,
     "/v1/jobs/{job}/items/{item}/explain",
     operation::explain,
     reader,
     false,
     false,
     {},
     nullptr,
     "Why an item is where it is, and what speaks against every other worker."},
    {get, "/v1/locks", operation::locks, reader, false, true, {limit, cursor, q, node}, nullptr, "Who holds what."},
    {get,
     "/v1/plan",
     operation::plan,
     reader,
     true,
     false,
     {},
     nullptr,
     "The last plan of this node, which has one while it leads."},
    {get,
     "/v1/runs",
     operation::runs,
     reader,
     true,
     false,
     {limit, runs_of, item, outcome},
     nullptr,
     "The runs of this node: those that are over (`runs`, the latest first, as far as it remembers them), and without "
     "`outcome` those that go on (`under_way`)."},
    {get,
     "/v1/jobs/{job}/record",
     operation::record,
     reader,
     false,
     false,
     {},
     nullptr,
     "What all nodes follow of a job, and what operators have set; its ETag is its `rev`. 404 when the program gives "
     "no "
     "client."},
    {get,
     "/v1/config",
     operation::config,
     reader,
     false,
     false,
     {},
     nullptr,
     "The configuration of this node without its secrets; 404 when the program does not show it."},
    {get,
     "/v1/events",
     operation::events,
     reader,
     false,
     false,
     {{"since", "Only events after the one of this id."}, {"type", "Only events of this type."}, limit},
     nullptr,
     "The latest events; with `Accept: text/event-stream` as a stream that goes on, from `Last-Event-ID` if there is "
     "one."},
    {verb::post,
     "/v1/plan/what-if",
     operation::what_if,
     reader,
     false,
     false,
     {},
     R"({"without":[],"drain":["node-1"],"add":[],"max_moves":0})",
     "What would be planned if the cluster were another one. Writes nothing; 404 when the program gives no client."},
    {verb::post,
     "/v1/stoppable",
     operation::stoppable,
     reader,
     false,
     true,
     {},
     R"({"nodes":["node-1"]})",
     "Which of these nodes may be stopped together without a job that nobody could run. Writes nothing."},
    {verb::patch,
     "/v1/workers/{worker}",
     operation::mark_worker,
     access::writer,
     false,
     true,
     {},
     R"({"draining":true,"cordoned":false})",
     "Sets or takes back the marks of a worker; what is not named stays."},
    {verb::patch,
     "/v1/jobs/{job}",
     operation::switch_job,
     access::writer,
     false,
     true,
     {},
     R"({"enabled":false})",
     "Switches a job on or off in the whole cluster."},
    {verb::patch,
     "/v1/jobs/{job}/record",
     operation::change_record,
     access::writer,
     false,
     false,
     {},
     R"({"overrides":{"schedule":{"period":"30s"}}})",
     "Overrides fields of the specification that rules (null takes one back; with `replace` all earlier ones), or "
     "pauses "
     "the job (`paused`). If-Match is a `rev`. Answers the `rev` that says so."},
    {verb::put,
     "/v1/jobs/{job}/config",
     operation::configure_job,
     access::writer,
     false,
     false,
     {},
     R"({"batch":50})",
     "Sets what runs of the job get, after the job's code has looked at it where this node offers the job. If-Match is "
     "a "
     "`rev`. Answers the `rev` that says so."},
    {verb::remove,
     "/v1/jobs/{job}",
     operation::remove_job,
     access::writer,
     false,
     false,
     {},
     nullptr,
     "Takes a job from every node. Answers the `rev` that says so."},
    {verb::patch,
     "/v1/cluster",
     operation::switch_all,
     access::writer,
     false,
     true,
     {},
     R"({"all_disabled":true})",
     "Switches all jobs off, or ends that."},
    {verb::post,
     "/v1/jobs/{job}/trigger",
     operation::trigger,
     access::writer,
     false,
     false,
     {},
     R"({"everywhere":true,"request":"by-hand"})",
     "Runs what this node holds of the job once more, now; answers how many runs follow. With `everywhere` on every "
     "node; "
     "then it answers the `rev` that says so, and `request` names the trigger, which is the same one when it is "
     "repeated."},
    {verb::post,
     "/v1/jobs/{job}/items/{item}/ask",
     operation::ask,
     access::writer,
     false,
     false,
     {{"timeout", "How long the code of the job may take, such as 500ms; 10s when nothing is said, at most 10min."}},
     "",
     "Asks the code of a job about an item that this node holds; question and answer are whatever the job says. "
     "Elsewhere 421: `Location` is where the node that has the item is asked, as far as that is known. 409 when the "
     "job answers no questions."},
    {get,
     "/v1/jobs/{job}/items/{item}/state",
     operation::item_state,
     reader,
     false,
     false,
     {},
     nullptr,
     "What is saved of an item (`state` as base64), by whom and when; its ETag is its `version`."},
    {verb::put,
     "/v1/jobs/{job}/items/{item}/state",
     operation::set_item_state,
     access::writer,
     false,
     false,
     {},
     "",
     "Sets what is saved of an item, in place of what its runs have saved: the body, whatever it is. If-Match is a "
     "`version`. Answers what is saved then."},
    {verb::remove,
     "/v1/jobs/{job}/items/{item}/state",
     operation::clear_item_state,
     access::writer,
     false,
     false,
     {},
     nullptr,
     "Takes away what is saved of an item, as if nothing had ever been saved. If-Match is a `version`. Answers what is "
     "left."},
  };
}

/// Whether the path is that of the route; its names are left in `names`.
bool follows(const std::vector<std::string>& path, const route& r, std::vector<std::string>& names) {
  names.clear();
  const auto pattern = parse_target(r.path);
  if (!pattern || pattern->path.size() != path.size()) {
    return false;
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto& want = pattern->path[i];
    if (want.front() == '{') {
      names.push_back(path[i]);
    } else if (want != path[i]) {
      return false;
    }
  }
  return true;
}

} // namespace

const std::vector<route>& routes() {
  static const auto all = table();
  return all;
}

route_match match(verb how, const uri& target) {
  const auto wanted = how == verb::head ? verb::get : how;
  route_match result;
  std::vector<std::string> names;
  for (const auto& r : routes()) {
    if (!follows(target.path, r, names)) {
      continue;
    }
    if (r.how == wanted) {
      return {&r, std::move(names), {}};
    }
    result.allowed += (result.allowed.empty() ? "" : ", ") + enum_text(r.how);
    result.allowed += r.how == verb::get ? ", HEAD" : "";
  }
  return result;
}

} // namespace djm::http
