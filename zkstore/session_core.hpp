#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "djm/duration_histogram.hpp"
#include "djm/session_phase.hpp"
#include "djm/time.hpp"
#include "zkstore/backoff.hpp"
#include "zkstore/ensemble_port.hpp"
#include "zkstore/session/op_table.hpp"
#include "zkstore/session/prober.hpp"
#include "zkstore/session/question.hpp"
#include "zkstore/session/size_suspect.hpp"
#include "zkstore/session/watch_table.hpp"
#include "zkstore/types.hpp"

namespace djm::store {

using djm::session_phase;

/// What clients are told about the session, whole at every change.
struct session_view {
  session_phase phase = session_phase::idle;
  /// Counts the sessions of this core from 1; 0 = none yet. Two sessions never share a number. It moves when a server
  /// has granted the new session, so while `connecting` it still names the previous one.
  std::uint64_t number = 0;
  session_id_t id = 0;
  /// Negotiated timeout (T) of the latest connect.
  duration timeout = duration::zero();
  /// Connects of this session so far: 1 after the first, more after reconnects.
  std::uint32_t connects = 0;
  /// When this session was asked for, or the next one while `connecting`, on our clock. The server that leads the
  /// ensemble begins it itself and counts T from then or later.
  std::optional<time_point> asked_at;
  /// When our own `close` was asked for; only meaningful in phase `closed`.
  time_point closed_at{};
  /// What stood in the way of the latest attempt to open a handle or of the credentials; none after a connect.
  error trouble;
};

struct session_limits {
  /// How long a sent operation may stay unanswered, and how long a waiting one waits while the server answers nothing.
  duration operation_deadline = std::chrono::seconds{3};
  std::size_t window_ops = 1000;
  std::size_t window_bytes = 4u << 20;
  /// One request packet, at most; larger transactions are rejected before they are sent.
  std::size_t max_request_bytes = 512u << 10;
  /// Requests waiting for the window, at most; beyond, reads fail and commits are rejected (`too_large`).
  std::size_t max_queued_ops = 200000;
  std::size_t max_watches = 4000;
  std::size_t max_watch_bytes = 512u << 10;
  duration backoff_min = std::chrono::milliseconds{100};
  duration backoff_max = std::chrono::seconds{5};
  /// After the connection was away for T and this long (D), whatever was locked in this session may not be worked with
  /// any more; from then on a scout is asked for, each T, whether the store has gone back. Nothing: never.
  std::optional<duration> scout_after;
  /// The node that a barrier checks: a multi of one check, committed by quorum. Any definite answer will do.
  std::string barrier_path = "/";
};

/// Counters for status and metrics; monotone but for the present loads (`in_flight_*`, `queued_ops`, `watches`,
/// `watch_bytes`). `commits` counts transactions known to be applied, `reads` single reads sent.
struct session_counters {
  std::uint64_t commits = 0, conflicts = 0, unknowns = 0, rejections = 0, reads = 0, probes = 0, watch_events = 0,
                watches_refused = 0, overdue = 0, connects = 0, sessions = 0, barriers = 0;
  std::size_t in_flight_ops = 0, in_flight_bytes = 0, queued_ops = 0, watches = 0, watch_bytes = 0;
  std::size_t max_in_flight_bytes = 0, max_transaction_bytes = 0, max_watches = 0, max_watch_bytes = 0;
  duration_histogram commit_time, read_time;
};

/// Owns one session at a time: op table with deadlines, window, size guard, watch table, barrier, probe and contact.
/// Pure: events in, effects out. Both stores run under this same class, so what simulation proves of it holds on
/// ZooKeeper.
///
///          open             connected            connecting
///   idle ---------> connecting ---------> connected <--------> suspended
///                    ^      |                 |    connected       |
///                    |      | auth_failed     | expired            | expired
///                    |      v                 v                    v
///                    |   refused           expired <---------------+
///                    +------------------------+          close: any ---> closed
///
/// Answers. A question is answered exactly once, unless its client is forgotten. Sent commits that are still open at a
/// loss of the session are `session_lost`, at our own close or at the deadline `unknown`; commits that were never sent
/// are `session_lost` at a loss or close and `rejected` (`not_connected`, `timed_out`) at the deadline. Batches of
/// reads end as a whole: `failed` when any of them is not answered or the connection broke in between. Watches live as
/// long as the session. An event for a batch that is still being answered is held back until the batch is, so that
/// nobody hears of a watch before learning that it was left.
///
/// Bounds: `window_*` operations in flight, `max_queued_ops` waiting, `max_watches` watches, two probes.
class session_core {
public:
  // -- effects, in the order in which they must be carried out --

