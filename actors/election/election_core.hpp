#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/dialogue/exchange.hpp"
#include "djm/status.hpp"
#include "zkstore/session_core.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// The leader latch: the candidate with the lowest sequence number leads (protocol §4.7).
///
///   out ─joined─► looking ─none of ours─► entering ─► looking
///                    │ lowest: granted(epoch)            ▲
///                    │ else: watch the one before ───────┘ it changed, T passed, connection came back
///
/// Own candidates are those whose ephemeral owner is our session: the lowest is kept, others (of a transaction whose
/// outcome was unknown) are deleted. A node of a candidate's name that no session holds is nobody's: it is passed over
/// and reported. The epoch is the creation zxid of the latch node, so it grows from leader to
/// leader. Leadership is revoked as soon as the connection is suspended; a leader that does not notice in time cannot
/// harm, because each of its transactions checks its latch node.
///
/// A node that does not stand never enters. It looks each T, without a watch, so that a change of leader does not wake
/// all of them at once, and reports that nobody leads when two looks in a row have found nobody.
class election_core {
public:
  struct granted {
    std::int64_t epoch;
    std::string latch;
    std::uint64_t session;
  };
  struct revoked {};

  using effect = std::variant<commit_effect, read_effect, granted, revoked, emit_effect, log_effect>;
  using effects = std::vector<effect>;

  struct settings {
    node_id node;
    std::string incarnation;
    std::string root = "/djm";
    duration backoff_min = std::chrono::milliseconds{100};
    duration backoff_max = std::chrono::seconds{5};
    /// Whether this node would lead.
    bool stands = true;
  };

  explicit election_core(settings s);

  effects on_session(const store::session_view& view, step s);
  effects on_joined(std::uint64_t number, step s);
  effects on_unjoined(step s);
  effects on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s);
  effects on_read(std::uint64_t request, const store::read_outcome& outcome, step s);
  effects on_watch(const store::watch_event& e, step s);
  /// Give leadership up and stand no more; the latch goes with the session.
  effects on_resign(step s);
  effects on_wake(step s);

  std::optional<time_point> wake_at() const { return online() ? store_.retry_at() : std::nullopt; }
  election_status status() const;

private:
  /// Where the answers about candidates are.
  struct inspection {
    read_batch all;
    read_slots<std::string> own; ///< those with our prefix, by sequence number
    read_slot before;            ///< who is before the first of them, if anybody
    read_slot lowest;            ///< of all, if there is one
  };

  bool online() const { return connected_ && joined_ != 0 && joined_ == session_.number && !resigned_; }
  /// Nothing is to be done before something changes.
  bool settled() const { return leading_ || !watched_.empty() || (!cfg_.stands && !names_.empty()); }
  void look(effects& out);
  void listed(const read_slot& latches, step s, effects& out);
  void inspect(effects& out);
  bool unmask(const read_batch& asked, effects& out);
  void decide(const inspection& seen, step s, effects& out);
  void stand(const std::vector<std::string>& mine, effects& out);
  void observe(const inspection& seen, step s, effects& out);
  void leave_office(effects& out);
  void learn(node_id leader, std::int64_t epoch, effects& out);
  void look_again_later(step s);

  settings cfg_;
  store::tree_schema tree_;
  exchange<election_core, const char*, effects> store_;
  bool connected_ = false;
  bool resigned_ = false;
  store::session_view session_;
  std::uint64_t joined_ = 0;
  bool routine_ = false;           ///< the list is read only to see whether it has changed
  bool dirty_ = false;             ///< look again when the current question is answered
  std::vector<std::string> names_; ///< candidates by sequence number
  /// Names of candidates behind which nobody stands: no session holds them. Only those that are listed.
  std::set<std::string> impostors_;
  std::string watched_;
  bool leading_ = false;
  bool leaderless_ = false; ///< the latest look of a node that does not stand found nobody
  std::int64_t epoch_ = 0;
  node_id leader_;
  std::int64_t leader_epoch_ = 0;
  std::uint64_t changes_ = 0; ///< of the leader that we know
};

} // namespace djm
