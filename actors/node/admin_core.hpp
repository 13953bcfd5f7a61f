#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/common/core.hpp"
#include "djm/status.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/session_core.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// What a person asks of the whole cluster, from any node: switches, marks, and the cluster view. One request at a
/// time, in order; each change is read, decided and committed until it stands or its time is over.
class admin_core {
public:
  /// `offered`: registered on this node, so its pool is in the store or on its way there.
  struct set_job_enabled {
    job_id job;
    bool enabled;
    bool offered = false;
  };
  struct set_all_disabled {
    bool disabled;
  };
  struct set_marks {
    node_id worker;
    std::optional<bool> draining, cordoned; ///< nothing: as it is
  };
  /// A job that this node does not offer.
  struct remove_job {
    job_id job;
  };
  struct see_cluster {};
  using wish = std::variant<set_job_enabled, set_all_disabled, set_marks, remove_job, see_cluster>;

  /// Answer to the wish `id`.
  struct done {
    std::uint64_t id;
    expected<void> result;
  };
  struct viewed {
    std::uint64_t id;
    cluster_view view;
  };
  using effect = std::variant<commit_effect, read_effect, done, viewed>;
  using effects = std::vector<effect>;

  struct settings {
    node_id node;
    std::string incarnation;
    std::string root = "/djm";
    duration backoff_min = std::chrono::milliseconds{100};
    duration backoff_max = std::chrono::seconds{5};
    /// A wish that does not stand after this is answered with what is in its way.
    duration patience = std::chrono::seconds{30};
    std::size_t backlog_limit = 1000;
    /// Locks are read one by one for the view up to this many items.
    std::size_t max_lock_reads = 5000;
  };

  explicit admin_core(settings s);

  /// Refused with `backlog_full` when too many wait.
  effects ask(std::uint64_t id, wish w, step s);
  effects on_session(const store::session_view& view, step s);
  /// The tree is complete only once a node has joined.
  effects on_joined(bool joined, step s);
  effects on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s);
  effects on_read(std::uint64_t request, const store::read_outcome& outcome, step s);
  effects on_wake(step s);
  /// Answers everything that waits with `shutting_down`.
  effects on_stop();
  std::optional<time_point> wake_at() const;

private:
  enum class stage { idle, offers, reading, writing, view_base, view_details, view_items };
  struct waiting {
    std::uint64_t id;
    wish what;
    time_point until;
  };

  void next(step s, effects& out);
  void read(stage st, std::vector<store::read_op> ops, bool fresh, effects& out);
  void answer(expected<void> result, effects& out);
  void again(step s, std::string why);
  void decide(const store::read_outcome& r, step s, effects& out);
  void read_offers(const store::read_outcome& r, effects& out);
  bool decide_removal(const remove_job& x, const store::read_outcome& r, step s, store::transaction& txn, effects& out);
  store::write_op bump(const std::string& path, std::int32_t version) const;
  void view_base(const store::read_outcome& r, effects& out);
  void view_details(const store::read_outcome& r, effects& out);
  void view_mark(const node_id& id, const store::read_result& r);
  void view_items(const store::read_outcome& r, effects& out);

  settings cfg_;
  store::tree_schema tree_;
  backoff backoff_;
  bool connected_ = false;
  std::uint64_t session_ = 0;
  bool joined_ = false;
  std::deque<waiting> queue_;
  stage stage_ = stage::idle;
  std::uint64_t request_ = 0;
  std::uint64_t next_request_ = 1;
  std::optional<time_point> retry_at_;
  std::string obstacle_;

  // the removal under way
  std::int32_t worker_version_ = 0; ///< read before who offers the job

  // the view under way
  cluster_view view_;
  std::vector<node_id> workers_;
  std::vector<node_id> alive_;
  std::vector<job_id> jobs_;
  std::vector<std::string> latches_;
  std::vector<node_id> marked_;
  std::vector<std::pair<node_id, job_id>> folders_;
  std::vector<std::pair<std::size_t, std::size_t>> locks_;
};

} // namespace djm
