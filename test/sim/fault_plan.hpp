#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "test/sim/scenario.hpp"
#include "test/sim/stranger.hpp"
#include "test/sim/world.hpp"

namespace djm::sim {

/// How a strategy of the user's own behaves at the moment.
enum class strategy_mood : std::uint8_t { sound, throws, nonsense, fails };

/// Strategies for the nodes of a world: the built-in ones and "moody".
std::shared_ptr<const strategy_registry> make_strategies(std::shared_ptr<strategy_mood> mood);

/// A cluster that lives: which node knows which job, who is down on purpose, and everything that can go wrong with it.
class fault_plan {
public:
  struct job_entry {
    job_spec spec;
    std::shared_ptr<job_world> world;
    /// Names of all items it has ever had.
    std::vector<item_id> all_items;
  };

  fault_plan(world& w, std::uint64_t seed, std::shared_ptr<strategy_mood> mood = nullptr);

  void add_job(job_spec spec, std::vector<item_id> items, run_manner manner);
  /// Starts a node on the machine with the jobs that machine knows.
  world::handle start(std::size_t machine);
  /// Machines that do not know this job (another software version).
  void hide(const job_id& job, std::size_t machine) { hidden_.insert({job, machine}); }
  bool knows(std::size_t machine, const job_id& job) const { return hidden_.count({job, machine}) == 0; }

  /// Does one fault of this name now; what it breaks is healed at the latest by `heal`.
  void inflict(const std::string& fault);
  /// Names of all faults with how likely they are in a profile; 0 = never.
  static std::vector<std::pair<std::string, unsigned>> faults_of(profile kind);

  /// A machine's blip is over, and its session has been heard of since, before its next begins: two in a row may take
  /// as long as a session lives.
  void one_blip_at_a_time(duration session_timeout) { apart_ = session_timeout; }

  /// Wall clocks are wrong by seconds or by more than a day: what is between silences calendars until they get there.
  void no_clock_by_hours() { least_far_ = std::chrono::hours{25}; }

  /// Ends everything that is wrong: links, servers, pauses, pools, switches, stubborn runs; starts what is down.
  void heal();

  /// What must be there, owned, locked and running when all is well.
  judge::expectation expected(time_point since) const;
  /// Somebody outside pauses the job, or may: it is resumed after a while, and when everything heals.
  void paused_outside(const job_id& job);
  /// Registers a job whose predecessor may still be in its way: as often as it takes.
  void register_again(world::handle h, std::size_t machine, const job_id& id);
  const std::map<job_id, job_entry>& jobs() const { return jobs_; }

private:
  void add_node_faults();
  void add_network_faults();
  void add_user_faults();
  void add_order_faults();
  /// What this machine's version of the program registers.
  job_spec spec_of(const job_id& job, std::size_t machine) const;
  void heard(world::handle h, const event& what);
  void resume_all();
  void later(duration d, std::function<void()> f) { world_.at(world_.now() + d, std::move(f)); }
  std::optional<world::handle> any_node(bool running_only = true);
  std::size_t any_machine() { return static_cast<std::size_t>(chance_.below(world_.options().machines)); }
  std::size_t any_server() { return static_cast<std::size_t>(chance_.below(world_.ensemble().servers())); }
  job_entry& any_job();
  stranger& some_stranger();
  void restart_later(std::size_t machine, duration d);
  void crash_again(std::size_t machine, std::uint64_t times);
  void set_cut(std::size_t machine, bool on);
  bool may_disturb(std::size_t machine, duration lasts);
  /// Looks every 20 ms until the condition holds, everything heals or patience ends; then calls `f`.
  void when(std::function<bool()> condition, duration patience, std::function<void()> f);
  void register_jobs(world::handle h, std::size_t machine);

  world& world_;
  std::shared_ptr<strategy_mood> mood_;
  chance chance_;
  std::map<job_id, job_entry> jobs_;
  std::set<std::pair<job_id, std::size_t>> hidden_;
  /// Machines whose version of a job stays another one.
  std::set<std::pair<job_id, std::size_t>> mixed_;
  /// Machines that have another version of a job's specification.
  std::map<std::pair<job_id, std::size_t>, job_spec> deployed_;
  std::set<job_id> paused_;
  std::unique_ptr<stranger> stranger_;
  std::optional<world::handle> twin_;
  bool healed_ = false;
  time_point losing_until_{};
  /// A registration may have been removed without its node having noticed.
  time_point removed_until_{};
  std::optional<duration> apart_;
  duration least_far_{};
  std::map<std::size_t, time_point> undisturbed_from_;
  std::uint64_t losing_permille_ = 0;
  std::optional<transaction_kind> losing_kind_;
  std::map<std::string, std::function<void()>> actions_;
};

} // namespace djm::sim
