#include "metrics/metric_table.hpp"

#include <algorithm>

#include "djm/version.hpp"
#include "metrics/enum_samples.hpp"

namespace djm {

namespace {

std::uint64_t problems_that_go_on(const node_status& s) {
  return static_cast<std::uint64_t>(std::count_if(
    s.problems.begin(), s.problems.end(), [](const problem_status& p) { return p.ended_ms == 0 && !p.about.empty(); }));
}

/// A number of the HTTP interface; no sample for a node that has none.
template <std::uint64_t http_status::*Member>
void http_number(const metric_source& s, sample_sink& o) {
  if (s.http != nullptr) {
    o.add({}, s.http->*Member);
  }
}

void add_http_rows(std::vector<metric_row>& table) {
  const auto counter = metric_type::counter;
  const auto gauge = metric_type::gauge;
  table.push_back({{"djm_http_requests_total", counter, "Requests to the HTTP interface that came in.", {}},
                   http_number<&http_status::incoming>});
  table.push_back(
    {{"djm_http_requests_successful_total", counter, "Requests that were answered with a status below 400.", {}},
     http_number<&http_status::successful>});
  table.push_back(
    {{"djm_http_requests_failed_total", counter, "Requests that were answered with a status from 400 on.", {}},
     http_number<&http_status::failed>});
  table.push_back({{"djm_http_connections", gauge, "Connections to the HTTP interface that are open.", {}},
                   http_number<&http_status::connections>});
  table.push_back({{"djm_http_followers", gauge, "Clients that follow the events over HTTP.", {}},
                   http_number<&http_status::followers>});
  table.push_back({{"djm_http_rebuilt_total",
                    counter,
                    "How often the part of the HTTP interface that asks the node had crashed and was built anew.",
                    {}},
                   http_number<&http_status::rebuilt>});
}

} // namespace

void add_node_rows(std::vector<metric_row>& table) {
  using src = const metric_source&;
  using out = sample_sink&;
  const auto counter = metric_type::counter;
  const auto gauge = metric_type::gauge;
  table.push_back(
    {{"djm_build_info", gauge, "Always 1; the version of djm is a label.", {"version"}}, [](src s, out o) {
       (void) s;
       o.add({version_text}, true);
     }});
  table.push_back({{"djm_node_state",
                    gauge,
                    "1 for the state in which the node is: starting, running, stopping, stopped.",
                    {"state"}},
                   [](src s, out o) { each_name<node_lifecycle>(s.status.state, o); }});
  table.push_back({{"djm_ready", gauge, "1 when the node has joined and everything assigned to it is locked.", {}},
                   [](src s, out o) { o.add({}, s.status.ready); }});
  table.push_back({{"djm_init_seconds",
                    gauge,
                    "From the start of the node to its first joining of the cluster; absent before that.",
                    {}},
                   [](src s, out o) {
                     if (s.status.joined_after) {
                       o.add({}, *s.status.joined_after);
                     }
                   }});
  table.push_back(
    {{"djm_close_seconds",
      gauge,
      "How long ago the node was asked to stop; absent while it was not. The last sample is how long its end took.",
      {}},
     [](src s, out o) {
       if (s.status.stopping_for) {
         o.add({}, *s.status.stopping_for);
       }
     }});
  table.push_back({{"djm_part_restarts_total", counter, "Parts of the node that died and were built anew.", {}},
                   [](src s, out o) { o.add({}, std::uint64_t{s.status.restarts}); }});
  table.push_back(
    {{"djm_parts_unanswered",
      gauge,
      "Parts that did not answer when these numbers were asked for: what is said of them is not their state.",
      {}},
     [](src s, out o) { o.add({}, std::uint64_t{s.status.unanswered.size()}); }});
  table.push_back({{"djm_problems", gauge, "Problems of the node that go on.", {}},
                   [](src s, out o) { o.add({}, problems_that_go_on(s.status)); }});
  table.push_back({{"djm_log_lines_total", counter, "Lines that the log has accepted.", {}},
                   [](src s, out o) { o.add({}, s.status.log.lines); }});
  table.push_back({{"djm_log_lines_dropped_total", counter, "Lines of the log that its sink did not take in time.", {}},
                   [](src s, out o) { o.add({}, s.status.log.dropped); }});
  table.push_back({{"djm_events_told_total", counter, "Events that listeners of djm::node have been told.", {}},
                   [](src s, out o) { o.add({}, s.status.events.told); }});
  table.push_back(
    {{"djm_events_dropped_total", counter, "Events that listeners of djm::node did not take in time.", {}},
     [](src s, out o) { o.add({}, s.status.events.dropped); }});
  table.push_back({{"djm_reports_total",
                    counter,
                    "What became of the reports to the reporter of the node: fine, failed, skipped.",
                    {"outcome"}},
                   [](src s, out o) {
                     o.add({"fine"}, s.status.reports - s.status.reports_failed);
                     o.add({"failed"}, s.status.reports_failed);
                     o.add({"skipped"}, s.status.reports_skipped);
                   }});
  table.push_back({{"djm_executor_threads", gauge, "Threads for user code that have been started.", {}},
                   [](src s, out o) { o.add({}, std::uint64_t{s.status.executor.threads}); }});
  table.push_back({{"djm_executor_threads_limit", gauge, "The most threads for user code there may be.", {}},
                   [](src s, out o) { o.add({}, std::uint64_t{s.status.executor.max_threads}); }});
  table.push_back({{"djm_executor_busy_threads", gauge, "Threads that are in user code.", {}},
                   [](src s, out o) { o.add({}, std::uint64_t{s.status.executor.busy}); }});
  table.push_back({{"djm_executor_waiting_runs", gauge, "Runs that wait for a thread.", {}},
                   [](src s, out o) { o.add({}, std::uint64_t{s.status.executor.waiting}); }});
  table.push_back({{"djm_executor_longest_wait_seconds",
                    gauge,
                    "How long the run has waited for a thread that has waited longest.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.executor.longest_wait); }});
  table.push_back({{"djm_executor_runs_finished_total",
                    counter,
                    "Runs of all jobs that came to their end, those that failed included.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.executor.finished); }});
  table.push_back({{"djm_executor_runs_failed_total", counter, "Runs of all jobs that failed.", {}},
                   [](src s, out o) { o.add({}, s.status.executor.failed); }});
  table.push_back({{"djm_executor_runs_dropped_total",
                    counter,
                    "Runs of all jobs that were asked to stop before a thread was free: their code was not called.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.executor.dropped); }});
  table.push_back(
    {{"djm_executor_lease_stops_total", counter, "Runs that were asked to stop because the lease ended.", {}},
     [](src s, out o) { o.add({}, s.status.executor.lease_stops); }});
  table.push_back({{"djm_executor_lease_stop_lateness_seconds",
                    gauge,
                    "How late the latest request to stop was that the end of a lease has caused.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.executor.lease_stop_lateness); }});
  add_http_rows(table);
}

} // namespace djm
