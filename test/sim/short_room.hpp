#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "djm/events.hpp"
#include "simulation/tree_image.hpp"
#include "test/sim/waiting_line.hpp"

namespace djm::sim {

/// Jobs whose items find less room than they want, on workers with a capacity: who gets what there is, by the committed
/// history, and what is told of what is missing.
///
/// - At rest nobody waits who would fit into room that is free, or that items of lower priority have.
/// - Of two items of one priority the place goes to the one that has waited longer, where both fit.
/// - A wish for capacity is told once: no leader tells more of them than items of the job have begun to wait in its
///   term.
class short_room {
public:
  using say = std::function<void(std::string text)>;

  struct wants {
    int priority = 0;
    std::int64_t room = 0; ///< of one item
  };

  void expect(const node_id& worker, std::int64_t room) { room_[worker] = room; }
  void expect(const job_id& job, wants w) { jobs_[job] = w; }
  bool has(const job_id& job) const { return jobs_.count(job) > 0; }

  /// Before the image has it.
  void sees(const tree_event& e, const tree_image& image, time_point now);
  /// By the node of a process with this number.
  void told(std::uint32_t process, const node_id& node, const event& what, const tree_image& image, time_point now,
            const say& f);
  void gone(std::uint32_t process) { terms_.erase(process); }
  void quiescent(const tree_image& image, const say& f) const;
  /// Another history begins: nobody knows what its leaders have told.
  void forget() {
    terms_.clear();
    line_ = {};
  }
  std::uint64_t wishes() const { return wishes_; }

private:
  struct term {
    std::map<job_id, std::uint64_t> may, told;
  };

  void follow_line(const tree_event& e, const tree_image& image, time_point now);
  /// Room that this worker has for an item of this priority, or items of lower priority have.
  std::int64_t room_at(const node_id& worker, int priority, const tree_image& image) const;
  bool may_have_place(const std::string& key, const node_id& worker, const tree_image& image) const;
  bool serves(const node_id& worker, const job_id& job, const tree_image& image) const;

  std::map<node_id, std::int64_t> room_;
  std::map<job_id, wants> jobs_;
  std::map<std::uint32_t, term> terms_; ///< of processes that lead
  std::set<std::string> shunned_;       ///< workers that leaders have told to keep crashing
  waiting_line line_;
  std::uint64_t wishes_ = 0;
};

} // namespace djm::sim
