#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/dialogue/exchange.hpp"
#include "actors/node/wish_queue.hpp"
#include "djm/status.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/session_core.hpp"
#include "zkstore/tree/cluster_orders.hpp"
#include "zkstore/tree/item_states.hpp"
#include "zkstore/tree/job_records.hpp"
#include "zkstore/tree/snapshot_reader.hpp"

namespace djm {

/// What a person asks of the whole cluster, from any node: switches, marks, and the cluster view. One wish at a time,
/// in order; each change is read, decided and committed until it stands or its time is over. A wish that waits for this
/// node (to write a pool, to give a job back) keeps only later wishes about the same job waiting.
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
  /// A change of a job's record.
  struct change_record {
    job_id job;
    store::job_order what;
    std::optional<std::int64_t> expected_rev;
    bool offered = false; ///< registered on this node, so its record is in the store or on its way there
    /// The job's code is asked whether it can work with it: nothing is done before `on_judged` says what it has
    /// answered.
    bool judged_by_code = false;
    std::string by = {}; ///< filled in by `ask`
    /// What an attempt leaves which is under way, or whose outcome is not known.
    std::optional<store::earlier_attempt> tried = {};
  };
  struct see_cluster {};
  /// What is saved of an item. `offered`: its job's record is in the store or on its way there.
  struct see_state {
    item_ref item;
    bool offered = false;
  };
  struct set_state {
    store::state_order what; ///< its name is filled in by `ask`
    bool offered = false;
    /// The version that an attempt leaves which is under way, or whose outcome is not known.
    std::optional<std::int64_t> tried = {};
  };
  using wish = std::variant<set_job_enabled, set_all_disabled, set_marks, remove_job, change_record, see_cluster,
                            see_state, set_state>;

  /// Answer to the wish `id`.
  struct done {
    std::uint64_t id;
    expected<void> result;
    /// Of the record that was to be changed.
    std::int64_t rev = 0;
    /// What is saved of the item that was asked about.
    item_state saved = {};
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
  /// What the job's code says of the order `id`. One that it refuses is not carried out; one about which it does not
  /// come back is answered when its time is over.
  effects on_judged(std::uint64_t id, const expected<void>& verdict, step s);
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
  /// Where the answers about a job that is to be switched or removed are.
  struct pool_slots {
    read_slot version, pool;
  };
  struct mark_slots {
    read_slot version, mark, registration;
  };
  void add(std::uint64_t id, wish w, step s, effects& out);
  void next(step s, effects& out);
  void begin(const set_job_enabled& x, effects& out);
  void begin(const set_all_disabled& x, effects& out);
  void begin(const set_marks& x, effects& out);
  void begin(const remove_job& x, effects& out);
  void begin(const change_record& x, effects& out);
  void begin(const see_cluster& x, effects& out);
  void begin(const see_state& x, effects& out);
  void begin(const set_state& x, effects& out);
  void answer(expected<void> result, effects& out);
  void again(step s, std::string why);
  /// The wish under way waits for something that this node does by and by.
  void hold(step s, std::string why);
  /// The attempt under way has changed nothing.
  void forget_attempt();
  template <class X>
  const X& wished() const {
    return std::get<X>(wishes_.current()->what);
  }
  void write(store::transaction txn, effects& out);
  store::transaction change(const std::string& version_path, const store::read_result& version) const;
  void change_by(const std::string& version_path, const store::read_result& version, store::order_ops ops,
                 effects& out);
  void switch_one(const pool_slots& slots, step s, effects& out);
  void switch_everything(const pool_slots& slots, step s, effects& out);
  void mark(const mark_slots& slots, step s, effects& out);
  void read_offers(const read_slot& version, const read_slot& alive, step s, effects& out);
  void retire(std::int32_t worker_version, const pool_slots& slots, const read_slots<node_id>& offers, step s,
              effects& out);
  void change_job(const read_slot& version, const store::record_reads& found,
                  const std::optional<read_slot>& submission, step s, effects& out);
  bool waits_for_record(const store::state_question& found, bool offered, step s);
  void show_state(const store::state_question& found, step s, effects& out);
  void change_state(const store::state_question& found, step s, effects& out);
  void read_view(effects& out);
  void take_view(step s, effects& out);

  settings cfg_;
  store::tree_schema tree_;
  exchange<admin_core, std::monostate, effects> store_;
  bool connected_ = false;
  std::uint64_t session_ = 0;
  bool joined_ = false;
  wish_queue<wish> wishes_;
  std::int64_t rev_ = 0; ///< of the record as the wish under way leaves it
  item_state saved_;     ///< of an item, as the wish under way finds or leaves it
  struct unjudged {
    wish what;
    time_point until;
  };
  /// The code of their jobs has not answered; others do not wait for them. By number, so the oldest comes first.
  std::map<std::uint64_t, unjudged> unjudged_;

  std::optional<store::snapshot_reader> viewer_; ///< reads the view under way
};

} // namespace djm
