#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/node/event_outlet.hpp"
#include "actors/node/guarded_job.hpp"
#include "actors/node/node_context.hpp"
#include "actors/node/pool_sight.hpp"
#include "actors/node/record_sight.hpp"

namespace djm {

struct job_entry {
  job_spec spec;
  std::optional<timetable> table;         ///< of its calendar
  std::shared_ptr<job> code;              ///< guarded; null once the job was let go
  std::shared_ptr<job_activity> activity; ///< of that code
  std::int64_t submitted = 0;             ///< czxid of the submission that it was made of; 0: the program's own
  record_sight record{};
  pool_sight pool{};
  bool removal_told = false; ///< that it was removed from the cluster
  runner_actor runner{};
  cx::watch end{};                                          ///< of the runner
  std::vector<caf::typed_response_promise<void>> waiting{}; ///< for the job to be free
};

/// The jobs that are registered on a node: how they come, what is heard of them, and who waits for their end.
class node_jobs {
public:
  node_jobs(const node_context& at, event_outlet& events) : at_(at), events_(events) {}

  /// Registers it; the error says why not, and then the code of the job is left in `m`. `submitted`: czxid of the
  /// submission that it was made of; 0: it is the program's own.
  std::optional<error> add(register_job& m, std::int64_t submitted);

  bool has(const job_id& job) const { return all_.count(job) > 0; }
  /// Null where it is not registered.
  job_entry* find(const job_id& job);
  /// Null as well for a job that has been let go and whose code has not come back.
  job_entry* at_work(const job_id& job);
  const job_entry* at_work(const job_id& job) const;
  job_entry& at(const job_id& job) { return all_.at(job); }
  const job_entry& at(const job_id& job) const { return all_.at(job); }
  auto begin() { return all_.begin(); }
  auto end() { return all_.end(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  /// Those that were made of submissions, with the czxids of these.
  std::map<job_id, store::zxid_t> submitted() const;

  /// What its record says from now on.
  void follow(followed_job& what);
  /// It was removed from the cluster: told once, however many parts notice. False: nothing has to end.
  bool removed(const job_id& job, const std::string& why);
  /// Items of the job have come or gone: its runner hears so.
  void pool_changed(const msg::pool_changed& m);

  /// No code of it runs or will run: whoever waits is answered, the name is free.
  void free_name(const job_id& job);
  /// Its code has not come back in its time: whoever waits is told.
  void give_up(const job_id& job);
  /// The store has another history than what was seen of it.
  void forget_store();
  /// The parts are gone: what still waits is for code that has not come back. The error names it; nothing: all have.
  std::optional<error> give_up_all();

private:
  void warn_of_strategy(const job_spec& spec);
  error hanging(const job_id& job) const;

  const node_context& at_;
  event_outlet& events_;
  std::map<job_id, job_entry> all_;
};

} // namespace djm
