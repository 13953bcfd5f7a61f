#include "test/sim/world.hpp"

#include <utility>

#include <fmt/format.h>

/// What the world hears of processes, runs, transactions, messages and events; the judge and the trace hear it from
/// here.
namespace djm::sim {

void world::happens(host& x, happening what, const std::string& detail) {
  const auto& p = *x.p;
  note(fmt::format("{}#{} {}{}{}", p.node(), p.number(), enum_text(what), detail.empty() ? "" : " ", detail));
  switch (what) {
  case happening::starts:
    phases_.resize(p.number() + 1, node_phase::starting);
    judge_.started(p, x.config.detach_tolerance, now());
    break;
  case happening::told_to_stop:
    enters(p.number(), node_phase::stopping);
    judge_.stops(p);
    break;
  case happening::ends:
    second_listeners_.erase(p.number());
    judge_.ended(p);
    break;
  case happening::crashes:
    second_listeners_.erase(p.number());
    judge_.died(p);
    break;
  case happening::pauses: judge_.paused(p, now()); break;
  case happening::resumes: judge_.resumed(p, now()); break;
  case happening::released: judge_.of_turns().anew(p.number(), now()); break; // nothing could start
  case happening::part_dies:
    judge_.expect_failure(p);
    judge_.of_memory().excuse(p.number());
    break;
  case happening::clock_set:
    judge_.of_turns().clock_set();
    judge_.of_slots().clock_set(p.number(), std::chrono::duration_cast<std::chrono::milliseconds>(p.wall()).count());
    break;
  case happening::reborn:
    judge_.reborn(p, now());
    judge_.of_memory().excuse(p.number());
    break;
  case happening::held:
  case happening::part_held: break;
  }
}

void world::logged(const process& p, const log_record& r) {
  if (options_.trace && r.level >= options_.least_log) {
    note(fmt::format("{}#{} {} {}: {}", p.node(), p.number(), to_string(r.level), r.component, r.text));
  }
}

void world::committed(const store::committed_transaction& txn, time_point t) {
  if (options_.trace && !txn.changes.empty()) {
    std::string line = fmt::format("zxid {:x} session {:x}:", txn.zxid, txn.session);
    for (std::size_t i = 0; i < txn.changes.size() && i < 8; ++i) {
      line += fmt::format(" {}{}", "+=-"[static_cast<int>(txn.changes[i].what)], txn.changes[i].path);
    }
    if (txn.changes.size() > 8) {
      line += fmt::format(" and {} more", txn.changes.size() - 8);
    }
    note(line);
  }
  judge_.of_memory().store_clock(
    std::chrono::duration_cast<std::chrono::milliseconds>(options_.clocks->error()).count());
  judge_.committed(txn, t);
  for (const auto& [machine, ear] : outside) {
    ear.committed(txn);
  }
}

void world::run_began(const process& p, const running_info& r) {
  mix_in(p.number() ^ r.id << 8);
  if (options_.trace) {
    std::string line = fmt::format("{}#{} run {} of {} begins:", p.node(), p.number(), r.id, r.job);
    for (const auto& i : r.items) {
      line += fmt::format(" {}@{:x}", i.id, i.token);
    }
    note(line);
  }
  judge_.run_began(p, r.id, r.job, r.items, executor_of(p.number()).is_stubborn(r.id), now(), r.purpose.generation,
                   true);
  if (r.purpose.slot) {
    judge_.of_memory().began(p.number(), r.id, r.job, r.items, *r.purpose.slot);
  }
}

void world::stop_asked(const process& p, run_id run, stop_reason reason) {
  if (options_.trace) {
    note(fmt::format("{}#{} run {} is asked to stop: {}", p.node(), p.number(), run, to_string(reason)));
  }
  judge_.stop_asked(p, run);
}

void world::item_declined(const process& p, run_id run, const item_id& item) {
  if (options_.trace) {
    note(fmt::format("{}#{} run {} declines {}", p.node(), p.number(), run, item));
  }
  judge_.item_declined(p, run, item, now());
}

void world::item_released(const process& p, run_id run, const item_id& item) {
  if (options_.trace) {
    note(fmt::format("{}#{} run {} releases {}", p.node(), p.number(), run, item));
  }
  judge_.item_released(p, run, item, now());
}

void world::state_asked(const process& p, run_id run, std::uint64_t number, const state_request& what) {
  if (options_.trace) {
    note(fmt::format("{}#{} run {} {} the state of {}/{}@{:x}", p.node(), p.number(), run,
                     what.save ? "saves" : "loads", what.item.job, what.item.item, what.token));
  }
  judge_.state_asked(number, what);
}

void world::state_told(const process& p, run_id run, std::uint64_t number, const state_reply::answer& what) {
  if (options_.trace) {
    const auto text = !what    ? to_string(what.error())
                      : !*what ? "done"
                               : std::string((*what)->data.begin(), (*what)->data.end());
    note(fmt::format("{}#{} run {} hears of a state: {}", p.node(), p.number(), run, text));
  }
  judge_.state_told(p, number, what, now());
}

void world::run_ended(const process& p, const run_result& r) {
  if (options_.trace) {
    note(fmt::format("{}#{} run {} ends", p.node(), p.number(), r.id));
  }
  judge_.run_ended(p, r.id, now());
}

/// Not in the trace where the run ends as well: that is what nearly all do.
void world::command_ended(const process& p, run_id run) {
  if (options_.trace && !p.runs()) {
    note(fmt::format("{}#{} the command of run {} is dead", p.node(), p.number(), run));
  }
  judge_.command_ended(p, run);
}

fate world::decide(const process& p, const store::transaction& txn) {
  const auto ear = outside.find(p.machine());
  if (!decide_fate && ear == outside.end()) {
    return fate::arrives;
  }
  const auto kind = kind_of(txn);
  const auto f = ear != outside.end() ? ear->second.decide() : decide_fate(p, txn, kind);
  if (f != fate::arrives) {
    if (const auto* component = component_of(kind); *component != 0) {
      judge_.tried(p, component, enum_text(kind), false, now());
    }
    ++coverage_.transactions[{kind, f == fate::lost_before ? transaction_outcome::lost_before
                                                           : transaction_outcome::lost_after}];
    if (options_.trace) {
      note(fmt::format("{}#{}: a {} is lost {}", p.node(), p.number(), enum_text(kind),
                       f == fate::lost_before ? "before it arrives" : "with its answer"));
    }
  }
  return f;
}

void world::answered(const process& p, store::session_id_t session, const store::transaction& txn, store::rc code,
                     time_point sent, duration timeout) {
  const auto kind = kind_of(txn);
  const auto outcome = code == store::rc::ok                                ? transaction_outcome::committed
                       : store::classify(code) == store::rc_class::expected ? transaction_outcome::conflict
                       : store::classify(code) == store::rc_class::unknown  ? transaction_outcome::connection_lost
                                                                            : transaction_outcome::refused;
  ++coverage_.transactions[{kind, outcome}];
  if (const auto* component = component_of(kind); *component != 0) {
    judge_.tried(p, component, enum_text(kind), code == store::rc::ok, now());
  }
  if (options_.trace && (kind != transaction_kind::probe || code != store::rc::ok)) {
    note(fmt::format("{}#{}: {} of {} operations answered: {}", p.node(), p.number(), enum_text(kind), txn.ops.size(),
                     store::to_string(code)));
  }
  if (code == store::rc::ok && txn.ops.size() == 1) {
    if (const auto* c = std::get_if<store::check_op>(&txn.ops.front());
        c != nullptr && c->path == options_.config.store.root + "/alive/" + p.node()) {
      judge_.probe_answered(p, session, sent, timeout);
    }
  }
}

void world::link(const process& p, const store::raw_link& l) {
  ++coverage_.events[fmt::format("link {}", static_cast<int>(l.state))];
  if (options_.trace) {
    static constexpr const char* names[] = {"connected", "connecting", "expired", "auth_failed", "failed", "closed"};
    note(fmt::format("{}#{} session {:x}: {}", p.node(), p.number(), l.session, names[static_cast<int>(l.state)]));
  }
}

void world::closing(const process& p) {
  judge_.closed(p, now());
}

void world::handles(std::uint32_t owner, const char* actor, std::string_view type) {
  if (owner == sim_coordinator::nobody || owner >= phases_.size()) {
    return;
  }
  auto phase = phases_[owner];
  if (phase == node_phase::joined) {
    if (const auto a = judge_.image().alive().find(process_of(owner).node());
        a != judge_.image().alive().end() && a->second.session == judge_.image().lowest_latch()) {
      phase = node_phase::leading;
    }
  }
  ++coverage_.pairs[{actor, type}][static_cast<std::size_t>(phase)];
}

void world::told(handle h, const node_event& e) {
  const auto& p = process_of(h);
  if (options_.trace) {
    note(fmt::format("{}#{} says {}", p.node(), h, caf::deep_to_string(e.what)));
  }
  const auto before = phases_.at(h);
  if (const auto* c = std::get_if<connection_changed>(&e.what); c != nullptr && before != node_phase::stopping) {
    const auto phase = c->state == connection_state::connected || c->state == connection_state::reconnected
                         ? node_phase::joined
                       : c->state == connection_state::suspended ? node_phase::suspended
                       : c->state == connection_state::lost      ? node_phase::lost
                       : c->state == connection_state::stopped   ? node_phase::stopping
                                                                 : before;
    if (phase != before) {
      enters(h, phase);
    }
  }
  if (!p.dead()) {
    judge_.of_memory().store_clock(
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.clocks->error()).count());
    judge_.told(p, e.what, now());
    if (on_event) {
      on_event(h, e.what);
    }
  }
}

/// Who kept crashing, the candidates that a stranger has left behind, versions that go on wanting different items, a
/// strategy that goes on hanging, a size that is refused for a minute, answers until five deadlines after the last late
/// one.
bool world::is_still_so(handle h, const problem_status& p) {
  const auto wall_ms = std::chrono::duration_cast<std::chrono::milliseconds>(process_of(h).wall()).count();
  return p.about.compare(0, 7, "flaps: ") == 0 || p.about == "size" ||
         (p.about == "answers" && wall_ms - p.last_ms < 6'000) ||
         p.text.find("nobody stands behind") != std::string::npos ||
         p.text.find("nodes disagree") != std::string::npos || hangs(p.about);
}

} // namespace djm::sim
