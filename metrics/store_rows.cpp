#include "metrics/metric_table.hpp"

namespace djm {

void add_store_rows(std::vector<metric_row>& table) {
  using src = const metric_source&;
  using out = sample_sink&;
  const auto counter = metric_type::counter;
  const auto gauge = metric_type::gauge;
  const auto histogram = metric_type::histogram;
  table.push_back({{"djm_store_connected", gauge, "1 while the session with the store is connected.", {}},
                   [](src s, out o) { o.add({}, s.status.store.phase == session_phase::connected); }});
  table.push_back(
    {{"djm_store_operations_total",
      counter,
      "Requests to the store by kind (commit, read, probe) and outcome (ok, conflict, unknown, rejected, sent).",
      {"kind", "outcome"}},
     [](src s, out o) {
       const auto& x = s.status.store;
       o.add({"commit", "ok"}, x.commits);
       o.add({"commit", "conflict"}, x.conflicts);
       o.add({"commit", "unknown"}, x.unknowns);
       o.add({"commit", "rejected"}, x.rejections);
       o.add({"read", "sent"}, x.reads);
       o.add({"probe", "sent"}, x.probes);
     }});
  table.push_back({{"djm_store_operation_seconds",
                    histogram,
                    "How long the server took to answer, by kind (commit, read).",
                    {"kind"}},
                   [](src s, out o) {
                     o.add({"commit"}, s.status.store.commit_time);
                     o.add({"read"}, s.status.store.read_time);
                   }});
  table.push_back({{"djm_store_overdue_total", counter, "Requests that the server did not answer in time.", {}},
                   [](src s, out o) { o.add({}, s.status.store.overdue); }});
  table.push_back(
    {{"djm_store_connects_total", counter, "Connections to the store that were made, reconnections included.", {}},
     [](src s, out o) { o.add({}, s.status.store.connects); }});
  table.push_back({{"djm_store_sessions_total", counter, "Sessions with the store that were opened.", {}},
                   [](src s, out o) { o.add({}, s.status.store.sessions); }});
  table.push_back(
    {{"djm_store_watch_events_total", counter, "Changes that the store has told because a watch was set.", {}},
     [](src s, out o) { o.add({}, s.status.store.watch_events); }});
  table.push_back({{"djm_store_watches_refused_total",
                    counter,
                    "Watches that the limit of watches or of their bytes has refused.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.store.watches_refused); }});
  table.push_back({{"djm_store_in_flight", gauge, "Requests that are sent and not answered yet.", {}},
                   [](src s, out o) { o.add({}, s.status.store.in_flight); }});
  table.push_back({{"djm_store_queued", gauge, "Requests that wait to be sent.", {}},
                   [](src s, out o) { o.add({}, s.status.store.queued); }});
  table.push_back({{"djm_store_watches", gauge, "Watches that are set.", {}},
                   [](src s, out o) { o.add({}, s.status.store.watches); }});
  table.push_back({{"djm_store_watch_bytes", gauge, "Paths of the watches that are set, in bytes.", {}},
                   [](src s, out o) { o.add({}, s.status.store.watch_bytes); }});
  table.push_back(
    {{"djm_store_in_flight_max_bytes", gauge, "The most bytes of requests that were in flight at once.", {}},
     [](src s, out o) { o.add({}, s.status.store.max_in_flight_bytes); }});
  table.push_back({{"djm_store_transaction_max_bytes", gauge, "The largest transaction so far.", {}},
                   [](src s, out o) { o.add({}, s.status.store.max_transaction_bytes); }});
  table.push_back({{"djm_store_watches_max", gauge, "The most watches that were set at once.", {}},
                   [](src s, out o) { o.add({}, s.status.store.max_watches); }});
}

} // namespace djm
