#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "djm/ask_context.hpp"
#include "djm/bytes.hpp"
#include "djm/calendar.hpp"
#include "djm/export.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/job_spec.hpp"
#include "djm/open_run.hpp"
#include "djm/prepare_context.hpp"

namespace djm {

/// The code of a job. Derive from it, or build one from functions with `job_builder`.
///
/// Every member may be called on any executor thread, `run` on several at once (one per concurrent run): members must
/// be safe to call concurrently. djm lets go of the object on one of these threads too, and on no other, when none of
/// its code runs or will run on the node: before `unregister_job` or the shutdown is answered. Exceptions that leave a
/// member are contained: the run counts as failed, the pool stays as it was, the share is worked on in one run until
/// the running strategy, asked again after a while, cuts it.
class DJM_EXPORT job {
public:
  virtual ~job();

  /// The names of all work items of the job, cluster-wide; every node should compute the same. Asked at registration
  /// (until it has answered once, with a back-off between attempts) and, when `pool_check_period` is set, again and
  /// again.
  virtual std::vector<item_id> work_pool() = 0;

  /// Works on the items of `ctx`. Return when done; return soon when `ctx.stop_requested()`.
  virtual void run(job_context& ctx) = 0;

  /// Asked before `run`, on the same thread: true takes the run over, which then goes on without a thread until
  /// `open_run::finish`, and `run` is not called. For work that is done elsewhere, such as in another process: so that
  /// what waits for it needs none of the node's `max_threads`. What it throws ends the run, as of `run`. By default
  /// false. The simulator and the test kit call `run` alone.
  virtual bool begin(const std::shared_ptr<open_run>& run);

  /// Only for `running_mode::custom`: cuts the share into concurrent runs. Items left out are not run now, an empty
  /// part is ignored, an item in two parts or one that is not in the share is an error.
  virtual std::vector<std::vector<item_id>> cut_share(const std::vector<item_id>& share);

  /// Whether runs can work with this configuration; the text of the error names field, value and rule. Asked before the
  /// first run and with each change, but not about an empty one: one that is refused changes nothing on this node, and
  /// is reported. By default any will do. Keep it short: no run starts with a change before it has answered, and one
  /// that takes longer than `job_spec::pool_timeout` is reported.
  virtual expected<void> check_config(const user_config& config) const;

  /// Answers a question about an item that this node holds (`ask_item`), beside whatever run has it. Called on a thread
  /// that runs cannot occupy, for several items and several times for one item at once, `max_questions_of_job` at most.
  /// An error goes to whoever asks as it is; what is thrown becomes `user_code_failed`. At most `max_question_size`
  /// bytes. By default `invalid_state`: the job answers no questions.
  virtual expected<bytes> answer(ask_context& ctx);

  /// What has to be done before any item runs, at least once in the cluster and not on every node: a table that has to
  /// be there, a topic, a migration. Called where `job_spec::prepares` says so, on one node at a time, when the job is
  /// there for the first time and again after each `prepare_again` (`prepare_context::generation` counts); until it has
  /// come back without an error no item starts anywhere that has heard of it. One that was begun may be begun again, on
  /// another node as well: repeat what may be half done. An error, an exception, or a return after
  /// `prepare_context::stop_requested` means that it is not done; it is tried again after a while, from the third
  /// failure in a row on elsewhere if it can be. Rules about runs hold (`run_timeout`, `beat_timeout`, `stop_grace`).
  /// Runs of the generation before may still go on meanwhile. By default there is nothing to do.
  virtual expected<void> prepare(prepare_context& ctx);
};

/// A specification with its code: what `register_job` takes.
struct job_definition {
  /// What djm must know of it.
  job_spec spec;
  /// What to run.
  std::shared_ptr<job> code;
};

/// Builds a definition from functions.
///
///     auto def = djm::job_builder("mail")
///                .items({"eu", "us"})
///                .every(std::chrono::seconds{5})
///                .run([](djm::job_context& ctx) { ... })
///                .build();
class job_builder {
public:
  /// A job of this id; it still needs items (or a pool) and a function to run.
  explicit job_builder(job_id id);

