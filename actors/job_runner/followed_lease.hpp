#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <caf/actor_control_block.hpp>

#include "actors/common/post.hpp"
#include "actors/env/lease_board.hpp"
#include "actors/protocol/job_runner.hpp"

namespace djm {

/// The lease of the node as one runner knows it, which follows it on the board.
class followed_lease {
public:
  using terms = lease_board::terms;

  /// What is newer than what is known.
  std::optional<terms> news(const lease_board& board) {
    auto newer = board.newer(known_);
    if (newer) {
      take(*newer);
    }
    return newer;
  }

  /// Another stretch, or the present one that ends sooner. A later one may have begun meanwhile; its message stands
  /// behind what has to be known before it.
  const terms& told(const msg::lease& m, const lease_board& board) {
    const terms said{m.stretch, 0, m.run_until, m.deadline};
    take(board.newer(said).value_or(said));
    return known_;
  }

  /// Without a lease nothing is due, so no timer would have the runner look at a longer one: the next renewal wakes it.
  void await(bool is_over, lease_board& board, const caf::weak_actor_ptr& runner) {
    if (!is_over || std::exchange(awaited_, true)) {
      return;
    }
    const auto wake = [runner] { post_to<runner_actor>(runner, msg::wake{}); };
    if (!board.await(known_, wake)) {
      wake();
    }
  }

private:
  void take(const terms& t) {
    known_ = t;
    awaited_ = false;
  }

  terms known_;
  bool awaited_ = false;
};

} // namespace djm
