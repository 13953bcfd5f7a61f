#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/dialogue/exchange.hpp"
#include "actors/keeper/access_walk.hpp"
#include "djm/job_spec.hpp"
#include "djm/node_config.hpp"
#include "djm/status.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/session_core.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// Keeps this node registered: prepares the tree, writes pools, joins, joins again after the session was lost, and
/// leaves (protocol §4 and §4.1).
///
///   detached ─connected─► preparing ─► pools ─► registering ─► joined ─on_leave─► leaving ─► left
///      ▲                                            │  ▲          │
///      │                          other incarnation ▼  │ it went  │ registration gone: registering
///      │                                  waiting_for_id          │
///      └───────────────────────── session lost ───────────────────┘        failed: final, with a reason
///
/// One question or transaction is under way at a time. Every decision starts from what was read after the previous
/// outcome, so an unknown outcome needs no special case: the next read, behind a barrier, shows what became of it.
class keeper_core {
public:
  /// `alive/<node>` is ours in session `number`.
  struct joined {
    std::uint64_t number;
    std::string alive_data;
  };
  /// It is not any more, although the session lives.
  struct unjoined {};
  struct start_probing {
    std::uint64_t number;
    std::string path;
  };
  struct stop_probing {};
  struct left {};
  /// Final: this node cannot work here.
  struct failed {
    error why;
  };
  /// `workers/<node>` is as transaction `found` left it, and we have written it in `seen`: the store has gone back.
  /// Said again and again until this life ends.
  struct read_older {
    store::zxid_t found, seen;
  };

  using effect = std::variant<commit_effect, read_effect, joined, unjoined, start_probing, stop_probing, left, failed,
                              read_older, emit_effect, log_effect>;
  using effects = std::vector<effect>;

  struct settings {
    node_config config;
    std::string incarnation;
    std::string host;
    std::int64_t pid = 0;
    std::int64_t started_at_ms = 0;
    std::size_t max_transaction_ops = 200;
    /// This core replaces one that failed after this incarnation had joined.
    bool has_joined = false;
  };

  explicit keeper_core(settings s);

  effects on_session(const store::session_view& view, step s);
  effects on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s);
  effects on_read(std::uint64_t request, const store::read_outcome& outcome, step s);
  effects on_watch(const store::watch_event& e, step s);
  /// This node can run the job from now on.
  effects on_offer(const job_spec& spec, step s);
  effects on_withdraw(const job_id& job, step s);
  /// The pool as this node sees it: valid, sorted names.
  effects on_pool(const job_id& job, std::vector<item_id> items, step s);
  /// A probe or a worker's transaction found `alive/<node>` missing.
  effects on_not_alive(step s);
  effects on_leave(step s);
  effects on_wake(step s);

  std::optional<time_point> wake_at() const;
  /// In the present session, also while it is suspended: parts that are rebuilt meanwhile have to hear of it then,
  /// since nobody joins anew when the connection comes back.
  bool is_joined() const { return phase_ == phase::joined; }
  keeper_status status() const;

