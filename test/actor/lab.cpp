#include "lab.hpp"

#include <algorithm>

#include "actors/env/system_env.hpp"
#include "actors/node/node_shell.hpp"

namespace djm::test {

void bell::ring() {
  std::lock_guard<std::mutex> lock{guard_};
  ++rings_;
  rung_.notify_all();
}

bool bell::wait(const std::function<bool()>& done, milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    std::uint64_t seen = 0;
    {
      std::lock_guard<std::mutex> lock{guard_};
      seen = rings_;
    }
    if (done()) {
      return true;
    }
    if (std::chrono::steady_clock::now() >= end) {
      return false;
    }
    std::unique_lock<std::mutex> lock{guard_};
    rung_.wait_for(lock, milliseconds{10}, [&] { return rings_ != seen; });
  }
}

bell& the_bell() {
  static bell b;
  return b;
}

void event_book::add(const node_event& e) {
  {
    std::lock_guard<std::mutex> lock{guard_};
    events_.push_back(e);
  }
  the_bell().ring();
}

std::vector<node_event> event_book::all() const {
  std::lock_guard<std::mutex> lock{guard_};
  return events_;
}

std::vector<std::string> event_book::problems(errc code) const {
  std::vector<std::string> found;
  for (const auto& p : of<problem>()) {
    if (p.why.code == code) {
      found.push_back(p.why.text);
    }
  }
  return found;
}

std::vector<std::string> event_book::connection_states() const {
  std::vector<std::string> states;
  bool joined = false;
  for (const auto& c : of<connection_changed>()) {
    const bool back = c.state == connection_state::connected || c.state == connection_state::reconnected;
    if (c.state == connection_state::connecting || c.state == connection_state::suspended || (back && joined)) {
      continue;
    }
    joined = back;
    states.push_back(to_string(c.state));
  }
  return states;
}

std::vector<item_id> lab_node::items_of(const job_id& id) const {
  std::vector<item_id> items;
  for (const auto& i : job(id).items) {
    items.push_back(i.id);
  }
  return items;
}

expected<void> lab_node::add(expected<job_definition> d) const {
  if (!d) {
    return tl::make_unexpected(d.error());
  }
  return ask(register_job{d->spec, d->code});
}

bool lab_node::wait_ready() const {
  return the_bell().wait([this] { return status().ready; });
}

bool lab_node::wait_items(std::size_t n) const {
  return the_bell().wait([this, n] {
    auto st = status();
    std::size_t held = 0;
    for (const auto& j : st.jobs) {
      held += j.items.size();
    }
    return st.ready && held == n && st.worker.locked == n;
  });
}

expected<void> lab_node::shutdown(bool hurry) {
  auto answer = ask(shutdown_node{hurry});
  auto end = wait_down();
  handle = nullptr;
  return answer;
}

expected<error> lab_node::wait_down() {
  if (!the_bell().wait([this] { return is_down(); })) {
    return fail(errc::timed_out, "the node does not end");
  }
  std::lock_guard<std::mutex> lock{guard_};
  return why_;
}

bool lab_node::is_down() const {
  std::lock_guard<std::mutex> lock{guard_};
  return down_;
}

void lab_node::note_down(const caf::error& reason) {
  {
    std::lock_guard<std::mutex> lock{guard_};
    down_ = true;
    if (reason != caf::exit_reason::user_shutdown) {
      why_ = from_caf(reason);
    }
  }
  the_bell().ring();
}

void lab_node::note_part(const std::string& part, caf::actor h) {
  {
    std::lock_guard<std::mutex> lock{guard_};
    parts_[part].push_back(h.address());
  }
  the_bell().ring();
}

void lab_node::kill_part(const std::string& part) {
  caf::actor target;
  {
    std::lock_guard<std::mutex> lock{guard_};
    if (auto p = parts_.find(part); p != parts_.end()) {
      target = caf::actor_cast<caf::actor>(p->second.back());
    }
  }
  if (target) {
    caf::anon_send_exit(target, caf::exit_reason::unknown);
  }
}

std::size_t lab_node::starts_of(const std::string& part) const {
  std::lock_guard<std::mutex> lock{guard_};
  auto p = parts_.find(part);
  return p == parts_.end() ? 0 : p->second.size();
}

node_config lab_config(const node_id& id) {
  node_config c;
  c.id = id;
  c.store.session_timeout = seconds{2};
  c.store.operation_deadline = milliseconds{1000};
  c.detach_tolerance = seconds{2};
  c.stop_grace = milliseconds{200};
  c.stop_timeout = seconds{10};
  c.rebalance_debounce = milliseconds{2};
  c.rebalance_max_wait = milliseconds{20};
  c.sweep_period = milliseconds{500};
  c.backoff_min = milliseconds{5};
  c.backoff_max = milliseconds{100};
  return c;
}

lab::config::config() {
  set(cx::max_threads_option, std::size_t{2});
  add_error_renderer(*this);
}

lab::lab() : store_(std::make_shared<store::embedded_store>()), system_(config_) {}

lab::~lab() {
  for (auto& n : nodes_) {
    if (n->handle && !n->is_down()) {
      (void) n->shutdown(true);
    }
    n->handle = nullptr;
    if (n->listener) {
      caf::anon_send_exit(n->listener, caf::exit_reason::user_shutdown);
      n->listener = nullptr;
    }
  }
  system_.await_all_actors_done();
}

lab_node& lab::start(node_config c, std::shared_ptr<const strategy_registry> strategies) {
  system_env_options env;
  env.node = c.id;
  env.sessions = store_;
  env.threads.max_threads = c.max_threads;
  env.log = [this](const log_record& r) {
    std::lock_guard<std::mutex> lock{guard_};
    log_.push_back(to_string(r.level) + ' ' + r.node + ' ' + r.component + ' ' + r.text);
  };
  auto& n = *nodes_.emplace_back(std::make_unique<lab_node>(system_));
  node_parts parts;
  parts.env = std::make_shared<system_env>(std::move(env));
  parts.strategies = std::move(strategies);
  parts.host = "host-of-" + c.id;
  parts.pid = 42;
  parts.on_part = [&n](const std::string& part, caf::actor h) { n.note_part(part, std::move(h)); };
  n.listener = system_.spawn(
    [&n](cx::event_based_actor*) -> caf::behavior { return {[&n](const node_event& e) { n.events.add(e); }}; });
  n.handle = spawn_node_in(system_, std::move(c), std::move(parts));
  caf::actor_cast<caf::actor>(n.handle)->attach_functor([&n](const caf::error& reason) { n.note_down(reason); });
  (void) n.ask(subscribe{n.listener});
  return n;
}

std::vector<std::string> lab::log() const {
  std::lock_guard<std::mutex> lock{guard_};
  return log_;
}

bool mentions(const std::string& text, std::initializer_list<const char*> parts) {
  return std::all_of(parts.begin(), parts.end(), [&](const char* p) { return text.find(p) != std::string::npos; });
}

std::vector<item_id> numbered(const std::string& prefix, std::size_t count) {
  std::vector<item_id> items;
  for (std::size_t i = 0; i < count; ++i) {
    items.emplace_back(prefix + std::to_string(i));
  }
  return items;
}

} // namespace djm::test
