#include "metrics/metric_table.hpp"

#include <map>

#include "metrics/enum_samples.hpp"

namespace djm {

namespace {

/// Every rule has a sample, so that a series does not vanish when the last item of it has found its place.
void unassigned_by_rule(const manager_status& m, sample_sink& to) {
  std::map<plan_rule, std::uint64_t> by_rule;
  for (const auto& x : m.unassigned) {
    ++by_rule[x.rule];
  }
  std::uint8_t i = 0;
  for (const auto name : enum_names(plan_rule{}).names) {
    to.add({name}, by_rule[static_cast<plan_rule>(i++)]);
  }
  const std::uint64_t listed = m.unassigned.size();
  to.add({"_other"}, m.unassigned_items > listed ? m.unassigned_items - listed : std::uint64_t{0});
}

} // namespace

void add_manager_rows(std::vector<metric_row>& table) {
  using src = const metric_source&;
  using out = sample_sink&;
  const auto counter = metric_type::counter;
  const auto gauge = metric_type::gauge;
  const auto histogram = metric_type::histogram;
  table.push_back(
    {{"djm_manager_phase",
      gauge,
      "1 for what the manager of this node does: passive, loading, ready, planning, writing, backing_off.",
      {"phase"}},
     [](src s, out o) { each_name<manager_phase>(s.status.manager.phase, o); }});
  table.push_back({{"djm_plans_total", counter, "Plans that this node has made while it led.", {}},
                   [](src s, out o) { o.add({}, s.status.manager.counters.plans); }});
  table.push_back(
    {{"djm_plans_failed_total", counter, "Plans that failed, and strategies of users that failed or broke a rule.", {}},
     [](src s, out o) { o.add({}, s.status.manager.counters.plan_failures); }});
  table.push_back(
    {{"djm_plan_duration_seconds", histogram, "From the question for a plan to its answer, while this node led.", {}},
     [](src s, out o) { o.add({}, s.status.manager.counters.plan_time); }});
  table.push_back({{"djm_rebalance_duration_seconds",
                    histogram,
                    "From the first transaction of a plan to the answer to its last, while this node led.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.manager.counters.rebalance_time); }});
  table.push_back({{"djm_clean_duration_seconds",
                    histogram,
                    "How long the removal of what nobody needs any more took, while this node led.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.manager.counters.clean_time); }});
  table.push_back({{"djm_moves_total", counter, "Items whose change of owner this node has written.", {}},
                   [](src s, out o) { o.add({}, s.status.manager.counters.moves); }});
  table.push_back({{"djm_plan_transactions_total", counter, "Transactions with assignments that were sent.", {}},
                   [](src s, out o) { o.add({}, s.status.manager.counters.transactions); }});
  table.push_back({{"djm_plan_conflicts_total", counter, "Transactions with assignments that met another one.", {}},
                   [](src s, out o) { o.add({}, s.status.manager.counters.conflicts); }});
  table.push_back({{"djm_plan_unknown_outcomes_total",
                    counter,
                    "Transactions with assignments whose outcome had to be looked up.",
                    {}},
                   [](src s, out o) { o.add({}, s.status.manager.counters.unknowns); }});
  table.push_back({{"djm_tree_reloads_total", counter, "How often the leader read the whole tree anew.", {}},
                   [](src s, out o) { o.add({}, s.status.manager.counters.reloads); }});
  table.push_back(
    {{"djm_broken_locks_total", counter, "Locks of workers that are gone which this node broke while it led.", {}},
     [](src s, out o) { o.add({}, s.status.manager.counters.broken_locks); }});
  table.push_back(
    {{"djm_lock_sweeps_total", counter, "How often all locks were looked at for ones of workers that are gone.", {}},
     [](src s, out o) { o.add({}, s.status.manager.counters.sweeps); }});
  table.push_back(
    {{"djm_cleaned_total", counter, "Entries of the store that nobody needed any more and that this node removed.", {}},
     [](src s, out o) { o.add({}, s.status.manager.counters.cleaned); }});
  table.push_back(
    {{"djm_cluster_workers", gauge, "Workers of the cluster that are alive; told by the leader alone.", {}},
     [](src s, out o) {
       if (s.status.manager.leading) {
         o.add({}, std::uint64_t{s.status.manager.workers});
       }
     }});
  table.push_back({{"djm_cluster_workers_gone",
                    gauge,
                    "Workers that are gone and whose tolerance is not over; told by the leader alone.",
                    {}},
                   [](src s, out o) {
                     if (s.status.manager.leading) {
                       o.add({}, std::uint64_t{s.status.manager.gone.size()});
                     }
                   }});
  table.push_back({{"djm_cluster_jobs", gauge, "Jobs of the cluster; told by the leader alone.", {}}, [](src s, out o) {
                     if (s.status.manager.leading) {
                       o.add({}, std::uint64_t{s.status.manager.jobs});
                     }
                   }});
  table.push_back(
    {{"djm_cluster_items", gauge, "Items of all jobs of the cluster; told by the leader alone.", {}}, [](src s, out o) {
       if (s.status.manager.leading) {
         o.add({}, std::uint64_t{s.status.manager.items});
       }
     }});
  table.push_back(
    {{"djm_cluster_items_assigned", gauge, "Items of the cluster that have an owner; told by the leader alone.", {}},
     [](src s, out o) {
       if (s.status.manager.leading) {
         o.add({}, std::uint64_t{s.status.manager.assigned});
       }
     }});
  table.push_back({{"djm_cluster_items_unassigned",
                    gauge,
                    "Items without an owner by the rule that blocks them, of the first thousand, the rest as _other; "
                    "told by the leader alone.",
                    {"reason"}},
                   [](src s, out o) {
                     if (s.status.manager.leading) {
                       unassigned_by_rule(s.status.manager, o);
                     }
                   }});
  table.push_back(
    {{"djm_cluster_items_waiting", gauge, "Items in line for room; told by the leader alone.", {}}, [](src s, out o) {
       if (s.status.manager.leading) {
         o.add({}, s.status.manager.waiting);
       }
     }});
  table.push_back({{"djm_plan_spread_items",
                    gauge,
                    "Greatest difference between two workers' items by the last plan, of one job and in all; told by "
                    "the leader alone.",
                    {"scope"}},
                   [](src s, out o) {
                     if (s.status.manager.leading) {
                       o.add({"job"}, s.status.manager.plan.job_spread_max);
                       o.add({"all"}, s.status.manager.plan.global_spread);
                     }
                   }});
  table.push_back(
    {{"djm_plan_moves_deferred", gauge, "Moves that the last plan has left for later; told by the leader alone.", {}},
     [](src s, out o) {
       if (s.status.manager.leading) {
         o.add({}, s.status.manager.plan.moves_deferred);
       }
     }});
  table.push_back({{"djm_plan_last_seconds",
                    gauge,
                    "How long the last plan took, waiting for a thread included; told by the leader alone.",
                    {}},
                   [](src s, out o) {
                     if (s.status.manager.leading) {
                       o.add({}, s.status.manager.plan.elapsed);
                     }
                   }});
}

} // namespace djm