private:
  using phase = registration_phase;
  enum class doing {
    looking,
    reading_base,
    reading_root,
    reading_access,
    securing,
    writing_root,
    writing_base,
    reading_pools,
    writing_pools,
    reading_registration,
    writing_registration,
    reading_sentry,
    reading_leave,
    writing_leave
  };
  enum class guard { alive };
  using result = txn_outcome<guard>;
  /// The pool says what another node wants, whose wish is later than ours: it stands for as long as that node lives and
  /// offers the job, and for its D, and for as long as others stand for it.
  struct overruled {
    node_id writer;
    std::string incarnation;
    time_point since;
    bool told = false;
    std::optional<time_point> gone_since;
    /// Since when somebody asks whether others stand for it.
    std::optional<time_point> challenged_since;
  };
  struct offer {
    job_spec spec;
    std::optional<std::vector<item_id>> pool;
    bool pool_dirty = true;
    /// The data of the job's node when it last said what we want: need not be read again while it stays the same.
    std::optional<std::string> agreed;
    /// What we wrote or found last, to notice a node that keeps writing something else.
    std::uint32_t disputes = 0;
    bool written = false;
    /// Written since it was last found to be as we want it.
    bool rewritten = false;
    /// Number of our wish, as in `pool_payload`; nothing: it is new, and overrules whatever is there.
    std::optional<store::zxid_t> wish;
    /// The number is of a write under way.
    bool numbering = false;
    std::optional<overruled> by;
  };
  // Where the answers are.
  struct base_slots {
    read_slot format, root, latches;
    read_slots<std::string> nodes;
  };
  struct pool_slots {
    job_id job;
    read_slot node, items;
    /// Of whoever has written it, when that overrules us.
    struct writer_slots {
      read_slot alive, worker, available;
    };
    std::optional<writer_slots> writer;
  };
  struct pools_slots {
    read_slot version, worker_version;
    /// On the way in, where we have registered before: whether the store has gone back is known before anything is
    /// written.
    std::optional<read_slot> worker;
  };
  struct registration_slots {
    read_slot worker, available, assigned, alive;
  };
  struct leave_slots {
    read_slot worker, alive;
  };
  struct sentry_slots {
    read_slot base, pools, available;
  };
  /// The pool of a job in a write under way.
  struct wish_write {
    job_id job;
    std::size_t op = 0;
  };

  void progress(step s, effects& out);
  void work(step s, effects& out);
  void not_alive(step s, effects& out);
  void give_up(error why, effects& out);
  void connection(connection_state state, effects& out);
  void nothing_left(bool no_pools, effects& out);

  void read_base(effects& out);
  void apply_base(const base_slots& slots, step s, effects& out);
  void make_base(const base_slots& slots, effects& out);
  void base_written(const result& o, step s, effects& out);
  void apply_root(const read_slots<std::string>& chain, step s, effects& out);
  void root_written(const result& o, step s, effects& out);
  bool access_is_due(step s) const;
  void look_at_access(effects& out);
  void apply_access(const read_batch& base, step s, effects& out);
  void apply_walk(const read_batch& asked, step s, effects& out);
  void secured(const result& o, step s, effects& out);
  void walked(step s, effects& out);
  void refused(const std::string& about, const std::string& what, step s, effects& out);
  void end_all_terms(const std::vector<std::string>& latches, txn_builder<guard>& txn) const;
  void doubt_base(const store::conflict* met);
  bool read_pools(effects& out);
  void apply_pools(const pools_slots& base, const std::vector<pool_slots>& pools, step s, effects& out);
  void apply_pool(const pool_slots& slots, offer& o, step s, effects& out);
  void found_as_wanted(const job_id& job, offer& o, effects& out);
  void undisputed(const job_id& job, offer& o, effects& out);
  void write_pool(const pool_slots& slots, offer& o, store::pool_payload want);
  void next_pool_write(effects& out);
  void pools_written(const result& o, step s, effects& out);
  enum class wish_fate { written, refused, unknown };
  void settle_wishes(wish_fate f);
  std::optional<store::zxid_t> new_wish() const;
  void wishes_age();
  bool overrules_us(const offer& o, const store::pool_payload& have) const;
  void stay_back(const pool_slots& slots, offer& o, const store::pool_payload& have, step s, effects& out);
  bool writer_stands(const pool_slots::writer_slots& slots, offer& o, step s) const;
  void tell_overruled(const job_id& job, offer& o, const std::string& schedule, const std::vector<item_id>& theirs,
                      step s, effects& out);
  duration look_period() const { return session_.timeout / 2; }
  void look(effects& out);
  void apply_look(const read_slot& slot, step s, effects& out);
  void apply_looked(const read_slots<job_id>& pools, step s, effects& out);
  void looked_at_some();
  void read_registration(effects& out);
  void apply_registration(const registration_slots& slots, step s, effects& out);
  void wait_for_id(const store::read_result& alive, const expected<store::alive_payload>& shown, step s);
  void next_registration_write(step s, effects& out);
  void registration_written(const result& o, step s, effects& out);
  bool went_back(const store::read_result& worker, step s, effects& out);
  bool superseded(const store::read_result& worker, const expected<store::worker_payload>& have, bool ours);
  std::vector<std::string> base_paths() const;
  std::string first_data(const std::string& path);
  bool is_watched_over(const std::string& path) const;
  void look_soon(step s);
  void read_sentry(effects& out);
  void look_lost(doing what, step s);
  void apply_sentry(const sentry_slots& slots, step s, effects& out);
  void read_leave(effects& out);
  void apply_leave(const leave_slots& slots, step s, effects& out);
  void leave_written(const result& o, step s, effects& out);
  void has_left(effects& out);
  void registered(step s, effects& out);
  std::vector<std::string> root_chain() const;
  store::worker_payload worker_data() const;
  std::string alive_data() const;
  std::string bump();
  static const char* subject_of(doing d);

  settings cfg_;
  store::tree_schema tree_;
  batch_size batch_;
  exchange<keeper_core, doing, effects> store_;
  phase phase_ = phase::detached;
  std::uint64_t next_bump_ = 1;

  bool connected_ = false;
  store::session_view session_;
  bool prepared_ = false;
  bool was_joined_ = false;
  std::string root_missing_;                ///< the topmost node of the way to the root that is to be made
  std::optional<time_point> refused_since_; ///< the store has refused what we need, without a success since
  std::optional<time_point> look_at_;       ///< when to see whether all we rely on is still there

  // whose the tree is, for nodes with credentials
  bool access_known_ = false;
  std::optional<time_point> access_at_; ///< when to look again whether a tree that is open still is
  std::optional<access_walk> walk_;     ///< closes it

  std::map<job_id, offer> offers_;
  bool registration_dirty_ = false;
  bool leave_ = false;

  // looking whether others have changed the pools of our jobs
  std::optional<time_point> glance_at_;
  bool look_due_ = false;
  store::zxid_t looked_ = 0;             ///< the pools' version that was looked at last
  std::optional<store::zxid_t> looking_; ///< the one that is being looked at
  std::vector<job_id> look_jobs_;
  std::size_t look_next_ = 0;
  store::zxid_t seen_wish_ = 0; ///< no wish up to this number is later than what this node knew when it last read

  // pool writing
  std::vector<wish_write> wish_writes_;
  std::vector<store::write_op> pool_ops_;
  std::size_t pool_next_ = 0;
  std::size_t pool_end_ = 0;
  std::int32_t pool_version_ = 0;
  std::int32_t worker_version_ = 0;
  bool overruling_ = false;

  // registration writing: chunks whose last one joins
  std::vector<txn_builder<guard>> registration_chunks_;
  bool joining_ = false;
  /// `workers/<node>` has named this incarnation: another one named there since has taken the id over for good.
  bool named_ = false;
  /// The latest transaction that is known to have named us there.
  store::zxid_t registered_in_ = 0;
  std::optional<read_older> older_; ///< what told us that the store has gone back
  std::string named_before_;        ///< which incarnation `workers/<node>` named before the write under way
  /// The same for a write whose outcome is not known.
  std::optional<std::string> perhaps_named_;
  std::optional<time_point> id_busy_until_;
  std::string id_holder_;

  std::optional<time_point> complain_at_; ///< registration timeout
  keeper_counters counters_;
};

} // namespace djm
