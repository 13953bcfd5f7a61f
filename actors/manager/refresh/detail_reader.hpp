#pragma once

#include <string>
#include <vector>

#include "actors/manager/cleaning/clean_list.hpp"
#include "actors/manager/cluster_knowledge.hpp"
#include "actors/manager/dirty_marks.hpp"
#include "actors/manager/leader_store.hpp"
#include "actors/manager/lock_watchdog.hpp"
#include "actors/manager/refusals/refusal_desk.hpp"
#include "zkstore/tree/records.hpp"

namespace djm {

/// A folder of assignments, `workers/<w>/assigned/<job>`.
struct job_folder {
  node_id worker;
  job_id job;
};

/// What is read of single workers and jobs, and what that says of the cluster.
class detail_reader {
public:
  struct wanted {
    /// Read whole: their registrations are new.
    std::vector<node_id> workers;
    /// Who of them is alive.
    std::vector<node_id> alive;
    std::vector<job_id> jobs;
    std::vector<node_id> marks;
    std::vector<std::string> refusals;
    bool empty() const { return workers.empty() && alive.empty() && jobs.empty() && marks.empty() && refusals.empty(); }
  };
  /// Where the answers are.
  struct slots {
    std::vector<store::worker_reads> workers;
    read_slots<node_id> alive;
    std::vector<store::job_reads> jobs;
    read_slots<node_id> marks;
    read_slots<std::string> refusals;
  };

  detail_reader(leader_store& store, cluster_knowledge& known, dirty_marks& dirty, lock_watchdog& watchdog,
                clean_list& list, refusal_desk& refusals)
    : store_(store), known_(known), dirty_(dirty), watchdog_(watchdog), list_(list), refusals_(refusals) {}

  slots ask(const wanted& what, read_batch& into) const;
  /// Takes the answers over. Returns the folders of workers that are new: what is in them is to be read, too.
  std::vector<job_folder> take_over(const slots& answers, step s, manager_effects& out);

private:
  void take_worker(const store::worker_record& found, std::vector<job_folder>& below, manager_effects& out);
  void take_known(const worker_image& w, const store::worker_record& found, manager_effects& out);
  void take_new(worker_image& w, const store::worker_record& found, std::vector<job_folder>& below,
                manager_effects& out);
  void note_former_lives(const node_id& id, const worker_image& w, const std::string& before);
  void take_alive(const node_id& id, const store::alive_record& found, manager_effects& out);
  void take_job(const store::job_record& found, step s, manager_effects& out);

  leader_store& store_;
  cluster_knowledge& known_;
  dirty_marks& dirty_;
  lock_watchdog& watchdog_;
  clean_list& list_;
  refusal_desk& refusals_;
};

} // namespace djm
