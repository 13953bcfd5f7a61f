#include <fmt/format.h>

#include "test/sim/sim_env.hpp"
#include "test/sim/world.hpp"
#include "zkstore/payloads.hpp"

namespace djm::sim {

/// A node may go on in a new life without a new process; it is known by the name under which it joins.
void world::notice_new_lives(const store::committed_transaction& txn) {
  for (const auto& change : txn.changes) {
    if (change.what == store::node_change::kind::remove ||
        change.path.rfind(options_.config.store.root + "/alive/", 0) != 0) {
      continue;
    }
    auto* p = network_->owner_of(txn.session);
    const auto alive = store::decode<store::alive_payload>(change.data, change.path);
    if (p == nullptr || !alive || alive->incarnation == p->incarnation() ||
        change.path.substr(change.path.rfind('/') + 1) != p->node()) {
      continue;
    }
    note(fmt::format("{}#{} goes on as {}", p->node(), p->number(), alive->incarnation));
    p->known_as(alive->incarnation);
    judge_.reborn(*p, timeline_.now);
  }
}

bool world::outlived_history(handle h) const {
  const auto& p = *hosts_.at(h).p;
  return former_lives_.count(p.incarnation()) > 0 && network_->is_connected(p);
}

void world::go_back(const store::embedded_ensemble::backup& b, store::embedded_ensemble::numbers n) {
  note("the ensemble goes back");
  ensemble_.go_back(b, n, timeline_.now);
  judge_.history_begins(ensemble_.committed().tree(), ensemble_.committed().zxid(), timeline_.now);
  went_back_at_ = timeline_.now;
  network_->settle();
  for (const auto& host : hosts_) {
    if (host.second.up) {
      former_lives_.insert(host.second.p->incarnation());
    }
  }
}

void world::crash(handle h) {
  auto& host = hosts_.at(h);
  if (!host.up) {
    return;
  }
  host.up = false;
  note(fmt::format("{}#{} crashes", host.p->node(), h));
  host.env->runs().vanish();
  host.env->drop_held();
  judge_.died(*host.p);
  host.p->die();
  network_->vanish(*host.p);
  host.node = nullptr;
  host.listener = nullptr;
  host.second_listener = nullptr;
  coordinator_->kill(h);
}

void world::crash_after(handle h, std::uint64_t steps) {
  doomed_ = {h, coordinator_->steps() + steps};
}

void world::set_wall_clock(handle h, duration error) {
  note(fmt::format("the wall clock of process {} is set, it is wrong by {}", h, format_duration(error)));
  judge_.of_turns().clock_set();
  hosts_.at(h).p->set_wall_error(error);
}

void world::pause(handle h) {
  auto& host = hosts_.at(h);
  if (!host.up || host.p->paused()) {
    return;
  }
  note(fmt::format("{}#{} pauses", host.p->node(), h));
  host.env->runs().freeze();
  host.p->pause();
  judge_.paused(*host.p, timeline_.now);
  coordinator_->hold(h, true);
}

void world::resume(handle h) {
  auto& host = hosts_.at(h);
  if (!host.up || !host.p->paused()) {
    return;
  }
  note(fmt::format("{}#{} resumes", host.p->node(), h));
  judge_.resumed(*host.p, timeline_.now);
  coordinator_->hold(h, host.held);
  host.p->resume([this](std::uint64_t n) { return chance_.below(n); });
  if (chance_.one_in(2)) {
    network_->wake(*host.p);
  }
  host.env->runs().thaw();
}

void world::hold(handle h) {
  auto& host = hosts_.at(h);
  if (!host.up || host.held) {
    return;
  }
  note(fmt::format("the actors of {}#{} are held", host.p->node(), h));
  host.held = true;
  coordinator_->hold(h, true);
}

void world::release(handle h) {
  auto& host = hosts_.at(h);
  if (!host.up || !host.held) {
    return;
  }
  note(fmt::format("the actors of {}#{} go on", host.p->node(), h));
  host.held = false;
  verdict().of_turns().anew(host.p->number(), now()); // nothing could start
  coordinator_->hold(h, host.p->paused());
}

} // namespace djm::sim
