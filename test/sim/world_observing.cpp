#include "test/sim/world.hpp"

#include <utility>

#include <fmt/format.h>

/// What the world hears of runs, transactions, messages and events; the judge and the trace hear it from here.
namespace djm::sim {

void world::run_began(const process& p, run_id run, const job_id& job, const std::vector<work_item>& items,
                      bool stubborn) {
  mix_in(p.number() ^ run << 8);
  if (options_.trace) {
    std::string line = fmt::format("{}#{} run {} of {} begins:", p.node(), p.number(), run, job);
    for (const auto& i : items) {
      line += fmt::format(" {}@{:x}", i.id, i.token);
    }
    note(line);
  }
  judge_.run_began(p, run, job, items, stubborn, timeline_.now);
}

void world::stop_asked(const process& p, run_id run, stop_reason reason) {
  if (options_.trace) {
    note(fmt::format("{}#{} run {} is asked to stop: {}", p.node(), p.number(), run, to_string(reason)));
  }
  judge_.stop_asked(p, run);
}

void world::item_released(const process& p, run_id run, const item_id& item) {
  if (options_.trace) {
    note(fmt::format("{}#{} run {} releases {}", p.node(), p.number(), run, item));
  }
  judge_.item_released(p, run, item, timeline_.now);
}

void world::run_ended(const process& p, run_id run) {
  if (options_.trace) {
    note(fmt::format("{}#{} run {} ends", p.node(), p.number(), run));
  }
  judge_.run_ended(p, run, timeline_.now);
}

fate world::decide(const process& p, const store::transaction& txn) {
  if (!decide_fate) {
    return fate::arrives;
  }
  const auto kind = kind_of(txn);
  const auto f = decide_fate(p, txn, kind);
  if (f != fate::arrives) {
    if (const auto* component = component_of(kind); *component != 0) {
      judge_.tried(p, component, enum_text(kind), false, timeline_.now);
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
    judge_.tried(p, component, enum_text(kind), code == store::rc::ok, timeline_.now);
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
  judge_.closed(p, timeline_.now);
}

void world::handles(std::uint32_t owner, const char* actor, std::string_view type) {
  const auto i = hosts_.find(owner);
  if (i == hosts_.end()) {
    return;
  }
  auto phase = i->second.phase;
  if (phase == node_phase::joined) {
    if (const auto a = judge_.image().alive().find(i->second.p->node());
        a != judge_.image().alive().end() && a->second.session == judge_.image().lowest_latch()) {
      phase = node_phase::leading;
    }
  }
  ++coverage_.pairs[{actor, type}][static_cast<std::size_t>(phase)];
}

void world::told(handle h, const node_event& e) {
  const auto& p = *hosts_.at(h).p;
  if (options_.trace) {
    note(fmt::format("{}#{} says {}", p.node(), h, caf::deep_to_string(e.what)));
  }
  const auto before = hosts_.at(h).phase;
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
    judge_.told(p, e.what, timeline_.now);
  }
}

} // namespace djm::sim
