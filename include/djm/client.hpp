#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "djm/client_answers.hpp"
#include "djm/cluster_view.hpp"
#include "djm/error.hpp"
#include "djm/export.hpp"
#include "djm/item_state.hpp"
#include "djm/log.hpp"
#include "djm/node_config.hpp"
#include "djm/refusal_view.hpp"
#include "djm/strategy.hpp"
#include "djm/submission.hpp"
#include "djm/time.hpp"
#include "djm/tree_finding.hpp"

namespace djm {

class client_call;

/// How a client reaches the store, and how long it waits.
struct client_options {
  /// As that of the nodes: `connect`, `root` and `digest` have to be theirs. `secure_tree` is not looked at.
  store_config store;
  /// How long a call takes at most, unless it is given another time; 1ms to 1h, default 10s.
  any_duration timeout = std::chrono::seconds{10};
  /// Receives what the client library of the store says; empty: nobody.
  log_sink log;
  /// Strategies of your own, for `explain_item`, `what_if` and `stoppable`; null: the built-in ones. Jobs of another
  /// strategy are not planned, and that is said.
  std::shared_ptr<const strategy_registry> strategies;
  /// Locks are read one by one up to so many items; a view of more leaves all holders out, and says so. Default 100000.
  std::uint32_t max_lock_reads = 100'000;
};

/// Looks at a cluster and gives orders from outside. It is connected to the store alone: it registers nothing, is no
/// candidate, gets no items, and works with no node alive. What lives within nodes (runs, their history, problems) it
/// does not know. Each call blocks until it has an answer, at most for `timeout` of the options or the one it is given.
///
/// Errors of every call:
/// - `not_connected`: there was no connection to the store in time; the text says what stood in its way.
/// - `timed_out`: there was one, and the store did not answer in time.
/// - `no_permission`: the store refuses the account. Nothing was changed.
/// - `malformed_payload`: there is no tree of djm at the root, or what was asked about cannot be read.
///
/// Errors of orders besides: of these nothing has been changed, but for the last.
/// - `conflict`: others kept changing the same, or it is not as it was when it was looked at.
/// - `invalid_state`: it makes no sense as things stand; the text says why.
/// - `unknown_outcome`: it may or may not have been written, or may still be. Look again.
///
/// Orders are guarded by the versions of what they change, and by the version node that the leader watches; an order
/// whose outcome is unknown is looked at again, and repeated where it does not stand, as long as there is time.
/// Thread-safe, except for moves and destruction: calls of several threads come one after the other, and waiting for
/// another one counts.
class DJM_EXPORT client {
public:
  /// Checks the options and begins to connect; does not wait for it. `invalid_connect_string`, `invalid_config`.
  static expected<client> open(client_options options);

  /// Takes the client over; the other one may only be destroyed or assigned to.
  client(client&&) noexcept;
  /// Ends this client as the destructor does, and takes the other one over.
  client& operator=(client&&) noexcept;
  /// Closes the session, which takes milliseconds, or up to 20 s when the store does not answer.
  ~client();

  // -- what the tree shows --

  /// The cluster as the tree shows it.
  expected<cluster_view> get_cluster(optional_duration timeout = {});
  /// One job of it. `unknown_job`.
  expected<job_view> get_job(const job_id& job, optional_duration timeout = {});
  /// A page of items. `unknown_job` for a job that is not there.
  expected<item_page> get_items(const item_query& query, optional_duration timeout = {});
  /// The record of a job: what every node follows, and what operators have set. `unknown_job`: it has none.
  expected<record_view> get_record(const job_id& job, optional_duration timeout = {});
  /// All locks, also those of items that are not there, in the order of jobs and items.
  expected<std::vector<lock_view>> get_locks(optional_duration timeout = {});
  /// What workers have refused, in the order of workers.
  expected<std::vector<refusal_view>> get_refusals(optional_duration timeout = {});
  /// Every node of the tree, each before those below it.
  expected<std::vector<tree_node>> get_tree(optional_duration timeout = {});

  // -- what would be --