  /// Open a new handle; its events are fed back with this number.
  struct open_handle {
    std::uint64_t handle;
  };
  struct close_handle {
    std::uint64_t handle;
  };
  struct submit {
    std::uint64_t handle;
    op_id_t id;
    raw_request request;
  };
  struct commit_done {
    ticket to;
    commit_outcome outcome;
  };
  struct read_done {
    ticket to;
    read_outcome outcome;
  };
  /// A watch of these clients fired (once per client, whatever the number of its watches on the path).
  struct watch_fired {
    std::vector<std::uint32_t> clients;
    watch_event event;
  };
  struct session_changed {
    session_view view;
  };
  /// Contact moved: the send time of the latest successful probe of session `number` that was followed, T/3 or more
  /// later, by another successful one (protocol §1).
  struct contact_advanced {
    std::uint64_t number;
    time_point contact;
  };
  /// A probe was answered with "no node": the session lives, but what was probed is gone.
  struct probe_failed {
    std::uint64_t number;
  };
  enum class subject : std::uint8_t { connect, size };
  /// Something that users should hear of, each thing once until there is a connection (`connect`), or until it is over.
  struct report {
    error why;
    subject about = subject::connect;
  };
  struct report_over {
    subject about;
  };
  /// Send a scout (`session_factory::scout`) unless anything still runs, and feed back what it found: `raw_scouted`.
  struct scout {
    std::uint64_t handle;
    std::uint64_t number;
  };
  /// The store has less than we have seen in this session: it was restored, or its data is lost. The servers refuse the
  /// session for that, and no server will ever say that it is over: it must be given up, and this life of the node with
  /// it (protocol §3, rule 8). `found` is not always below `seen`: of the probes of others a session does not see the
  /// numbers, but its client library does.
  struct went_back {
    zxid_t seen;
    zxid_t found;
  };
  /// Call `on_timer(generation, now)` at `at`. Only the latest generation counts; stale ones are ignored.
  struct arm_timer {
    std::uint64_t generation;
    time_point at;
  };

  using effect = std::variant<open_handle, close_handle, submit, commit_done, read_done, watch_fired, session_changed,
                              contact_advanced, probe_failed, report, report_over, scout, went_back, arm_timer>;
  using effects = std::vector<effect>;

  explicit session_core(session_limits limits);

  // -- events; every one carries `now`, those that draw jitter an `entropy` value --

  /// Opens the first session (phase idle, closed or refused; otherwise nothing happens).
  effects open(time_point now);
  /// Ends the session: pending questions are answered (`unknown` / `session_lost`), then the handle is closed.
  effects close(time_point now);
  /// `session` is the number of the one in which the transaction was decided; in any other it is answered
  /// `session_lost` and never sent: what was read or made in a session that is over says nothing of this one.
  effects commit(ticket from, std::uint64_t session, transaction txn, time_point now);
  /// Reads are answered in one outcome, in order, from one server. `fresh` puts them behind a barrier.
  effects read(ticket from, std::vector<read_op> reads, bool fresh, time_point now);
  /// Drops the client's watches and unanswered questions (a client that is gone gets no answers).
  effects forget(std::uint32_t client, time_point now);
  /// Probes `path` each T/3 from now on in session `number`; ignored when that is not the current session.
  effects start_probing(std::uint64_t number, std::string path, time_point now);
  effects stop_probing(time_point now);
  effects on_raw(std::uint64_t handle, raw_event event, time_point now, std::uint64_t entropy);
  /// Opening failed at once (bad connect string, no resources): tried again with back-off.
  effects on_open_failed(std::uint64_t handle, error why, time_point now, std::uint64_t entropy);
  effects on_timer(std::uint64_t generation, time_point now);

