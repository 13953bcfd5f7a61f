#include "metrics/metric_table.hpp"

namespace djm {

void add_worker_rows(std::vector<metric_row>& table) {
  using src = const metric_source&;
  using out = sample_sink&;
  const auto counter = metric_type::counter;
  const auto gauge = metric_type::gauge;
  table.push_back({{"djm_assigned_items", gauge, "Items that are assigned to this node.", {}},
                   [](src s, out o) { o.add({}, std::uint64_t{s.status.worker.assigned}); }});
  table.push_back({{"djm_locked_items", gauge, "Items that this node has locked.", {}},
                   [](src s, out o) { o.add({}, std::uint64_t{s.status.worker.locked}); }});
  table.push_back({{"djm_lock_waits", gauge, "Items assigned to this node whose lock another holder still has.", {}},
                   [](src s, out o) { o.add({}, std::uint64_t{s.status.worker.waiting.size()}); }});
  table.push_back(
    {{"djm_items_of_unknown_jobs", gauge, "Items assigned to this node of jobs that it does not know.", {}},
     [](src s, out o) { o.add({}, std::uint64_t{s.status.worker.unknown_jobs}); }});
  table.push_back({{"djm_settled", gauge, "1 when everything that is assigned to this node is locked.", {}},
                   [](src s, out o) { o.add({}, s.status.worker.settled); }});
  table.push_back({{"djm_lease_left_seconds",
                    gauge,
                    "Time until no run of this node may go on; negative when that is past, absent before the first "
                    "contact with the store.",
                    {}},
                   [](src s, out o) {
                     if (s.status.worker.lease_left) {
                       o.add({}, *s.status.worker.lease_left);
                     }
                   }});
  table.push_back({{"djm_locks_taken_total", counter, "Locks that this node has created.", {}},
                   [](src s, out o) { o.add({}, s.status.worker.counters.locked); }});
  table.push_back({{"djm_locks_released_total", counter, "Locks that this node has given back.", {}},
                   [](src s, out o) { o.add({}, s.status.worker.counters.unlocked); }});
  table.push_back({{"djm_lock_conflicts_total", counter, "Transactions with locks that met another one.", {}},
                   [](src s, out o) { o.add({}, s.status.worker.counters.lock_conflicts); }});
  table.push_back(
    {{"djm_lock_unknown_outcomes_total", counter, "Transactions with locks whose outcome had to be looked up.", {}},
     [](src s, out o) { o.add({}, s.status.worker.counters.lock_unknowns); }});
  table.push_back(
    {{"djm_locks_lost_total", counter, "Locks that were gone although this node had not given them back.", {}},
     [](src s, out o) { o.add({}, s.status.worker.counters.lost); }});
  table.push_back({{"djm_assignment_rereads_total",
                    counter,
                    "How often everything that is assigned was read anew because what was known did not fit together.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.worker.counters.rereads); }});
  table.push_back(
    {{"djm_state_saves_total",
      counter,
      "Saves of the state of an item by runs of this node, by what became of them: saved, refused because "
      "the run does not hold the item any more (not_owner) or an operator has set another state "
      "(conflict), not known (unknown_outcome), or failed otherwise.",
      {"outcome"}},
     [](src s, out o) {
       const auto& n = s.status.worker.states;
       o.add({"saved"}, n.saved);
       o.add({"not_owner"}, n.not_owner);
       o.add({"conflict"}, n.conflicts);
       o.add({"unknown_outcome"}, n.unknown);
       o.add({"failed"}, n.failed);
     }});
  table.push_back({{"djm_state_loads_total",
                    counter,
                    "Loads of the state of an item by runs of this node, by what became of them: loaded or failed.",
                    {"outcome"}},
                   [](src s, out o) {
                     o.add({"loaded"}, s.status.worker.states.loaded);
                     o.add({"failed"}, s.status.worker.states.load_failures);
                   }});
  table.push_back({{"djm_joined", gauge, "1 when the cluster knows this node and gives it items.", {}},
                   [](src s, out o) { o.add({}, s.status.worker.joined); }});
  table.push_back({{"djm_joins_total", counter, "How often the node has joined the cluster.", {}},
                   [](src s, out o) { o.add({}, s.status.connection.counters.joins); }});
  table.push_back({{"djm_registration_conflicts_total",
                    counter,
                    "Transactions of the registration that met another one and were made again.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.connection.counters.conflicts); }});
  table.push_back({{"djm_registration_unknown_outcomes_total",
                    counter,
                    "Transactions of the registration whose outcome had to be looked up.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.connection.counters.unknowns); }});
  table.push_back({{"djm_pool_writes_total", counter, "Transactions with pools of jobs that were applied.", {}},
                   [](src s, out o) { o.add({}, s.status.connection.counters.pool_writes); }});
  table.push_back(
    {{"djm_registration_writes_total", counter, "Transactions with the registration that were applied.", {}},
     [](src s, out o) { o.add({}, s.status.connection.counters.registration_writes); }});
  table.push_back({{"djm_session_timeout_seconds", gauge, "Session timeout that the server has granted.", {}},
                   [](src s, out o) { o.add({}, s.status.connection.session_timeout); }});
  table.push_back({{"djm_leader", gauge, "1 while this node leads.", {}},
                   [](src s, out o) { o.add({}, s.status.election.role == election_role::leading); }});
  table.push_back({{"djm_leader_known", gauge, "1 while this node knows who leads.", {}},
                   [](src s, out o) { o.add({}, !s.status.election.leader.empty()); }});
  table.push_back(
    {{"djm_leader_epoch", gauge, "Epoch of the leader that this node knows; grows with every change of leader.", {}},
     [](src s, out o) { o.add({}, s.status.election.leader_epoch); }});
  table.push_back(
    {{"djm_leader_changes_total", counter, "How often this node has learned of another leader, or of none.", {}},
     [](src s, out o) { o.add({}, s.status.election.changes); }});
  table.push_back({{"djm_candidates", gauge, "Nodes in line to lead, the leader included.", {}},
                   [](src s, out o) { o.add({}, std::uint64_t{s.status.election.candidates}); }});
}

} // namespace djm