  /// A pool that never changes; it may be empty.
  job_builder& items(std::vector<item_id> fixed_pool);
  /// A pool that `f` names, at registration and then every `check_period` (zero: never again). `f` may return other
  /// items each time; what it throws leaves the pool as it was. The later of `items` and `pool` counts.
  job_builder& pool(std::function<std::vector<item_id>()> f, any_duration check_period = duration::zero());
  /// After this `f`, and the function of `cut_by`, is reported as hanging; 30s by default.
  job_builder& pool_timeout(any_duration d);
  /// Fixed delay between the end of a run and the next start.
  job_builder& every(any_duration period, any_duration initial_delay = duration::zero());
  /// Starts at a fixed rhythm; missed starts are dropped.
  job_builder& at_fixed_rate(any_duration period, any_duration initial_delay = duration::zero());
  /// Runs only when triggered.
  job_builder& on_trigger_only();
  /// Starts at the slots of a calendar: `at(djm::cron("30 2 * * MON-FRI").zone("Europe/Berlin"))`,
  /// `at(djm::aligned(5min))`, `at(djm::once(instant))`, or several of these with `|`.
  job_builder& at(const calendar& c);
  /// Spreads the starts of items over so long after each slot; see `slot_rules::jitter`.
  job_builder& jitter(any_duration most);
  /// What happens to slots that come during a run; `queue_one` by default.
  job_builder& overlap(djm::overlap rule);
  /// What happens to slots that came while nothing could start, and how far back; the latest within a day by default.
  job_builder& catch_up(djm::catch_up rule, any_duration window = std::chrono::hours{24});
  /// What the store is told of the slots, so that none is lost or repeated when items move: by default
  /// `slots::finished` where slots are ten minutes or more apart and each item has runs of its own, else
  /// `slots::forget`. See `slot_rules::remember`.
  job_builder& remember(djm::slots rule);
  /// How close slots may come to each other with `slots::claimed` and `slots::tracked`; a minute by default, 10 s at
  /// least.
  job_builder& least_claim_gap(any_duration d);
  /// Any schedule.
  job_builder& schedule(djm::schedule s);
  /// A run for each item, beside each other; by default one run has the whole share.
  job_builder& thread_per_item();
  /// Runs as `f` cuts the share (`job::cut_share`). Where it fails, or has not come back after `pool_timeout`, the
  /// share runs in one piece until it does.
  job_builder& cut_by(std::function<std::vector<std::vector<item_id>>(const std::vector<item_id>&)> f);
  /// On one node; 0 (the default): no cap but the node's `max_threads`.
  job_builder& max_concurrent_runs(std::uint32_t n);
  /// What happens to items that come while a run goes on; `next_run` by default.
  job_builder& on_new_items(new_items_policy p);
  /// Instead of the node's `stop_grace`; zero (the default): the node's.
  job_builder& stop_grace(any_duration d);
  /// Whether and when runs that failed are tried again; not by default.
  job_builder& retry(djm::retry rule);
  /// A run that takes longer is asked to stop and has failed; zero (the default): no limit.
  job_builder& run_timeout(any_duration d);
  /// The same for a run that does not call `job_context::beat` for so long; zero (the default): it need not.
  job_builder& beat_timeout(any_duration d);
  /// Parks an item when so many of its slots in a row have failed; 0 (the default): never.
  job_builder& park_item_after(std::uint32_t slots);
  /// Refuses an item on this node, as `job_context::decline` does, when so many of its slots in a row have failed; 0
  /// (the default): never.
  job_builder& decline_item_after(std::uint32_t slots);
  /// How long what a node has refused stays away from it; 5 minutes by default, 1 s to 7 days.
  job_builder& refused_for(any_duration d);
  /// Pauses the job on this node when so many slots in a row have failed; 0 (the default): never.
  job_builder& pause_job_after(std::uint32_t slots);
  /// What a change of the items means; `pool_change::live` by default.
  job_builder& on_pool_change(pool_change meaning);
  /// How long an item may be without a place before the leader reports it; zero (the default): for ever, otherwise 1 s
  /// to ten years. Survives `attributes` that say nothing of it.
  job_builder& wait_limit(any_duration d);
  /// Does not run before `enable_job`, when it is the first registration in the cluster; later the switch in the store
  /// counts.
  job_builder& disabled();
  /// Which specification rules while nodes with different ones are there: that with the highest revision.
  job_builder& revision(std::int64_t n);
  /// What people call the deployment that this code comes with.
  job_builder& deployment(std::string name);
  /// What runs get as `ctx.config()` where operators have set nothing else, and thereby what they may set: any
  /// configuration is accepted.
  job_builder& config(user_config defaults);
  /// The same from a struct with a field list; `ctx.config().as<T>()` gives it back. What operators set has to be one
  /// as well: types and ranges are checked, and names that the struct does not have refused.
  template <class T, std::enable_if_t<has_fields<T>, int> = 0>
  job_builder& config(const T& defaults) {
    return checked_config(user_config::of(defaults), [](const user_config& c) { return checked_as<T>(c); });
  }
  /// "balanced" by default.
  job_builder& strategy(std::string name);
  /// What the planner must know. Takes the place of what `strategy` has set.
  job_builder& attributes(job_attributes a);
  /// What a run does.
  job_builder& run(std::function<void(job_context&)> f);
  /// What is said to questions about items (`job::answer`); by default the job answers none.
  job_builder& on_ask(std::function<expected<bytes>(ask_context&)> f);

  /// Has `f` called before any item runs (`job::prepare`). What it throws means that it is not done.
  job_builder& prepare(std::function<void(prepare_context&)> f);

  /// Complains about what is missing or breaks a rule, by the first complaint.
  expected<job_definition> build() const;

private:
  using config_check = std::function<expected<void>(const user_config&)>;

  template <class T>
  static expected<void> checked_as(const user_config& c) {
    value_reader reader{unknown_keys::refused, secret_texts::references};
    T x{};
    reader.read(c.view(), x);
    return reader.complaints().result();
  }
  job_builder& checked_config(expected<user_config> defaults, config_check check);

  job_spec spec_;
  expected<void> calendar_; ///< what is wrong with it
  config_check config_check_;
  expected<void> config_fault_{};
  std::vector<item_id> fixed_;
  bool has_pool_ = false;
  std::function<std::vector<item_id>()> pool_;
  std::function<std::vector<std::vector<item_id>>(const std::vector<item_id>&)> cut_;
  std::function<void(job_context&)> run_;
  std::function<expected<bytes>(ask_context&)> answer_;
  std::function<void(prepare_context&)> prepare_;
};

} // namespace djm
