#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/dialogue/exchange.hpp"
#include "djm/client_answers.hpp"
#include "zkstore/session_core.hpp"
#include "zkstore/tree/cluster_orders.hpp"
#include "zkstore/tree/item_states.hpp"
#include "zkstore/tree/submissions.hpp"

namespace djm {

/// One order that somebody outside of the cluster gives: read, decided, committed, until it stands, cannot be, or its
/// time is over. Whoever gives it holds no `alive/<w>`, so the guards are the version node and the versions of what is
/// changed, in the session in which both were read. To add an order: an alternative of `order`, `begin` for what it
/// reads, and the member that decides on the answers. Pure; one use.
class order_core {
public:
  struct set_marks {
    node_id worker;
    store::wished_marks wish;
  };
  struct switch_job {
    job_id job;
    bool enabled;
  };
  struct switch_all {
    bool disabled;
  };
  /// A change of a job's record.
  struct change_record {
    job_id job;
    store::job_order what;
    /// Only if the record is at this `rev` still.
    std::optional<std::int64_t> expected_rev;
  };
  /// What is saved of an item.
  struct set_state {
    store::state_order what; ///< named as the order is
  };
  /// A job that is submitted.
  struct submit {
    submission what; ///< with its request
  };
  /// Changes of the tree that were decided already. They are sent once: what stands in their way has changed since.
  struct mend {
    /// The session in which they were decided.
    std::uint64_t session;
    std::vector<store::write_op> ops;
  };
  using order = std::variant<set_marks, switch_job, switch_all, change_record, set_state, submit, mend>;

  struct done {
    expected<order_result> result;
  };
  using effect = std::variant<commit_effect, read_effect, done>;
  using effects = std::vector<effect>;

  struct settings {
    std::string root = "/djm";
    /// Names the order, for the version node: unlike what any node, and any other order, writes.
    std::string who;
    order_mode mode = order_mode::write;
    duration backoff_min = std::chrono::milliseconds{50};
    duration backoff_max = std::chrono::seconds{1};
  };

  order_core(settings s, order what);

  effects on_session(const store::session_view& view, step s);
  effects on_read(std::uint64_t request, const store::read_outcome& outcome, step s);
  effects on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s);
  effects on_wake(step s);
  /// The time of whoever waits is over.
  effects on_timeout();
  std::optional<time_point> wake_at() const { return store_.retry_at(); }
  /// It has been answered.
  bool over() const { return over_; }

private:
  struct slots {
    read_slot version, subject, registration;
    std::optional<read_slot> submission{}; ///< of a job that is removed
  };

  void next(effects& out);
  void begin(const set_marks& x, effects& out);
  void begin(const switch_job& x, effects& out);
  void begin(const switch_all& x, effects& out);
  void begin(const change_record& x, effects& out);
  void begin(const set_state& x, effects& out);
  void begin(const submit& x, effects& out);
  void begin(const mend& x, effects& out);
  void ask(const std::string& version, const std::string& subject, const std::string& registration, effects& out,
           const std::string& submission = {});
  bool unreadable(const read_slot& version, std::initializer_list<const read_slot*> all, effects& out);
  void decide(const slots& answers, step s, effects& out);
  void decide_submission(const read_slot& version, const store::submission_reads& found, step s, effects& out);
  bool changed_since_sent(const store::read_result& version, const job_id& job) const;
  void decide_state(const store::state_question& found, step s, effects& out);
  void stands(effects& out);
  store::order_ops ops_of(const slots& answers, step s);
  store::order_ops ops_of_record(const change_record& x, const slots& answers, step s);
  /// Raises the version node, so that everybody who watches it hears of the change.
  store::write_op tell(const slots& answers);
  void commit(store::transaction txn, effects& out);
  void again(step s, errc code, std::string why);
  void answer(expected<order_result> result, effects& out);

  settings cfg_;
  store::tree_schema tree_;
  order what_;
  exchange<order_core, std::monostate, effects> store_;
  bool connected_ = false;
  bool over_ = false;
  std::uint64_t session_ = 0;
  std::string version_path_;
  std::vector<std::string> changes_; ///< of the transaction under way, or the latest one
  error obstacle_{errc::not_connected, "there was no connection to the store"};
  /// Of the record, or the state of an item, as the order leaves it.
  std::int64_t rev_ = 0;
  /// The submission that a removal takes with it.
  store::zxid_t taken_ = 0;
  /// `jobs-version` as it was when a submission was sent last.
  std::int32_t sent_at_ = 0;
  /// A transaction may have been applied, or may still be.
  bool uncertain_ = false;
  std::uint32_t sent_ = 0;
};

/// What each operation of a transaction does, for people; checks are left out. `meaning` stands for data that is too
/// long to be read.
std::vector<std::string> changes_of(const std::vector<store::write_op>& ops, const std::string& meaning = {});

} // namespace djm
