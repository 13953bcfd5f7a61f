#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/manager/cluster_image.hpp"
#include "strategies/slot_manager.hpp"

namespace djm {

/// The leader's books of room that is short: which items wait for it, in which order, and which of their wishes for
/// more capacity have been told. Pure; empty, and for free, as long as every item finds room.
///
///   a plan leaves an item without room ──► request (priority, age)         ──► a wish, once until it is served
///   before a plan, `open`:  workers report: in use by requests, and what is free now, cut into slots for those in line
///                           slots are asked for in the order of the line   ──► the planner is told the line
///   after a plan, `planned`: asked for, and still without room: it waits where it was in line
///   after it was written, `written`: workers report what they hold: confirmed, or in use elsewhere
///   it was not written, `withdrawn`: every question is open again
///
/// What a worker reports follows from its registration (the capacity that it announced) and from what is assigned to
/// it, so a registration that announces less, and a worker that is gone, correct the books the same way: its slots go
/// and their requests are placed anew with the age they have. The planner decides where an item goes, the books who is
/// next. Books are one leader's: with a new one ages start again, in the order of names; an item that had an owner is
/// older than those that never had one.
class slot_books {
public:
  /// Requests at most; what waits beyond has no age yet and comes last.
  static constexpr std::size_t most_requests = 10'000;

  bool empty() const noexcept { return wanted_.empty(); }
  void clear();

  /// Before a plan. `away` are workers that keep what they have and take no part. Returns the line for the planner:
  /// items of `problem`, who is to be served first comes first.
  std::vector<item_index> open(const assignment_problem& problem, const std::set<node_id>& away);
  /// A plan was made of `problem`: takes what it left without room into the line, and items that have lost their place
  /// whatever keeps them from another one. Returns the jobs of new wishes with how many of their items want capacity.
  std::map<job_id, std::uint64_t> planned(const cluster_image& image, const assignment_problem& problem, const plan& p);
  void written(const assignment_problem& problem, const plan& p);
  void withdrawn();

  const slot_manager& slots() const noexcept { return slots_; }

private:
  struct wanted_item {
    job_id job;
    item_id item;
    slot_request request;
  };

  /// What a worker reports, and which numbers of slots are taken.
  struct slots_of_worker {
    std::vector<slot_report> report;
    std::set<std::uint32_t> taken;
    std::uint32_t next = 0;
    /// Of another slot.
    std::uint32_t number() {
      while (!taken.insert(next).second) {
        ++next;
      }
      return next;
    }
  };

  slots_of_worker in_use(const assignment_problem& problem, worker_index w, const std::vector<item_index>& items) const;
  void forget(const allocation_id& id);
  void drop_what_is_gone(const assignment_problem& problem, const std::set<node_id>& away);
  slot_effects close_room(const std::function<bool(const allocation_id&)>& stays);
  void answer_refusals(const assignment_problem& problem, slot_effects& effects);
  void offer_room(const assignment_problem& problem, const std::vector<item_index>& line);

  slot_manager slots_;
  std::map<allocation_id, wanted_item> wanted_;
  std::set<node_id> reported_; ///< workers with slots in the books
};

} // namespace djm
