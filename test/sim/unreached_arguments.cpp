#include "test/sim/unreached.hpp"

/// Why some actors never see some messages in some phases of their node, and some transactions never have some outcome.
///
/// The phase is what the node has told: it changes some messages after the fact, all of them handled at the same
/// instant. So what "cannot" be lies a network round trip or a timer away from the change; whatever a message on its
/// way could overtake is "seldom" at most. A "cannot" that is met all the same fails the command and with it the tests.
namespace djm::sim {

namespace {

constexpr unsigned bit(node_phase p) {
  return 1u << static_cast<unsigned>(p);
}
constexpr unsigned bit(transaction_outcome o) {
  return 1u << static_cast<unsigned>(o);
}

constexpr auto starting = bit(node_phase::starting);
constexpr auto joined = bit(node_phase::joined);
constexpr auto leading = bit(node_phase::leading);
constexpr auto suspended = bit(node_phase::suspended);
constexpr auto lost = bit(node_phase::lost);
constexpr auto stopping = bit(node_phase::stopping);
constexpr auto well = joined | leading;
constexpr auto going = starting | well | suspended | lost;
constexpr auto away = suspended | lost;

} // namespace

const std::vector<argument>& pair_arguments() {
  static const std::vector<argument> all{
    // -- by nobody's wish --
    {claim::cannot, "node", "watch_fired", going | stopping, "the node's own questions set no watches"},
    {claim::cannot, "node", "deploy_job undeploy", going | stopping, "the simulator's nodes know no kinds of jobs"},

    // -- by somebody else's --
    {claim::seldom, "election keeper node worker", "unjoined not_alive", going | stopping,
     "somebody else has to remove the registration, which only the churn profile does, of nodes that have joined; a "
     "leader that it happens to counts as joined from then on"},

    // -- before the node has joined --
    {claim::cannot, "election", "commit_done read_done watch_fired wake", starting,
     "the election asks the store only after the keeper has joined, and its timer is set by an answer"},
    {claim::cannot, "manager", "granted revoked commit_done plan_done watch_fired wake", starting,
     "nobody is granted a term, reads with watches, plans or writes for it before the election has had an answer"},
    {claim::cannot, "worker", "commit_done read_done watch_fired contact released wake", starting,
     "the worker reads its items only after the keeper has joined; without items it has nothing to lock, revoke or "
     "wait for"},
    {claim::cannot, "worker", "state_asked", starting, "runs load and save, and there are none before a grant"},
    {claim::cannot, "runner", "grant revoke cut_done run_news", starting,
     "items come from the worker, who has none before the node has joined; without items there is no run"},
    {claim::cannot, "node", "commit_done read_done settled", starting,
     "wishes wait until the keeper has joined; the worker settles when it has read its items"},
    {claim::seldom, "node", "wake", starting | lost,
     "a wish that nothing can be done about is given up after the registration timeout of 10 s, which outlasts these "
     "phases; "
     "and a part has to die just while the node starts, or between two sessions"},
    {claim::seldom, "runner", "worker_restarted", starting | away,
     "the worker has to die at the moment of a restart or while the store is away"},

    // -- the end of a node --
    {claim::cannot, "node", "shutdown_node", going, "the simulator calls the node stopping before it sends the order"},
    {claim::cannot, "node", "env_closed store_closed", going,
     "the environment and the session are closed last, outside of the actors, when the end of the node has long been "
     "told"},
    {claim::seldom, "node", "failed drained left", going,
     "a keeper that finds its id in use tells that it has stopped; the shutdown it causes may overtake the news"},
    {claim::seldom, "keeper worker election store runner", "leave drain hurry resign close_session stop_runs", going,
     "orders of a shutdown; they overtake the news of the node's end when a twin has the id, else come in the phase "
     "stopping"},
    {claim::seldom, "store", "stop_probing", well,
     "probing ends when the keeper has told that the connection is gone, or when somebody else has removed our "
     "`alive`"},
    {claim::seldom, "election keeper manager worker store", "introduce attach", stopping,
     "a node that stops builds no part anew but runners; one built just before may still be introduced"},
    {claim::seldom, "keeper", "offer", stopping,
     "jobs are refused then; one registered just before may still be on its way"},
    {claim::seldom, "worker", "add_runner", stopping, "only for a runner that dies while the node drains"},
    {claim::seldom, "runner", "introduce worker_restarted", stopping,
     "only where a part dies just before or while the node drains"},
    {claim::seldom, "runner", "trigger reschedule", stopping,
     "the node refuses such wishes once it stops; one handed on just before may still be on its way"},
    {claim::seldom, "manager", "explain_item explain_done", stopping,
     "the node refuses questions once it stops; one handed on just before may still be on its way"},
    {claim::seldom, "node", "commit_done read_done", stopping,
     "a shutdown drops the wishes under way; what the store still answers has to be on its way"},
    {claim::seldom, "manager", "granted", stopping,
     "the stop has to come between the latch and the answer to the look at it"},
    {claim::seldom, "election store worker", "joined start_probing", stopping,
     "the stop has to come between the commit of the join and its answer"},
    {claim::seldom, "node", "joined", stopping, "the stop has to come between the commit of the join and its answer"},
    {claim::seldom, "runner", "grant cut_done", stopping,
     "no item is granted once the worker drains; a grant, or the share cut for it, has to be on its way"},

    // -- without a connection --
    {claim::seldom, "election manager worker node", "commit_done read_done watch_fired contact", away,
     "the store answers when the connection goes; the news of that has to overtake the last answer"},
    {claim::seldom, "manager", "granted wake plan_done", away,
     "a term ends when the connection goes; a grant, a timer or a plan has to be on its way"},
    {claim::seldom, "manager", "revoked", lost,
     "the term has ended when the connection went, before the session was lost"},
    {claim::seldom, "election", "wake", lost,
     "the timer of a look before the loss has to end just between two sessions"},
    {claim::seldom, "runner", "grant cut_done", away,
     "items are granted after a look at their locks; the share has to be cut meanwhile"},
    {claim::seldom, "node", "job_free", lost,
     "the last run of a job that was taken away has to end just between two sessions"},

    // -- without office --
    {claim::seldom, "manager", "granted commit_done plan_done", joined,
     "the look at the latch, the write or the plan has to be overtaken by the end of the term"},
  };
  return all;
}

const std::vector<argument>& outcome_arguments() {
  static const std::vector<argument> all{
    {claim::seldom, "*", "*", bit(transaction_outcome::refused),
     "transactions are well formed and the servers know no permissions; an expired session is told so on its link, "
     "after all "
     "that was under way was answered as lost: a transaction would have to meet it in between"},
  };
  return all;
}

} // namespace djm::sim
