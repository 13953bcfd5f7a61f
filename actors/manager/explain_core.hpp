#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/dialogue/exchange.hpp"
#include "actors/manager/manager_core.hpp"
#include "actors/manager/snapshot_image.hpp"
#include "djm/plan_explain.hpp"
#include "djm/status.hpp"

namespace djm {

/// Answers why an item is where it is. The leader's last plan answers at once; without one, on a node that does not
/// lead, the tree is read and planned first: the plan is a function of the tree, so any node can make it. One question
/// is read for at a time, the others wait in order. Pure.
class explain_core {
public:
  /// Questions that wait at most; more are refused with `backlog_full`.
  static constexpr std::size_t most_waiting = 64;

  /// Work for the executor: plan (unless there is a plan already), then explain; `explain_now` does both.
  struct task {
    std::uint64_t question = 0;
    std::shared_ptr<const assignment_problem> problem;
    std::shared_ptr<const plan> planned;
    plan_options options;
    /// Strategies of users are not called: this is what the leader has of them.
    std::shared_ptr<const strategy_answers> answers;
    item_index item = 0;
    bool by_leader = false;
    bool timed_out = false; ///< without a place for longer than its job allows
  };
  struct answer {
    std::uint64_t question = 0;
    expected<item_explanation> result;
  };
  using effect = std::variant<read_effect, task, answer>;
  using effects = std::vector<effect>;

  /// `numbers`: those of the manager, whose reads are answered to the same actor.
  explain_core(std::string root, plan_options options, request_numbers numbers = {});

  effects on_question(std::uint64_t question, job_id job, item_id item, const manager_core& leader);
  /// Of somebody who never leads: the tree is read.
  effects on_question(std::uint64_t question, job_id job, item_id item);
  /// What became of a task: an item with an owner is answered when it is known whether the owner has its lock.
  effects on_explained(std::uint64_t question, const expected<item_explanation>& result);
  /// Whether a read is one of this core's.
  bool asked(std::uint64_t request) const { return store_.knows(request); }
  effects on_read(std::uint64_t request, const store::read_outcome& r);
  /// The session or the store is another one: what was asked of it is not answered any more.
  effects on_disconnected();

private:
  struct waiting_question {
    std::uint64_t question = 0;
    job_id job;
    item_id item;
    bool timed_out = false;
  };

  /// Where the answers about an item's lock are.
  struct lock_slots {
    read_slot lock, alive, record;
  };
  void take_lock(std::uint64_t question, const lock_slots& slots, step s, effects& out);
  void give_lock_up(std::uint64_t question, effects& out);
  void find(const waiting_question& q, const cluster_image& image, const std::set<node_id>& away,
            std::shared_ptr<const assignment_problem> problem, std::shared_ptr<const plan> planned,
            const plan_options& options, std::shared_ptr<const strategy_answers> answers, bool by_leader, effects& out);
  bool owner_is_gone(const waiting_question& q, const manager_core& leader, effects& out) const;
  void read_tree(effects& out);
  void read_next(effects& out);
  void take_part(step s, effects& out);
  void answer_first(expected<item_explanation> result, effects& out);
  void next_question(effects& out);

  store::tree_schema tree_;
  plan_options options_;
  std::deque<waiting_question> questions_; ///< the first is being read for
  std::optional<store::snapshot_reader> reader_;
  /// What a question to the store is about: the lock for a question of ours, or else the tree.
  exchange<explain_core, std::optional<std::uint64_t>, effects> store_;
  /// Answers that wait for a look at a lock, by question.
  std::map<std::uint64_t, item_explanation> explained_;
};

/// Carries a task out; for the executor, because it may take a while. Calls no user code.
expected<item_explanation> explain_now(const explain_core::task& x, const strategy_registry& registry);

} // namespace djm
