#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "djm/strategy.hpp"
#include "test/unit/cores/fake_store.hpp"
#include "test/unit/cores/show.hpp"

namespace djm::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

class core_cluster;

/// The cores of one process, wired as a node wires them, and its session.
class core_node {
public:
  core_node(core_cluster& c, node_id name, std::string incarnation);

  void start();
  void wake();
  std::optional<time_point> wake_at() const;

  void connect();
  void suspend();
  void reconnect();
  /// The server has expired the session, and the node hears of it.
  void hear_of_expiry();

  bool connected() const { return view.phase == store::session_phase::connected; }
  bool has_work() const { return !requests.empty() || !answers.empty(); }
  /// One step of the network: the server works on the next request, or the node hears the next answer.
  void step_network();

  /// Gives everything back; `drained` tells when.
  void drain();
  void leave();

  /// A question on its way to the server; `hear` is called with the outcome, or with nothing when the connection broke.
  struct request {
    std::string text;
    std::function<std::function<void()>(bool work, const char* verdict)> serve;
  };

  core_cluster& all;
  node_id id;
  std::string life;
  keeper_core keeper;
  election_core election;
  manager_core manager;
  worker_core worker;
  std::map<job_id, job_runner_core> runners;
  store::session_view view;
  std::deque<request> requests;
  std::deque<std::function<void()>> answers;
  /// Sent before the connection broke; the server may still work on them.
  std::deque<request> late;
  time_point last_touch{};
  bool session_open = false;
  /// Not cut off before this moment.
  time_point spared_until{};
  bool drained = false;
  bool left = false;
  /// Those that go on, as the parts have told them.
  std::map<std::string, std::string> problems;

private:
  friend class core_cluster;

  step now_step();
  void post(std::function<void()> f);
  void tell_session();
  void fetch_events();
  void probe();

  template <class Core>
  void carry_out(Core& core, std::vector<typename Core::effect> effects);
  template <class Core>
  void one(Core& core, commit_effect& x);
  template <class Core>
  void one(Core& core, read_effect& x);
  template <class Core>
  void one(Core& core, emit_effect& x);
  template <class Core>
  void one(Core& core, log_effect& x);
  void one(keeper_core&, keeper_core::joined& x);
  void one(keeper_core&, keeper_core::unjoined&);
  void one(keeper_core&, keeper_core::start_probing& x);
  void one(keeper_core&, keeper_core::stop_probing&);
  void one(keeper_core&, keeper_core::left&);
  void one(keeper_core&, keeper_core::failed& x);
  static void one(keeper_core&, keeper_core::read_older&) {}
  void one(keeper_core&, keeper_core::follow& x);
  static void one(keeper_core&, keeper_core::job_ended&) {}
  static void one(keeper_core&, keeper_core::pool_changed&) {}
  void one(election_core&, election_core::granted& x);
  void one(election_core&, election_core::revoked&);
  void one(manager_core&, manager_core::plan_request& x);
  void one(manager_core&, manager_core::strategy_request& x);
  void one(worker_core&, worker_core::grant& x);
  void one(worker_core&, worker_core::revoke& x);
  void one(worker_core&, worker_core::renew_lease& x);
  void one(worker_core&, worker_core::not_alive&);
  void one(worker_core&, worker_core::drained&);
  void one(worker_core&, worker_core::settled_changed&);
  void one(worker_core&, state_answer&);
  void one(worker_core&, slots_told&);
  void one(job_runner_core& r, job_runner_core::start_run& x);
  void one(job_runner_core& r, job_runner_core::stop_run& x);
  void one(job_runner_core&, job_runner_core::tell_run&) {} // these runs end soon enough
  void one(job_runner_core& r, job_runner_core::released& x);
  static void one(job_runner_core&, job_runner_core::declined&) {} // none of these runs declines
  void one(job_runner_core& r, job_runner_core::cut_share& x);
  void one(job_runner_core& r, job_runner_core::call_pool& x);
  void one(job_runner_core& r, job_runner_core::pool_ready& x);
  static void one(job_runner_core&, job_runner_core::prepared&) {}    // no job here prepares anything
  static void one(job_runner_core&, job_runner_core::look_at_run&) {} // no run here has a time limit
  static void one(job_runner_core&, job_runner_core::remember_run&) {}
  static void one(job_runner_core&, job_runner_core::start_question&) {} // nobody asks here
  static void one(job_runner_core&, job_runner_core::conclude_question&) {}
  static void one(job_runner_core&, job_runner_core::ask_slot&) {}
  static void one(job_runner_core&, job_runner_core::check_config&) {} // no job here is configured
  static void one(job_runner_core&, job_runner_core::take_config&) {}
  job_id job_of(const job_runner_core& r) const;

  std::deque<std::function<void()>> mailbox_;
  bool working_ = false;
  bool probing_ = false;
  time_point next_probe_{};
  std::optional<time_point> probed_;
  std::optional<time_point> run_until_;
};

/// Several nodes over one tree. Single-threaded; a seed decides who hears what when, and what goes wrong. Whatever it
/// finds to break an invariant is thrown, with the time and the last things that happened.
class core_cluster {
public:
  struct job {
    job_spec spec;
    std::vector<item_id> items;
    bool enabled = true;
  };
  struct active_run {
    core_node* node = nullptr;
    std::vector<work_item> items;
    time_point ends;
  };

  core_cluster(unsigned seed, std::size_t nodes);

  bool chance(unsigned percent) { return random() % 100 < percent; }
  /// Lets the cluster work; faults as told.
  void run(duration span, unsigned fault_percent);
  /// All that is down comes back, and nothing goes wrong any more.
  void calm();

  void check_tree();
  /// Every item of an enabled job is owned by one worker, locked by it and granted to its runner; no other lock exists.
  void check_covered();
  std::size_t leaders() const;
  /// What the nodes still tell of although nothing is wrong any more.
  std::string stale_problems() const;

  void note(const std::string& text);
  [[noreturn]] void broken(const std::string& what);

  std::mt19937 random;
  time_point now = at(1000);
  fake_store tree;
  std::vector<std::unique_ptr<core_node>> nodes;
  std::vector<std::unique_ptr<core_node>> crashed;
  std::map<job_id, job> jobs;
  bool outcomes_go_wrong = false;
  /// Runs that go on, by incarnation, job and run.
  std::map<std::tuple<std::string, job_id, run_id>, active_run> runs;
  /// The highest token of an item, and the incarnation that ran under it.
  std::map<item_ref, std::pair<fencing_token, std::string>> tokens;
  std::uint64_t runs_started = 0;
  std::uint64_t faults = 0;

  static constexpr duration session_timeout = milliseconds{1000};
  static constexpr duration detach = milliseconds{1000};
  static constexpr duration grace = milliseconds{100};

private:
  void fault();
  void advance();
  void restart(std::size_t index);

  int lives_ = 0;
  store::zxid_t checked_ = 0;
  std::deque<std::string> recent_;
  unsigned seed_ = 0;
};

} // namespace djm::test
