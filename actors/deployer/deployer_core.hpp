#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/dialogue/exchange.hpp"
#include "djm/job_kind.hpp"
#include "zkstore/session_core.hpp"
#include "zkstore/tree/submissions.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// Makes jobs of what is submitted, for the kinds that this node knows, and lets go of those whose submission is gone
/// (protocol §4.17).
///
///   looking ─changed─► reading ─one that is not here─► marking ─► making ─► registering ─► releasing ─► looking
///                         │ the submission of a job that is here is gone       │ declined      ▲
///                         └─► withdraw                                         └───────────────┘
///
/// Looks at all of them with each of its events, which are few: a change of records, a look each T/2, an answer of its
/// own. Who submits sees to it that there are at most `store::most_submissions`.
///
/// One submission after the other: before the factory is called, its submission is marked with the life of this node,
/// so that a process that ends in it is counted by whoever finds the mark. Every transaction checks `alive/<node>`, the
/// version of the records as it was before the submission was read, and the version of the submission.
class deployer_core {
public:
  struct known_kind {
    std::string name;
    std::int64_t version = 1;
    bool closed_tree_only = false;
  };

  /// Calls the factory of that kind; answered by `on_made`.
  struct make {
    store::zxid_t number;
    std::string kind;
    submitted_job what;
  };
  /// Registers what the factory has made of that submission; answered by `on_registered`.
  struct register_made {
    job_id id;
    store::zxid_t number;
  };
  /// Lets go of what was made and is not wanted any more.
  struct forget_made {};
  /// The job is given back; answered by `on_withdrawn`.
  struct withdraw {
    job_id id;
  };

  using effect =
    std::variant<commit_effect, read_effect, emit_effect, log_effect, make, register_made, forget_made, withdraw>;
  using effects = std::vector<effect>;

  struct settings {
    node_id node;
    std::string incarnation;
    std::string root = "/djm";
    duration backoff_min = std::chrono::milliseconds{100};
    duration backoff_max = std::chrono::seconds{5};
    /// Of each name the latest version.
    std::vector<known_kind> kinds;
    /// How long a factory may take.
    duration patience = std::chrono::seconds{30};
    /// This part takes the place of one that has deployed these, of those submissions.
    std::map<job_id, store::zxid_t> deployed;
  };

  explicit deployer_core(settings s);

  effects on_session(const store::session_view& view, step s);
  effects on_read(std::uint64_t request, const store::read_outcome& outcome, step s);
  effects on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s);
  effects on_watch(const store::watch_event& e, step s);
  /// The factory has come back: `why` it could not make the job; empty: it has.
  effects on_made(store::zxid_t number, const std::string& why, step s);
  /// The node has taken the job, or not.
  effects on_registered(const job_id& id, store::zxid_t number, const std::string& why, step s);
  /// The node does not have the job any more.
  effects on_withdrawn(const job_id& id, step s);
  effects on_wake(step s);
  /// The node stops: no other attempt is begun, and the mark of the one under way is taken back.
  effects on_stop(step s);

  std::optional<time_point> wake_at() const;

private:
  /// What is known of one submission, or of a job that was made of it.
  struct entry {
    bool dirty = true;
    /// The node that calls the factory is looked for, and its mark is watched.
    bool ask_holder = false;
    bool waits = false;
    bool leaving = false;     ///< the node was told to give the job back
    store::zxid_t number = 0; ///< czxid of the submission that is there; 0: none is
    std::int32_t version = 0;
    std::optional<store::submission_payload> what;
    std::string data;                  ///< the same, with what later versions have written
    std::optional<std::string> holder; ///< which life of the one that calls the factory is alive
    std::string loose;                 ///< why a kind that wants a closed tree is not taken from it; empty: it is
    store::zxid_t declined = 0;        ///< the submission that this life has declined; 0: none
    store::zxid_t deployed = 0;        ///< the submission of which the job is here; 0: it is not
  };
  enum class stage : std::uint8_t { making, registering, releasing };
  /// The one that is deployed.
  struct attempt {
    job_id id;
    store::zxid_t number = 0;
    stage now = stage::making;
    std::string why;    ///< it is declined
    time_point until{}; ///< how long the factory may take
  };
  struct found_one {
    job_id id;
    read_slot submission;
    std::optional<read_slot> access;
    std::optional<std::pair<node_id, read_slot>> holder;
  };
  /// Who may write what a submission hangs on, and what only this node can have made.
  struct access_slots {
    read_slot root, folder, own;
  };
  struct answers {
    read_slot version, self;
    std::optional<read_slot> all;
    std::optional<access_slots> access;
    std::vector<found_one> found;
  };

  void next(step s, effects& out);
  void look(effects& out);
  void looked(const read_slot& version, step s, effects& out);
  void read(effects& out);
  void answered(const answers& a, step s, effects& out);
  void learn(const answers& a, const found_one& f, effects& out);
  bool listed(const read_slot& all, step s, effects& out);
  void part_with(effects& out);
  bool take_next(step s, effects& out);
  bool take(const job_id& id, entry& e, step s, effects& out);
  void write(const job_id& id, const entry& e, const store::submission_payload& next, effects& out);
  void written(const job_id& id, const store::submission_payload& next, const store::commit_outcome& o, step s,
               effects& out);
  void cannot_write(const job_id& id, const error& why, effects& out);
  void begin(const job_id& id, const entry& e, step s, effects& out);
  void decline(std::string why, effects& out);
  bool release(step s, effects& out);
  const known_kind* kind_of(const entry& e) const;
  bool any_dirty() const;
  std::string about(const job_id& id) const;
  void look_later(step s) { look_at_ = s.now + session_.timeout / 2; }

  settings cfg_;
  store::tree_schema tree_;
  exchange<deployer_core, const char*, effects> store_;
  store::session_view session_;
  bool any_closed_ = false; ///< some kind wants a closed tree
  std::map<job_id, entry> entries_;
  bool all_ = true;                   ///< the list of submissions is not known
  std::optional<std::int32_t> seen_;  ///< changes of records up to this version are noticed
  std::int32_t records_ = 0;          ///< the version of records before the submissions were read
  std::optional<time_point> look_at_; ///< the next look
  std::optional<attempt> attempt_;
  bool stopping_ = false;
};

} // namespace djm
