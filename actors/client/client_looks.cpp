#include <algorithm>
#include <chrono>

#include "actors/client/client_impl.hpp"
#include "actors/client/lock_walk.hpp"
#include "actors/client/record_look.hpp"
#include "actors/client/tree_changes.hpp"
#include "actors/env/boot_time.hpp"
#include "actors/manager/explain_core.hpp"
#include "actors/node/cluster_view_of.hpp"

/// What the calls of a client do, one look or order at a time.
namespace djm {

using store::rc;

namespace {

/// Locks tell nobody of their changes, so a view that waits is looked at anew after so long.
constexpr duration look_period = std::chrono::seconds{1};
/// A look may take no more than this part of the time.
constexpr int look_share = 4;
/// Nodes that a walk reads at most.
constexpr std::size_t most_nodes = 1'000'000;

std::int64_t wall_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// Asks round after round; the first one behind a barrier.
template <class Reader>
expected<void> read_all(Reader& reader, store_line& line, time_point until) {
  for (bool fresh = true; !reader.complete(); fresh = false) {
    auto batch = reader.next();
    if (auto ok = line.ask(batch, fresh, until); !ok) {
      return ok;
    }
    reader.take();
  }
  return {};
}

/// Runs a core over the line: what it asks is sent, what it hears is what comes back.
template <class Core>
class core_driver {
public:
  core_driver(Core& core, store_line& line) : core_(core), line_(line) {}