  const session_view& view() const noexcept { return view_; }
  const session_counters& counters() const noexcept { return counters_; }

private:
  using questions = std::map<std::uint64_t, question>;
  struct waiting {
    std::uint64_t question;
    time_point since;
  };
  /// What to tell questions that cannot be answered.
  struct verdict {
    commit_outcome sent_commit;
    commit_outcome unsent_commit;
    read_status batch;
    std::string text;
  };

  bool reachable() const noexcept;
  effects refuse(ticket from, error why, bool by_size = false);
  effects refuse(ticket from, read_status status, std::string text);
  effects flush(time_point now);

  // Waiting line and window.
  void pump(time_point now);
  bool send_commit(std::uint64_t number, pending_commit& commit, time_point now);
  bool send_batch(std::uint64_t number, pending_batch& batch, time_point now);
  void give_up_overdue(time_point now);
  std::optional<time_point> queue_deadline();
  void send_due_probe(time_point now);
  void arm(time_point now);

  // Completions.
  void on_completion(raw_completion&& done, time_point now);
  void on_read(const op_table::entry& op, raw_completion&& done);
  void on_barrier(const op_table::entry& op, rc code, time_point now);
  void on_probe(op_id_t id, rc code);
  void on_watch(const watch_event& event);
  void on_scouted(const raw_scouted& found);
  void note_seen(const raw_completion& done);
  void learn_size(const op_table::entry& op, rc code);
  commit_outcome outcome_of(raw_completion&& done) const;

  // Answers.
  void answer_commit(std::uint64_t number, commit_outcome outcome);
  void answer_batch(std::uint64_t number, read_status status, std::string text);
  void answer_all(const verdict& v);
  static std::size_t unsent_ops(const question& q);
  void erase(questions::iterator i);

  // Session life.
  void on_link(const raw_link& link, time_point now, std::uint64_t entropy);
  void on_connected(const raw_link& link, time_point now);
  void on_connecting();
  void on_expired(time_point now, std::uint64_t entropy);
  void not_opened(error why, time_point now, std::uint64_t entropy);
  void open_handle_now(time_point now);
  void reopen_later(time_point now, std::uint64_t entropy);
  void end_session(session_phase phase, const verdict& v);
  void announce();

  session_limits limits_;
  session_view view_;
  session_counters counters_;
  op_table ops_;
  watch_table watches_;
  prober prober_;
  effects out_;

  questions questions_;
  std::uint64_t last_question_ = 0;
  /// Questions with something to send, in order of submission. May name questions that are answered already.
  std::deque<waiting> queue_;
  std::size_t queued_ops_ = 0;
  /// Latest sign that the server works on what it has been given.
  time_point progress_{};

  std::uint64_t handle_ = 0;
  std::uint64_t last_handle_ = 0;
  /// A handle that we have closed and that has not said `closed` yet: a new session waits for it.
  std::uint64_t closing_handle_ = 0;
  bool open_when_closed_ = false;
  std::optional<time_point> reopen_at_;
  backoff backoff_;
  /// What was reported since the latest connect.
  std::vector<error> reported_;
  static constexpr std::size_t max_reports = 8;

  size_suspect sizes_;

  /// The latest transaction that this session has seen the effect of.
  zxid_t seen_ = 0;
  std::optional<time_point> scout_at_;
  bool scouting_ = false;
  std::uint64_t scouts_ = 0;
  /// Scouts in a row that were answered.
  unsigned got_through_ = 0;

  std::uint64_t timer_generation_ = 0;
  std::optional<time_point> armed_;
};

} // namespace djm::store
