#include "test/unit/cores/core_cluster.hpp"

#include <stdexcept>

namespace djm::test {

namespace {

const store::tree_schema schema{"/djm"};

} // namespace

core_cluster::core_cluster(unsigned seed, std::size_t n) : random(seed), seed_(seed) {
  auto add = [&](const job_id& name, running_mode mode, djm::schedule s, int items) {
    job j;
    j.spec.id = name;
    j.spec.mode = mode;
    j.spec.schedule = s;
    j.spec.pool_check_period = seconds{1};
    for (int i = 0; i < items; ++i) {
      j.items.emplace_back(name + std::to_string(i));
    }
    jobs[name] = j;
  };
  add("a", running_mode::single_thread, schedule::fixed_delay(milliseconds{200}), 5);
  add("b", running_mode::thread_per_item, schedule::fixed_rate(milliseconds{300}), 4);
  add("c", running_mode::custom, schedule::fixed_delay(milliseconds{100}), 3);
  jobs["c"].spec.on_new_items = new_items_policy::own_run;
  for (std::size_t i = 0; i < n; ++i) {
    nodes.push_back(
      std::make_unique<core_node>(*this, node_id{"n" + std::to_string(i)}, "life" + std::to_string(++lives_)));
  }
  for (auto& x : nodes) {
    x->start();
  }
}

void core_cluster::note(const std::string& text) {
  recent_.push_back(std::to_string((now - at(1000)).count() / 1'000'000) + "ms " + text);
  if (recent_.size() > 60) {
    recent_.pop_front();
  }
}

void core_cluster::broken(const std::string& what) {
  std::string text = "seed " + std::to_string(seed_) + ": " + what + "\n";
  for (const auto& line : recent_) {
    text += "  " + line + "\n";
  }
  throw std::runtime_error(text);
}

void core_cluster::run(duration span, unsigned fault_percent) {
  outcomes_go_wrong = fault_percent > 0;
  const auto end = now + span;
  auto next_fault = now + milliseconds{500};
  while (now < end) {
    if (fault_percent > 0 && now >= next_fault) {
      next_fault = now + milliseconds{200};
      if (chance(fault_percent)) {
        fault();
      }
    }
    for (int k = 0; k < 12; ++k) {
      auto& x = *nodes[random() % nodes.size()];
      if (x.connected()) {
        x.step_network();
      } else if (!x.late.empty() && x.session_open && chance(20)) {
        auto r = std::move(x.late.front());
        x.late.pop_front();
        note(x.id + " late: " + r.text);
        x.last_touch = now;
        r.serve(true, "unknown");
      }
    }
    advance();
  }
}

void core_cluster::advance() {
  auto next = now + milliseconds{1 + random() % 4};
  now = next;
  for (auto& x : nodes) {
    if (auto t = x->wake_at(); t && *t <= now) {
      x->wake();
    }
    // Only a server expires sessions, T after the last it heard.
    if (!x->connected() && x->session_open && now >= x->last_touch + session_timeout) {
      x->session_open = false;
      note("the session of " + x->life + " expires");
      tree.end(x->view.id);
    }
  }
  for (auto i = crashed.begin(); i != crashed.end(); ++i) {
    auto& x = **i;
    if (x.session_open && now >= x.last_touch + session_timeout) {
      x.session_open = false;
      note("the session of " + x.life + " expires");
      tree.end(x.view.id);
    }
  }
  for (auto i = runs.begin(); i != runs.end();) {
    if (i->second.ends > now) {
      ++i;
      continue;
    }
    auto* x = i->second.node;
    const auto job_name = std::get<1>(i->first);
    const auto id = std::get<2>(i->first);
    i = runs.erase(i);
    auto& r = x->runners.at(job_name);
    x->post([this, x, &r, id] { x->carry_out(r, r.on_run_done(id, {}, false, {now, random(), 0})); });
    i = runs.begin();
  }
}

void core_cluster::restart(std::size_t index) {
  auto& x = nodes[index];
  note(x->life + " crashes");
  // A process that is gone runs nothing; what it had sent may still be worked on.
  for (auto i = runs.begin(); i != runs.end();) {
    i = std::get<0>(i->first) == x->life ? runs.erase(i) : std::next(i);
  }
  if (x->connected()) {
    for (auto& r : x->requests) {
      if (chance(50)) {
        x->last_touch = now;
        r.serve(true, "unknown");
      }
    }
  }
  x->requests.clear();
  x->answers.clear();
  auto name = x->id;
  crashed.push_back(std::move(x));
  nodes[index] = std::make_unique<core_node>(*this, name, "life" + std::to_string(++lives_));
  nodes[index]->start();
}

void core_cluster::fault() {
  ++faults;
  const auto index = random() % nodes.size();
  auto& x = *nodes[index];
  switch (random() % 8) {
  case 0:
  case 1:
  case 2:
    if (x.connected() && now >= x.spared_until) {
      x.suspend();
    } else if (x.connected()) {
      break;
    } else if (x.session_open) {
      x.reconnect();
    } else {
      x.hear_of_expiry();
    }
    break;
  case 3: restart(index); break;
  case 4: {
    auto& j = std::next(jobs.begin(), static_cast<long>(random() % jobs.size()))->second;
    if (chance(50) && j.items.size() > 2) {
      j.items.erase(j.items.begin() + static_cast<long>(random() % j.items.size()));
    } else {
      j.items.emplace_back(j.spec.id + std::to_string(10 + random() % 50));
      std::sort(j.items.begin(), j.items.end());
      j.items.erase(std::unique(j.items.begin(), j.items.end()), j.items.end());
    }
    break;
  }
  case 5: {
    auto& j = std::next(jobs.begin(), static_cast<long>(random() % jobs.size()))->second;
    if (auto p = tree.has(schema.pool(j.spec.id))
                   ? store::decode<store::pool_payload>(tree.data(schema.pool(j.spec.id)), "")
                   : fail(errc::internal, "")) {
      j.enabled = !p->enabled;
      p->enabled = j.enabled;
      note("switch " + j.spec.id + (j.enabled ? " on" : " off"));
      tree.put(schema.pool(j.spec.id), store::encode(*p));
      tree.put(schema.pool_version(), "{}");
    }
    break;
  }
  case 6:
    // Nothing protects a node that is cut off from an operator who declares it gone, so this one has time to notice.
    if (x.connected() && tree.has(schema.alive(x.id)) && chance(30)) {
      x.spared_until = now + session_timeout;
      note("somebody removes alive/" + x.id);
      tree.erase(schema.alive(x.id));
      tree.put(schema.worker_version(), "{}");
    }
    break;
  default:
    for (auto& other : nodes) {
      if (!other->connected()) {
        other->session_open ? other->reconnect() : other->hear_of_expiry();
        break;
      }
    }
  }
}

void core_cluster::calm() {
  note("calm");
  outcomes_go_wrong = false;
  for (auto& x : nodes) {
    if (!x->connected() && !x->left) {
      x->session_open ? x->reconnect() : x->hear_of_expiry();
    }
  }
}

void core_cluster::check_tree() {
  if (tree.zxid() == checked_) {
    return;
  }
  checked_ = tree.zxid();
  std::map<item_ref, node_id> owners;
  for (const auto& w : to_ids<node_id>(tree.children(schema.workers()))) {
    for (const auto& j : to_ids<job_id>(tree.children(schema.assigned(w)))) {
      for (const auto& i : to_ids<item_id>(tree.children(schema.assigned(w, j)))) {
        auto [o, added] = owners.try_emplace(item_ref{j, i}, w);
        if (!added) {
          broken(j + ":" + i + " is assigned to " + o->second + " and to " + w);
        }
      }
    }
  }
}

std::string core_cluster::stale_problems() const {
  std::string text;
  for (const auto& n : nodes) {
    for (const auto& [about, what] : n->problems) {
      if (about.find("flaps: ") == std::string::npos) { // told until it has been well for long
        text += n->id + " " + about + ": " + what + "\n";
      }
    }
  }
  return text;
}

void core_cluster::check_covered() {
  std::size_t locks = 0;
  for (const auto& j : to_ids<job_id>(tree.children(schema.locks()))) {
    locks += tree.children(schema.locks(j)).size();
  }
  std::size_t expected_locks = 0;
  for (const auto& [name, j] : jobs) {
    const auto pool = to_ids<item_id>(tree.children(schema.pool(name)));
    if (pool != j.items) {
      broken("I9: the pool of " + name + " is not what its nodes say");
    }
    if (!store::decode<store::pool_payload>(tree.data(schema.pool(name)), "")->enabled) {
      continue;
    }
    for (const auto& item : j.items) {
      ++expected_locks;
      if (!tree.has(schema.lock(name, item))) {
        broken("I3: " + name + ":" + item + " is not locked");
      }
      auto lock = store::decode<store::lock_payload>(tree.data(schema.lock(name, item)), "");
      std::size_t granted = 0;
      for (auto& x : nodes) {
        const bool owns = tree.has(schema.assigned(x->id, name, item));
        const auto status = x->runners.at(name).status(now);
        const bool has = std::any_of(status.items.begin(), status.items.end(),
                                     [&, id = item](const work_item& w) { return w.id == id; });
        granted += has ? 1 : 0;
        if (owns != has || (has && lock->incarnation != x->life)) {
          broken("I3: " + name + ":" + item + (owns ? " is" : " is not") + " assigned to " + x->id + ", " +
                 (has ? "granted" : "not granted") + " there, locked by " + lock->incarnation);
        }
      }
      if (granted != 1) {
        broken("I3: " + name + ":" + item + " is granted " + std::to_string(granted) + " times");
      }
    }
  }
  if (locks != expected_locks) {
    broken("I8: " + std::to_string(locks) + " locks, " + std::to_string(expected_locks) + " expected");
  }
}

std::size_t core_cluster::leaders() const {
  std::size_t n = 0;
  for (const auto& x : nodes) {
    n += x->manager.leading() ? 1 : 0;
  }
  return n;
}

} // namespace djm::test
