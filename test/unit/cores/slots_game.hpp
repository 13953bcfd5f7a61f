#pragma once

#include <array>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "actors/job_runner/job_runner_core.hpp"
#include "test/unit/cores/driver.hpp"
#include "test/unit/cores/runner.hpp"
#include "zkstore/job_payloads.hpp"

namespace djm::test {

/// Two nodes, each with the cores of a worker and of a runner, hold two items in turn over one store; slots come each
/// ten seconds. Each question is answered when chance wants it, some never; sessions end in the middle of everything,
/// nodes die and come back as other lives, cores are made anew, runs fail, are postponed and are cut off, and the wall
/// clocks of nodes are set, by seconds or by days, while the store's is right. What is kept
/// of the promises of slots is judged from what starts, from what is told, and from the store.
class slots_game {
public:
  slots_game(unsigned seed, slots rule, catch_up rest = catch_up::all);

  /// What is wrong; empty: nothing.
  std::string play(int steps);
  std::uint64_t starts() const { return starts_; }
  std::uint64_t interruptions() const { return interruptions_; }
  std::uint64_t writes() const { return writes_; }

private:
  using start_key = std::tuple<item_id, std::int64_t, std::uint32_t>;
  struct run {
    item_id item;
    run_purpose purpose;
    std::vector<work_item> items;
    bool stop = false;
  };
  struct node {
    node(const node_id& n, fake_store& t) : id(n), tree(&t) {}
    node_id id;
    int life = 0;
    fake_store* tree;
    std::unique_ptr<driver<worker_core>> worker;
    std::unique_ptr<job_runner_core> runner;
    std::map<run_id, run> runs;
    std::uint64_t runners = 0;
    bool joined = false;
    std::optional<lease_renewal> lease;
    std::int64_t wall_error_ms = 0;
    std::string name() const { return "life" + std::to_string(life); }
  };

  unsigned draw(unsigned n) { return std::uniform_int_distribution<unsigned>{0, n - 1}(chance_); }
  void fail_with(const std::string& text) { wrong_ = wrong_.empty() ? text : wrong_; }
  step now_step(const node& n) { return {now_, ++entropy_, wall() + n.wall_error_ms}; }
  std::int64_t wall() const;
  std::int64_t draw_error();
  job_spec spec() const;

  void step_once();
  void begin_life(node& n);
  void make_runner(node& n);
  void crash(node& n);
  void come(node& n);
  void suspend(node& n);
  void end_session(node& n);
  void lose_questions(node& n, bool lives);
  void stay_away(node& n);
  void make_contact(node& n);
  void move(const item_id& item, unsigned to);
  void pass(std::chrono::milliseconds d);
  void answer(node& n);
  void end_run(node& n, bool well);
  void end_run(node& n, run_id id, job_runner_core::run_end how);
  void rebuild_runner(node& n);
  void set_clock(node& n, std::int64_t error_ms);
  void show_clocks();

  void take(node& n, const job_runner_core::effects& fx);
  void started(node& n, const job_runner_core::start_run& s);
  void told(const event& what);
  void look();
  void break_locks(const node_id& id);
  void rest();
  void judge_end();

  std::mt19937 chance_;
  slots rule_;
  catch_up rest_;
  fake_store tree_;
  std::array<node, 2> nodes_;
  std::map<item_id, unsigned> owners_;
  time_point now_ = at(1000);
  std::uint64_t entropy_ = 0;

  std::set<start_key> started_;
  std::map<item_id, std::set<std::int64_t>> covered_; ///< slots that have started or been told of
  std::map<item_id, store::slot_payload> records_;
  std::uint64_t starts_ = 0, interruptions_ = 0, writes_ = 0;
  bool rough_ = false; ///< something has happened that is no gentle move
  std::string wrong_;
};

} // namespace djm::test
