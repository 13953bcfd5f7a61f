#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "test/sim/tree_image.hpp"

namespace djm::sim {

/// I4, from the committed history: why did an item leave its owner?
///
/// - Its pool, or a switch, does not want it any more.
/// - The owner has left, or has been gone for its D, or cannot or may not run the job any more.
/// - Balance: from an owner that can run it to another one. With the strategies that know where items are
///   (`balanced`, `evenly_spread`) such a move is one of the fewest that lead to balance: no worker gives items of a
///   job away and takes others of it in the same transaction.
///
/// Whoever plans looks at a cluster of a moment ago; what has just changed is no reason to complain.
class stickiness {
public:
  using complaint = std::function<void(std::string)>;

  /// A change of a committed transaction, before the image has it.
  void sees(const store::node_change& change, const tree_event& e, const tree_image& image, time_point now);
  /// The transaction is complete, and the image has it.
  void transaction_ends(const tree_image& image, time_point now, const complaint& complain);

private:
  struct registration {
    duration detach{};
    bool left = false;
    bool draining = false;
    /// When it was last alive, not draining and not left after having been otherwise.
    time_point fit_since{};
  };

  bool unwanted(const std::string& key, const std::string& job, const tree_image& image, time_point now) const;
  bool recent(const std::map<std::string, time_point>& when, const std::string& key, time_point now) const;

  std::map<std::string, registration> workers_;
  std::map<std::string, time_point> gone_;
  std::map<std::string, std::string> strategies_;
  /// When an item, a job or an offer ("worker/job") came (back).
  std::map<std::string, time_point> item_came_;
  std::map<std::string, time_point> job_came_;
  std::map<std::string, time_point> offer_came_;
  time_point all_enabled_{};
  bool all_disabled_ = false;
  /// Of the transaction under way: items and who gives or takes them.
  std::map<std::string, std::string> from_;
  std::map<std::string, std::string> to_;
};

} // namespace djm::sim