  /// Why an item is where it is, by a plan made of what the tree shows. `unknown_job`: there is no such item;
  /// `unknown_strategy`: only nodes can plan that job.
  expected<item_explanation> explain_item(const job_id& job, const item_id& item, optional_duration timeout = {});
  /// What would be planned if the cluster were another one. `unknown_worker`, `invalid_config`.
  expected<what_if_answer> what_if(const what_if_question& question, optional_duration timeout = {});
  /// Which of these nodes may be stopped together, without an item losing its place or the cluster its last node.
  expected<stoppable_answer> stoppable(const std::vector<node_id>& nodes, optional_duration timeout = {});

  // -- marks and switches --

  /// Both marks of a worker in one order; what is not given stays as it is. `invalid_id`; `invalid_config` when neither
  /// is given.
  expected<order_result> mark(const node_id& worker, std::optional<bool> draining, std::optional<bool> cordoned,
                              order_mode mode = order_mode::write, optional_duration timeout = {});
  /// Others take the worker's items, as far as they have room. The worker need not be there. `invalid_id`.
  expected<order_result> drain(const node_id& worker, order_mode mode = order_mode::write,
                               optional_duration timeout = {});
  /// Takes back what `drain` did.
  expected<order_result> undrain(const node_id& worker, order_mode mode = order_mode::write,
                                 optional_duration timeout = {});
  /// The worker gets nothing new.
  expected<order_result> cordon(const node_id& worker, order_mode mode = order_mode::write,
                                optional_duration timeout = {});
  /// Takes back what `cordon` did.
  expected<order_result> uncordon(const node_id& worker, order_mode mode = order_mode::write,
                                  optional_duration timeout = {});
  /// Switches a job on. `unknown_job`.
  expected<order_result> enable_job(const job_id& job, order_mode mode = order_mode::write,
                                    optional_duration timeout = {});
  /// Switches a job off: its runs are asked to stop. `unknown_job`.
  expected<order_result> disable_job(const job_id& job, order_mode mode = order_mode::write,
                                     optional_duration timeout = {});
  /// Ends `disable_all`; jobs that were disabled one by one stay so.
  expected<order_result> enable_all(order_mode mode = order_mode::write, optional_duration timeout = {});
  /// Switches every job off, whatever its own switch says.
  expected<order_result> disable_all(order_mode mode = order_mode::write, optional_duration timeout = {});

  // -- what all nodes follow, whatever is deployed --
  //
  // Orders about a job's record. `rev`: only if the record is at it still, else `conflict`. `unknown_job`: it has no
  // record. `invalid_state`: it is removed, or being removed. `invalid_config`, `too_large`: nothing is written.

  /// As `djm::update_job`: overrides fields of the specification that rules, such as its schedule, on top of those that
  /// are overridden already; null takes one back.
  expected<order_result> update_job(const job_id& job, user_config overrides, std::optional<std::int64_t> rev = {},
                                    order_mode mode = order_mode::write, optional_duration timeout = {});
  /// The same in place of all earlier overrides.
  expected<order_result> replace_overrides(const job_id& job, user_config overrides,
                                           std::optional<std::int64_t> rev = {}, order_mode mode = order_mode::write,
                                           optional_duration timeout = {});
  /// As `djm::configure_job`: what runs get. A client cannot ask the job's code whether it can work with it: nodes
  /// whose code refuses it go on with what they had, and report a problem. To have it judged first, give it to a node.
  expected<order_result> configure_job(const job_id& job, user_config config, std::optional<std::int64_t> rev = {},
                                       order_mode mode = order_mode::write, optional_duration timeout = {});
  /// No new run of the job starts anywhere.
  expected<order_result> pause_job(const job_id& job, order_mode mode = order_mode::write,
                                   optional_duration timeout = {});
  /// Ends `pause_job`.
  expected<order_result> resume_job(const job_id& job, order_mode mode = order_mode::write,
                                    optional_duration timeout = {});
  /// As `djm::prepare_again`: the job is prepared once more before any further run starts. `invalid_state` where it
  /// prepares nothing.
  expected<order_result> prepare_again(const job_id& job, order_mode mode = order_mode::write,
                                       optional_duration timeout = {});
  /// As `djm::remove_job`: every node gives it back, and none comes back with it. One that was submitted goes together
  /// with its submission, whether any node has it yet or not.
  expected<order_result> remove_job(const job_id& job, order_mode mode = order_mode::write,
                                    optional_duration timeout = {});
  /// As `djm::trigger_job`: once more, on every node that holds items of it. `request` names it, so that it may
  /// be repeated; empty: a name is drawn. `invalid_id`; `invalid_state` while the job is paused.
  expected<order_result> trigger_job(const job_id& job, std::string request = {}, order_mode mode = order_mode::write,
                                     optional_duration timeout = {});

