#include <caf/all.hpp>

#include "simulation/virtual_cluster.hpp"
#include "zkstore/payloads.hpp"

/// What happens to processes, to what runs in them, and to single parts of a node.
namespace djm::sim {

void virtual_cluster::stop(handle h, bool hurry) {
  happens(hosts_.at(h), happening::told_to_stop, hurry ? "now" : "");
  tell(h, shutdown_node{hurry});
}

void virtual_cluster::crash(handle h) {
  auto& x = hosts_.at(h);
  if (!x.up) {
    return;
  }
  x.up = false;
  x.env->runs().vanish();
  x.env->forget_held();
  happens(x, happening::crashes, {});
  x.p->die();
  network_->vanish(*x.p);
  x.node = nullptr;
  x.listener = nullptr;
  coordinator_->kill(h);
}

void virtual_cluster::pause(handle h) {
  auto& x = hosts_.at(h);
  if (!x.up || x.p->paused()) {
    return;
  }
  x.env->runs().freeze();
  x.p->pause();
  happens(x, happening::pauses, {});
  coordinator_->hold(h, true);
}

void virtual_cluster::resume(handle h) {
  auto& x = hosts_.at(h);
  if (!x.up || !x.p->paused()) {
    return;
  }
  happens(x, happening::resumes, {});
  coordinator_->hold(h, x.held);
  const during event{busy_};
  x.p->resume([this](std::uint64_t n) { return chance_.below(n); });
  if (chance_.one_in(2)) {
    network_->wake(*x.p);
  }
  x.env->runs().thaw();
}

void virtual_cluster::hold(handle h) {
  auto& x = hosts_.at(h);
  if (!x.up || x.held) {
    return;
  }
  x.held = true;
  happens(x, happening::held, {});
  coordinator_->hold(h, true);
}

void virtual_cluster::release(handle h) {
  auto& x = hosts_.at(h);
  if (!x.up || !x.held) {
    return;
  }
  x.held = false;
  happens(x, happening::released, {});
  coordinator_->hold(h, x.p->paused());
}

void virtual_cluster::hold_part(handle h, const std::string& part, std::function<void()> on_held) {
  happens(hosts_.at(h), happening::part_held, part);
  hosts_.at(h).env->hold_part(part, std::move(on_held));
}

std::vector<std::string> virtual_cluster::parts_of(handle h) const {
  std::vector<std::string> names;
  for (const auto& [name, part] : hosts_.at(h).parts) {
    names.push_back(name);
  }
  return names;
}

bool virtual_cluster::kill_part(handle h, const std::string& name) {
  auto& x = hosts_.at(h);
  // A node ends itself at the sixth failure within a minute; that would be another fault.
  if (!x.up || x.parts_killed >= 4) {
    return false;
  }
  const auto part = caf::actor_cast<caf::actor>(x.parts.at(name));
  if (!part) {
    return false;
  }
  ++x.parts_killed;
  happens(x, happening::part_dies, name);
  // Not "kill": that would take the node with it, over the link.
  caf::anon_send_exit(part, caf::exit_reason::unknown);
  return true;
}

void virtual_cluster::set_wall_clock(handle h, duration error) {
  auto& x = hosts_.at(h);
  x.p->set_wall_error(error);
  happens(x, happening::clock_set, format_duration(error));
}

/// A node may go on in a new life without a new process; it is known by the name under which it joins.
void virtual_cluster::notice_new_lives(const store::committed_transaction& txn) {
  for (const auto& change : txn.changes) {
    if (change.what == store::node_change::kind::remove || change.path.find("/alive/") == std::string::npos) {
      continue;
    }
    const auto* owner = network_->owner_of(txn.session);
    const auto i = owner == nullptr ? hosts_.end() : hosts_.find(owner->number());
    if (i == hosts_.end() || change.path != i->second.config.store.root + "/alive/" + i->second.p->node()) {
      continue;
    }
    const auto alive = store::decode<store::alive_payload>(change.data, change.path);
    if (alive && alive->incarnation != owner->incarnation()) {
      i->second.p->known_as(alive->incarnation);
      happens(i->second, happening::reborn, alive->incarnation);
    }
  }
}

} // namespace djm::sim
