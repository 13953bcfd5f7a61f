#include "actors/node/node_facade.hpp"

#include <new>
#include <system_error>

#include "actors/node/spawn_node.hpp"
#include "actors/node/why_not_ready.hpp"

namespace djm {

constexpr std::uint32_t max_actor_threads = 1024;

node::node(std::shared_ptr<impl> x) : impl_(std::move(x)) {}
node::node(node&&) noexcept = default;

node& node::operator=(node&& other) noexcept {
  node former{std::move(*this)};
  impl_ = std::move(other.impl_);
  return *this;
}

node::~node() {
  const auto x = std::exchange(impl_, nullptr);
  if (impl::usable(x)) {
    x->end_for_good();
  } else if (x) {
    new (std::nothrow) std::shared_ptr<impl>{x}; // never destroyed: that is for the process it belongs to
  }
}

expected<node> node::start(node_config config, node_options o) {
  if (auto ok = validate(config); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (o.actor_threads < 1 || o.actor_threads > max_actor_threads) {
    return fail(errc::invalid_config, "node_options::actor_threads is " + std::to_string(o.actor_threads) +
                                        "; it must be from 1 to " + std::to_string(max_actor_threads));
  }
  if (auto ok = check_process(); !ok) {
    return tl::make_unexpected(ok.error());
  }
  auto x = std::make_shared<impl>(config.id, config.store.operation_deadline);
  try {
    x->host = std::make_unique<actor_host>(o.actor_threads);
  } catch (const std::system_error& e) {
    return fail(errc::invalid_state,
                "node \"" + config.id + "\": the system refuses the threads it needs: " + std::string{e.what()});
  }
  expected<void> started;
  x->host->call([&](caf::actor_system& system) {
    auto spawned = spawn_node_with_key(system, std::move(config), std::move(o));
    if (!spawned) {
      started = tl::make_unexpected(spawned.error());
      return;
    }
    x->handle = std::move(spawned->handle);
    x->key = spawned->key;
    if (spawned->feed) {
      x->feeds.push_back(std::move(spawned->feed));
    }
    x->reports = std::move(spawned->reports);
    caf::actor_cast<caf::actor>(x->handle)->attach_functor([end = x->end](const caf::error& reason) {
      std::lock_guard<std::mutex> lock{end->guard};
      end->over = true;
      if (reason != caf::exit_reason::user_shutdown) {
        end->why = from_caf(reason);
      }
      end->changed.notify_all();
    });
    x->clerk = system.spawn(clerk_behavior);
  });
  if (!started) {
    x->host->end(actor_patience);
    return tl::make_unexpected(started.error());
  }
  end_before_static_objects(x);
  return node{std::move(x)};
}

expected<void> node::register_job(job_definition d) {
  return impl::ask<void>(impl_, djm::register_job{std::move(d.spec), std::move(d.code)});
}
expected<void> node::register_job(const job_builder& builder) {
  auto d = builder.build();
  return d ? register_job(std::move(*d)) : tl::make_unexpected(d.error());
}
expected<void> node::unregister_job(const job_id& job) {
  const auto x = impl_;
  if (auto ok = impl::usable(x); !ok) {
    return ok;
  }
  const auto wait = x->wait_for_end_of(job);
  if (!wait) {
    return tl::make_unexpected(wait.error());
  }
  return x->ask<void>(djm::unregister_job{job});
}
expected<void> node::begin_unregister(const job_id& job) {
  return impl::ask<void>(impl_, djm::unregister_job{job, false});
}
expected<void> node::enable_job(const job_id& job) {
  return impl::ask<void>(impl_, switch_job{job, true});
}
expected<void> node::disable_job(const job_id& job) {
  return impl::ask<void>(impl_, switch_job{job, false});
}
expected<void> node::disable_all() {
  return impl::ask<void>(impl_, switch_all{false});
}
expected<void> node::enable_all() {
  return impl::ask<void>(impl_, switch_all{true});
}
expected<void> node::delete_job(const job_id& job) {
  return impl::ask<void>(impl_, djm::delete_job{job});
}
expected<std::int64_t> node::update_job(const job_id& job, user_config overrides, std::optional<std::int64_t> rev) {
  return impl::ask<std::int64_t>(impl_, djm::update_job{job, std::move(overrides), false, rev});
}
expected<std::int64_t> node::configure_job(const job_id& job, user_config config, std::optional<std::int64_t> rev) {
  return impl::ask<std::int64_t>(impl_, djm::configure_job{job, std::move(config), rev});
}
expected<std::int64_t> node::pause_job(const job_id& job) {
  return impl::ask<std::int64_t>(impl_, djm::pause_job{job});
}
expected<std::int64_t> node::resume_job(const job_id& job) {
  return impl::ask<std::int64_t>(impl_, djm::resume_job{job});
}
expected<std::int64_t> node::prepare_again(const job_id& job) {
  return impl::ask<std::int64_t>(impl_, djm::prepare_again{job});
}
expected<std::int64_t> node::remove_job(const job_id& job) {
  return impl::ask<std::int64_t>(impl_, djm::remove_job{job});
}
expected<djm::item_state> node::item_state(const job_id& job, const item_id& item) const {
  return impl::ask<djm::item_state>(impl_, djm::get_item_state{job, item});
}

expected<djm::item_state> node::set_item_state(const job_id& job, const item_id& item, std::optional<bytes> state,
                                               std::optional<std::int64_t> version) {
  return impl::ask<djm::item_state>(impl_, djm::set_item_state{job, item, std::move(state), version});
}

expected<std::int64_t> node::trigger_job(const job_id& job, std::string request) {
  return impl::ask<std::int64_t>(impl_, djm::trigger_job{job, std::move(request)});
}
expected<std::uint64_t> node::trigger_here(const job_id& job) {
  return impl::ask<std::uint64_t>(impl_, djm::trigger_here{job});
}
expected<void> node::reschedule(const job_id& job, schedule s) {
  return impl::ask<void>(impl_, reschedule_job{job, s});
}
expected<void> node::cancel(const job_id& job, run_id run) {
  return impl::ask<void>(impl_, cancel_run{job, run});
}
expected<void> node::release(const job_id& job, const item_id& item) {
  return impl::ask<void>(impl_, release_item{job, item});
}
expected<void> node::resume(const job_id& job) {
  return impl::ask<void>(impl_, resume_here{job});
}
expected<item_answer> node::ask(const job_id& job, const item_id& item, bytes question, any_duration timeout) const {
  return impl::ask<item_answer>(impl_, ask_item{job, item, std::move(question), timeout});
}
expected<run_history> node::history(const get_history& which) const {
  return impl::ask<run_history>(impl_, which);
}
expected<void> node::drain(const node_id& worker) {
  return impl::ask<void>(impl_, mark_worker{worker, true, {}});
}
expected<void> node::undrain(const node_id& worker) {
  return impl::ask<void>(impl_, mark_worker{worker, false, {}});
}
expected<void> node::cordon(const node_id& worker) {
  return impl::ask<void>(impl_, mark_worker{worker, {}, true});
}
expected<void> node::uncordon(const node_id& worker) {
  return impl::ask<void>(impl_, mark_worker{worker, {}, false});
}
expected<node_status> node::status() const {
  const auto x = impl_;
  auto st = impl::ask<node_status>(x, get_status{});
  if (st) {
    st->events = x->look_at_feeds();
  }
  return st;
}
expected<cluster_view> node::cluster() const {
  return impl::ask<cluster_view>(impl_, get_cluster{});
}
expected<runner_status> node::job(const job_id& id) const {
  return impl::ask<runner_status>(impl_, get_job{id});
}

expected<item_explanation> node::explain(const job_id& job, const item_id& item) const {
  return impl::ask<item_explanation>(impl_, explain_item{job, item}, cx::timeout{std::chrono::minutes{1}});
}

expected<subscription> node::subscribe(event_listener listener) {
  const auto x = impl_;
  if (auto ok = impl::usable(x); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (!listener) {
    return fail(errc::invalid_state, "subscribe: the listener is empty");
  }
  std::shared_ptr<event_feed> feed;
  try {
    feed = std::make_shared<event_feed>(std::move(listener));
  } catch (const std::system_error& e) {
    return fail(errc::invalid_state,
                "node \"" + x->id + "\": the system refuses the thread of a listener: " + std::string{e.what()});
  }
  x->add(feed);
  const auto ok = x->ask<void>(impl::subscribe_feed{feed});
  if (!ok) {
    feed->cancel(listener_patience);
  }
  (void) x->look_at_feeds(); // forgets those that have ended since
  if (!ok) {
    return tl::make_unexpected(ok.error());
  }
  return subscription{x->process, [feed] { feed->cancel(listener_patience); }};
}

subscription::subscription(subscription&& other) noexcept
  : process_(other.process_), end_(std::exchange(other.end_, nullptr)) {}

subscription& subscription::operator=(subscription&& other) noexcept {
  subscription former{std::move(*this)};
  process_ = other.process_;
  end_ = std::exchange(other.end_, nullptr);
  return *this;
}

subscription::~subscription() {
  end();
}

void subscription::end() {
  if (!end_) {
    return;
  }
  auto f = std::exchange(end_, nullptr);
  if (getpid() == process_) {
    f();
  } else {
    new std::function<void()>{std::move(f)}; // never destroyed: that is for the process it belongs to
  }
}

expected<void> node::with_actor(const std::function<void(caf::actor_system&, const caf::actor&)>& f) {
  const auto x = impl_;
  if (auto ok = impl::usable(x); !ok) {
    return ok;
  }
  // `release` takes the same lock before the host ends.
  std::lock_guard<std::mutex> lock{x->guard};
  if (!x->handle) {
    return tl::make_unexpected(x->stopped());
  }
  x->host->call([&](caf::actor_system& system) { f(system, caf::actor_cast<caf::actor>(x->handle)); });
  return {};
}

expected<void> node::wait_ready(any_duration limit) const {
  const duration timeout = limit;
  const auto x = impl_;
  if (auto ok = impl::usable(x); !ok) {
    return ok;
  }
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    auto st = x->ask<node_status>(get_status{});
    if (st && st->ready) {
      return {};
    }
    std::unique_lock<std::mutex> lock{x->end->guard};
    if (!st || x->end->over) {
      lock.unlock();
      return tl::make_unexpected(st ? x->stopped() : st.error());
    }
    if (std::chrono::steady_clock::now() - begin >= timeout) {
      return fail(errc::timed_out,
                  "node \"" + x->id + "\" is not ready after " + format_duration(timeout) + ": " + why_not_ready(*st));
    }
    x->end->changed.wait_for(lock, std::chrono::milliseconds{20});
  }
}

expected<void> node::wait_stopped() const {
  const auto x = impl_; // a static node may be destroyed while we wait
  if (auto ok = impl::may_wait(x, "wait_stopped", "let it return instead"); !ok) {
    return ok;
  }
  auto end = x->wait_stopped();
  leave_the_end_to_others();
  return end;
}

expected<void> node::shutdown(bool hurry) {
  const auto x = impl_;
  if (auto ok = impl::may_wait(x, "shutdown", "use begin_shutdown"); !ok) {
    return ok;
  }
  return x->shut_down(hurry, {});
}

expected<void> node::begin_shutdown(bool hurry) {
  const auto x = impl_;
  if (auto ok = impl::usable(x); !ok) {
    return ok;
  }
  x->tell(shutdown_node{hurry});
  return {};
}

} // namespace djm
