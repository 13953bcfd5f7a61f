#include "metrics/metric_table.hpp"

namespace djm {

namespace {

template <class F>
void each_job(const metric_source& s, F f) {
  for (const auto& j : s.jobs) {
    f(j);
  }
}

} // namespace

void add_job_rows(std::vector<metric_row>& table) {
  using src = const metric_source&;
  using out = sample_sink&;
  const auto counter = metric_type::counter;
  const auto gauge = metric_type::gauge;
  const auto histogram = metric_type::histogram;
  table.push_back(
    {{"djm_runs_started_total", counter, "Runs of the job that this node has started.", {"job"}},
     [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.counters.started); }); }});
  table.push_back({{"djm_runs_finished_total",
                    counter,
                    "Runs of the job that came to their end: ok, failed, or dropped before a thread was free.",
                    {"job", "outcome"}},
                   [](src s, out o) {
                     each_job(s, [&](const runner_status& j) {
                       o.add({j.job.str(), "ok"}, j.counters.finished);
                       o.add({j.job.str(), "failed"}, j.counters.failed);
                       o.add({j.job.str(), "dropped"}, j.counters.dropped);
                     });
                   }});
  table.push_back(
    {{"djm_run_overruns_total",
      counter,
      "Runs of the job that ignored their request to stop for longer than their grace.",
      {"job"}},
     [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.counters.overruns); }); }});
  table.push_back(
    {{"djm_run_duration_seconds", histogram, "How long runs of the job took.", {"job"}},
     [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.times.run_time); }); }});
  table.push_back(
    {{"djm_run_start_delay_seconds",
      histogram,
      "How late runs of the job began, waiting for a thread included.",
      {"job"}},
     [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.times.start_delay); }); }});
  table.push_back({{"djm_run_last_success_seconds",
                    gauge,
                    "How long ago a run of the job was fine on this node; absent before the first.",
                    {"job"}},
                   [](src s, out o) {
                     each_job(s, [&](const runner_status& j) {
                       if (j.times.last_success_ago) {
                         o.add({j.job.str()}, *j.times.last_success_ago);
                       }
                     });
                   }});
  table.push_back(
    {{"djm_triggers_total", counter, "Runs of the job that somebody asked for beside its schedule.", {"job"}},
     [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.counters.triggers); }); }});
  table.push_back(
    {{"djm_starts_skipped_total",
      counter,
      "Starts of a rate that were left out, because a run went on or nothing could start.",
      {"job"}},
     [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.counters.skipped); }); }});
  table.push_back(
    {{"djm_items_starved_total", counter, "Times an item of the job had to wait for too long for a run.", {"job"}},
     [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.counters.starved); }); }});
  table.push_back(
    {{"djm_pool_checks_total", counter, "Calls of the pool function, which names the items of the job.", {"job"}},
     [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.counters.pool_checks); }); }});
  table.push_back({{"djm_pool_checks_failed_total",
                    counter,
                    "Calls of the pool function that failed, hung, or named items that break a rule.",
                    {"job"}},
                   [](src s, out o) {
                     each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.counters.pool_failures); });
                   }});
  table.push_back(
    {{"djm_cuts_failed_total", counter, "Calls of the function that cuts the share that failed or hung.", {"job"}},
     [](src s, out o) {
       each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.counters.cut_failures); });
     }});
  table.push_back({{"djm_job_items", gauge, "Items of the job that this node may run.", {"job"}}, [](src s, out o) {
                     each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, std::uint64_t{j.items.size()}); });
                   }});
  table.push_back({{"djm_job_items_leaving",
                    gauge,
                    "Items of the job that were taken from this node and that a run still holds.",
                    {"job"}},
                   [](src s, out o) {
                     each_job(s,
                              [&](const runner_status& j) { o.add({j.job.str()}, std::uint64_t{j.leaving.size()}); });
                   }});
  table.push_back({{"djm_job_items_starving", gauge, "Items of the job that wait for a run for too long.", {"job"}},
                   [](src s, out o) {
                     each_job(s,
                              [&](const runner_status& j) { o.add({j.job.str()}, std::uint64_t{j.starved.size()}); });
                   }});
  table.push_back({{"djm_active_runs", gauge, "Runs of the job that go on.", {"job"}}, [](src s, out o) {
                     each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, std::uint64_t{j.active_runs}); });
                   }});
  table.push_back(
    {{"djm_job_lanes", gauge, "Into how many runs the share of the job is cut.", {"job"}},
     [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, std::uint64_t{j.lanes}); }); }});
  table.push_back({{"djm_job_leased",
                    gauge,
                    "0 while the lease of this node is not in force, so that nothing of the job starts.",
                    {"job"}},
                   [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.leased); }); }});
  table.push_back(
    {{"djm_job_failures_in_a_row", gauge, "Runs of the job that have failed since one was fine.", {"job"}},
     [](src s, out o) { each_job(s, [&](const runner_status& j) { o.add({j.job.str()}, j.failures_in_a_row); }); }});
  table.push_back(
    {{"djm_job_next_start_seconds", gauge, "Time to the next start of the job; absent when none is planned.", {"job"}},
     [](src s, out o) {
       each_job(s, [&](const runner_status& j) {
         if (j.next_start) {
           o.add({j.job.str()}, *j.next_start);
         }
       });
     }});
}

} // namespace djm