  // -- jobs that are submitted --

  /// Submits a job: every node that knows its kind (`node_options::kinds`) makes it and offers it, until it is removed
  /// (`remove_job`). Done when it stands in the store; whether nodes have made it, `wait_job` says. The same request
  /// with the same content again is the same submission: done, and nothing changed. `duplicate_job`: another one of
  /// that id is there, and the text names who has submitted it; or nodes register that job themselves. `invalid_state`:
  /// no node that is alive knows the kind, unless `unknown_kind::waits`. `invalid_id`, `invalid_config`, `too_large`.
  expected<order_result> submit(submission what, unknown_kind unknown = unknown_kind::refused,
                                order_mode mode = order_mode::write, optional_duration timeout = {});
  /// All that is submitted and not removed, in the order of jobs, and how each gets on.
  expected<std::vector<submission_view>> get_submissions(optional_duration timeout = {});

  // -- what is saved of items --

  /// What is saved of an item (`job_context::save`). The item need not be there. `invalid_id`, `unknown_job`.
  expected<item_state> get_item_state(const job_id& job, const item_id& item, optional_duration timeout = {});
  /// Sets it, in place of what its runs have saved; nothing: as if nothing had ever been saved. The next load has it,
  /// and a run that saves without having loaded it is refused. `version`: only if `item_state::version` is that still,
  /// else `conflict`. `order_result::rev` is the version after it. `invalid_id`, `unknown_job`, `too_large`.
  expected<order_result> set_item_state(const job_id& job, const item_id& item, std::optional<bytes> state,
                                        std::optional<std::int64_t> version = {}, order_mode mode = order_mode::write,
                                        optional_duration timeout = {});

  // -- waiting --

  /// Until every item of the job is locked by its owner; the job then. `invalid_state`: it is not so when the time is
  /// over, and the text names what is missing; or, at once, the job was submitted and every node has declined it, and
  /// the text says why.
  expected<job_view> wait_job(const job_id& job, optional_duration timeout = {});

  /// Looks at the cluster whenever the tree changes, and each second, until `condition` holds; the view of which it
  /// did. `timed_out` when there was a view and it did not. `condition` must not call this client.
  expected<cluster_view> wait_for(const std::function<bool(const cluster_view&)>& condition,
                                  optional_duration timeout = {});
  /// What has changed in the tree since the last call; the first call looks at it and tells nothing. Waits until
  /// something has changed, at most for `timeout`; then the list is empty. Locks are looked at each second.
  expected<std::vector<tree_event>> next_events(optional_duration timeout = {});

  // -- a tree that is not as it should be --

  /// Everything that is not as it should be, the worst first. Takes two reads for each node of the tree.
  expected<std::vector<tree_finding>> examine(optional_duration timeout = {});
  /// Mends one finding by its id, if it still stands: `invalid_state` when it does not, or when it is none that is
  /// mended from outside. `conflict`: it has changed meanwhile, nothing was done.
  expected<order_result> repair(const std::string& id, order_mode mode = order_mode::dry_run,
                                optional_duration timeout = {});

private:
  struct impl;
  friend class client_call;
  explicit client(std::unique_ptr<impl> x);
  std::unique_ptr<impl> impl_;
};

} // namespace djm