  void send(const read_effect& x) { requests_[line_.read(x.reads, x.fresh)] = x.request; }
  void send(const commit_effect& x) { requests_[line_.commit(x.session, x.txn)] = x.request; }
  /// The core's number of a question that is answered; nothing: it is not the core's.
  std::optional<std::uint64_t> take(std::uint64_t request) {
    auto node = requests_.extract(request);
    return node.empty() ? std::nullopt : std::optional{node.mapped()};
  }

private:
  Core& core_;
  store_line& line_;
  std::map<std::uint64_t, std::uint64_t> requests_;
};

step step_now() {
  const auto now = boot_now();
  return {now, static_cast<std::uint64_t>(now.time_since_epoch().count()), wall_ms()};
}

} // namespace

// -- looks ------------------------------------------------------------------------

error client::impl::no_tree(const std::string& missing, time_point until) {
  read_batch ask;
  const auto root = ask.exists(tree.root());
  const auto node = ask.get(missing);
  if (auto ok = line.ask(ask, false, until); !ok) {
    return ok.error();
  }
  if (root->code == rc::no_auth || node->code == rc::no_auth) {
    return {errc::no_permission, "the store does not let this account read " + missing};
  }
  if (root->code == rc::no_node) {
    return {errc::malformed_payload, "there is no tree of djm at " + tree.root() + ": that node does not exist"};
  }
  return {errc::malformed_payload, "there is no tree of djm at " + tree.root() + ": " + missing + " is missing"};
}

expected<store::tree_snapshot> client::impl::snapshot(store::snapshot_reader::scope scope, time_point until) {
  store::snapshot_reader reader{tree, scope};
  if (auto ok = read_all(reader, line, until); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (const auto& missing = reader.snapshot().missing; !missing.empty()) {
    return tl::make_unexpected(no_tree(missing.front(), until));
  }
  return reader.snapshot();
}

expected<cluster_view> client::impl::view(time_point until) {
  const auto s = snapshot({true, options.max_lock_reads, true}, until);
  if (!s) {
    return tl::make_unexpected(s.error());
  }
  return view_of(*s, options.max_lock_reads);
}

expected<record_view> client::impl::record(const job_id& job, time_point until) {
  read_batch ask;
  const auto jobs = ask.exists(tree.jobs());
  const store::record_reads found{tree, job, ask};
  if (auto ok = line.ask(ask, true, until); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (found.record->code == rc::no_auth || jobs->code == rc::no_auth) {
    return fail(errc::no_permission, "the store does not let this account read " + tree.job(job));
  }
  if (jobs->code != rc::ok) {
    return tl::make_unexpected(no_tree(tree.jobs(), until));
  }
  return view_of_record(job, tree, found);
}

expected<item_state> client::impl::saved(const item_ref& item, time_point until) {
  read_batch ask;
  const auto jobs = ask.exists(tree.jobs());
  const store::state_question found{tree, item, ask};
  if (auto ok = line.ask(ask, true, until); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (jobs->code == rc::no_auth || found.job->code == rc::no_auth || found.saved.state->code == rc::no_auth) {
    return fail(errc::no_permission, "the store does not let this account read " + tree.state(item));
  }
  if (jobs->code != rc::ok) {
    return tl::make_unexpected(no_tree(tree.jobs(), until));
  }
  return store::state_of(tree, found);
}

expected<cluster_image> client::impl::image(time_point until) {
  const auto s = snapshot({false, 0}, until);
  if (!s) {
    return tl::make_unexpected(s.error());
  }
  return image_of(*s);
}

expected<std::vector<refusal_view>> client::impl::refusals(time_point until) {
  const auto found = snapshot({false, 0}, until);
  if (!found) {
    return tl::make_unexpected(found.error());
  }
  std::vector<refusal_view> all;
  for (const auto& [name, said] : found->refusals) {
    const auto lives = [&, worker = said.worker, life = said.incarnation](const auto& w) {
      return w.record.id == worker && w.alive.life.value && w.alive.life.value->incarnation == life;
    };
    const bool counts = std::any_of(found->workers.begin(), found->workers.end(), lives);
    all.push_back({said.worker, said.incarnation, counts, said.job, said.items, said.for_ms, said.why});
  }
  return all;
}

expected<std::vector<lock_view>> client::impl::locks(time_point until) {
  const auto s = snapshot({false, 0}, until);
  if (!s) {
    return tl::make_unexpected(s.error());
  }
  lock_walk list{tree};
  if (auto ok = read_all(list, line, until); !ok) {
    return tl::make_unexpected(ok.error());
  }
  return list.views(*s);
}

expected<std::vector<tree_record>> client::impl::walk(time_point until) {
  tree_walk reader{tree, most_nodes};
  if (auto ok = read_all(reader, line, until); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (reader.cut_off()) {
    return fail(errc::too_large, "the tree has more than " + std::to_string(most_nodes) + " nodes");
  }
  auto records = reader.take_records();
  if (auto ok = check_is_tree(tree, records); !ok) {
    return tl::make_unexpected(ok.error());
  }
  return records;
}

// -- questions and orders ---------------------------------------------------------

expected<item_explanation> client::impl::explain(const job_id& job, const item_id& item, time_point until) {
  const auto known = image(until);
  if (!known) {
    return tl::make_unexpected(known.error());
  }
  if (const auto j = known->jobs.find(job); j != known->jobs.end()) {
    const auto& strategy = j->second.pool.attributes.strategy;
    if (!strategy.empty() && strategies->find(strategy) == nullptr) {
      return fail(errc::unknown_strategy, "job \"" + job + "\" is planned by strategy \"" + strategy +
                                            "\", which only nodes have: ask one of them");
    }
  }
  explain_core core{tree.root(), {}};
  core_driver<explain_core> driver{core, line};
  auto effects = core.on_question(1, job, item);
  for (;;) {
    for (std::size_t i = 0; i < effects.size(); ++i) {
      if (auto* read = std::get_if<read_effect>(&effects[i])) {
        driver.send(*read);
      } else if (auto* task = std::get_if<explain_core::task>(&effects[i])) {
        auto more = core.on_explained(task->question, explain_now(*task, *strategies));
        std::move(more.begin(), more.end(), std::back_inserter(effects));
      } else if (auto* answer = std::get_if<explain_core::answer>(&effects[i])) {
        return std::move(answer->result);
      }
    }
    effects.clear();
    auto news = line.next(until);
    if (std::holds_alternative<store_line::nothing>(news)) {
      return tl::make_unexpected(line.trouble());
    }
    if (auto* read = std::get_if<store_line::read_done>(&news)) {
      if (const auto request = driver.take(read->to.request)) {
        effects = core.on_read(*request, read->outcome);
      }
    }
  }
}

expected<order_result> client::impl::order(order_core::order what, order_mode mode, time_point until) {
  order_core::settings s;
  s.root = tree.root();
  s.who = who + "-" + std::to_string(++orders);
  s.mode = mode;
  order_core core{std::move(s), std::move(what)};
  core_driver<order_core> driver{core, line};
  auto effects = core.on_session(line.view(), step_now());
  for (;;) {
    for (auto& e : effects) {
      if (auto* read = std::get_if<read_effect>(&e)) {
        driver.send(*read);
      } else if (auto* commit = std::get_if<commit_effect>(&e)) {
        driver.send(*commit);
      } else if (auto* done = std::get_if<order_core::done>(&e)) {
        // That nothing was sent because there was no connection is said as every other call says it.
        const bool cut_off = !done->result && done->result.error().code == errc::not_connected;
        return cut_off ? tl::make_unexpected(line.trouble()) : std::move(done->result);
      }
    }
    effects.clear();
    const auto wake = core.wake_at() ? std::min(until, *core.wake_at()) : until;
    auto news = line.next(wake);
    if (auto* read = std::get_if<store_line::read_done>(&news)) {
      if (const auto request = driver.take(read->to.request)) {
        effects = core.on_read(*request, read->outcome, step_now());
      }
    } else if (auto* commit = std::get_if<store_line::commit_done>(&news)) {
      if (const auto request = driver.take(commit->to.request)) {
        effects = core.on_commit(*request, commit->outcome, step_now());
      }
    } else if (auto* changed = std::get_if<store_line::session_changed>(&news)) {
      effects = core.on_session(changed->view, step_now());
    } else if (std::holds_alternative<store_line::nothing>(news)) {
      effects = boot_now() >= until ? core.on_timeout() : core.on_wake(step_now());
    }
  }
}

expected<std::vector<tree_finding>> client::impl::examine(time_point until) {
  const auto records = walk(until);
  if (!records) {
    return tl::make_unexpected(records.error());
  }
  std::vector<tree_finding> findings;
  for (auto& d : examine_tree(tree, *records, who)) {
    findings.push_back(std::move(d.finding));
  }
  return findings;
}

expected<order_result> client::impl::repair(const std::string& id, order_mode mode, time_point until) {
  const auto session = line.view().number;
  const auto records = walk(until);
  if (!records) {
    return tl::make_unexpected(records.error());
  }
  auto all = examine_tree(tree, *records, who + "-" + std::to_string(++orders));
  const auto found = std::find_if(all.begin(), all.end(), [&](const diagnosis& d) { return d.finding.id == id; });
  if (found == all.end()) {
    return fail(errc::invalid_state, "there is no finding \"" + id + "\" (any more)");
  }
  if (found->ops.empty()) {
    return fail(errc::invalid_state, "\"" + id + "\" is not mended from outside: " + found->finding.advice);
  }
  // The first connection may have come while the tree was read.
  return order(order_core::mend{session == 0 ? line.view().number : session, std::move(found->ops)}, mode, until);
}

// -- waiting ----------------------------------------------------------------------

expected<void> client::impl::watch(time_point until) {
  (void) line.take_stirred();
  read_batch ask;
  for (const auto& path : {tree.pool_version(), tree.worker_version(), tree.assignment_version()}) {
    (void) ask.exists(path, true);
  }
  (void) ask.children(tree.alive(), true);
  (void) ask.children(tree.latches(), true);
  return line.ask(ask, false, until);
}

void client::impl::wait_stirred(time_point until) {
  // What has fired while the tree was read counts as well.
  while (!line.take_stirred() && boot_now() < until) {
    (void) line.next(until);
  }
}

expected<cluster_view> client::impl::wait_for(const std::function<bool(const cluster_view&)>& condition,
                                              time_point until, bool* looked) {
  bool seen_any = false;
  for (;;) {
    const auto begin = boot_now();
    if (auto ok = watch(until); !ok) {
      return seen_any && ok.error().code == errc::timed_out ? fail(errc::timed_out, "what was waited for has not come")
                                                            : tl::make_unexpected(ok.error());
    }
    auto now = view(until);
    if (!now) {
      return now;
    }
    seen_any = true;
    if (looked != nullptr) {
      *looked = true;
    }
    if (condition(*now)) {
      return now;
    }
    if (boot_now() >= until) {
      return fail(errc::timed_out, "what was waited for has not come");
    }
    const auto pause = std::max(look_period, (boot_now() - begin) * look_share);
    wait_stirred(std::min(until, saturating_add(boot_now(), pause)));
  }
}

expected<std::vector<tree_event>> client::impl::next_events(time_point until) {
  if (!seen) {
    auto first = view(until);
    if (!first) {
      return tl::make_unexpected(first.error());
    }
    seen = *std::move(first);
    return std::vector<tree_event>{};
  }
  std::vector<tree_event> events;
  bool looked = false;
  const auto changed = wait_for(
    [&](const cluster_view& now) {
      events = changes_between(*seen, now, wall_ms());
      return !events.empty();
    },
    until, &looked);
  if (changed) {
    seen = *changed;
    return events;
  }
  if (looked && changed.error().code == errc::timed_out) {
    return std::vector<tree_event>{};
  }
  return tl::make_unexpected(changed.error());
}

} // namespace djm
