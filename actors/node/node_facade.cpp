#include <signal.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <system_error>
#include <utility>

#include <caf/all.hpp>

#include <cxxabi.h>

#include "djm/node.hpp"
#include "djm/node_actor.hpp"

namespace djm {

namespace {

struct facade_config : caf::actor_system_config {
  explicit facade_config(std::uint32_t threads) {
    set(cx::max_threads_option, static_cast<std::size_t>(std::max<std::uint32_t>(threads, 1)));
    add_error_renderer(*this);
  }
};

/// What outlives the node's actor: whether it has ended and why.
struct ending {
  std::mutex guard;
  std::condition_variable changed;
  bool over = false;
  error why;
};

std::atomic<int> signals_seen{0};

extern "C" void count_signal(int) {
  ++signals_seen;
}

/// Whether this thread is within `options::on_event`, whose actor cannot be waited for there.
thread_local bool in_on_event = false;

/// Until when events are worth telling, in nanoseconds of the steady clock.
using hearing = std::shared_ptr<std::atomic<std::int64_t>>;

std::int64_t steady_now() {
  return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
}

caf::behavior listener(cx::event_based_actor* self, std::function<void(const node_event&)> on_event, hearing until) {
  self->set_exception_handler([](std::exception_ptr&) -> caf::error { return {}; });
  return {
    [on_event, until](const node_event& e) {
      if (steady_now() > *until) {
        return; // a listener that is far behind must not keep the facade
      }
      in_on_event = true;
      try {
        on_event(e);
      } catch (const abi::__forced_unwind&) {
        throw;
      } catch (...) {
        // The listener is user code: what it throws ends here.
      }
      in_on_event = false;
    },
  };
}

} // namespace

struct node::impl {
  impl(node_id n, std::uint32_t threads) : id(std::move(n)), config(threads), system(config) {}

  template <class T, class Message>
  expected<T> ask(Message m, cx::timeout limit = caf::infinite) {
    const auto to = the_node();
    if (!to) {
      return tl::make_unexpected(stopped());
    }
    cx::scoped_actor self{system};
    expected<T> answer = fail(errc::internal, "no answer");
    auto failed = [&](caf::error& e) {
      answer = tl::make_unexpected(e == caf::sec::request_receiver_down ? stopped() : from_caf(e));
    };
    auto request = self->mail(std::move(m)).request(to, limit);
    if constexpr (std::is_void_v<T>) {
      std::move(request).receive([&] { answer = {}; }, failed);
    } else {
      std::move(request).receive([&](T& x) { answer = std::move(x); }, failed);
    }
    return answer;
  }

  /// Null once the facade was shut down.
  node_actor the_node() const {
    std::lock_guard<std::mutex> lock{guard};
    return handle;
  }

  /// What to say when nobody is there to answer.
  error stopped() const {
    std::lock_guard<std::mutex> lock{end->guard};
    return {errc::shutting_down,
            "node \"" + id + "\" has stopped" + (end->why.code == errc::none ? "" : ": " + to_string(end->why))};
  }

  /// Lets go of the actors; from here on nobody can be asked any more.
  void release() {
    caf::actor listener_of_events;
    {
      std::lock_guard<std::mutex> lock{guard};
      handle = nullptr;
      std::swap(listener_of_events, events);
    }
    if (listener_of_events) {
      *until = steady_now() + std::chrono::nanoseconds{std::chrono::seconds{1}}.count();
      caf::anon_send_exit(listener_of_events, caf::exit_reason::user_shutdown);
    }
  }

  const node_id id;
  facade_config config;
  caf::actor_system system;
  std::shared_ptr<ending> end = std::make_shared<ending>();
  mutable std::mutex guard; ///< of what follows
  node_actor handle;
  caf::actor events;
  hearing until = std::make_shared<std::atomic<std::int64_t>>(std::numeric_limits<std::int64_t>::max());
};

constexpr std::uint32_t max_actor_threads = 1024;

node::node(std::unique_ptr<impl> x) : impl_(std::move(x)) {}
node::node(node&&) noexcept = default;
node& node::operator=(node&&) noexcept = default;

node::~node() {
  if (impl_ && impl_->the_node()) {
    (void) shutdown(true);
  }
}

expected<node> node::start(node_config config, options o) {
  if (auto ok = validate(config); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (o.actor_threads < 1 || o.actor_threads > max_actor_threads) {
    return fail(errc::invalid_config, "options.actor_threads is " + std::to_string(o.actor_threads) +
                                        "; it must be from 1 to " + std::to_string(max_actor_threads));
  }
  std::unique_ptr<impl> x;
  try {
    x = std::make_unique<impl>(config.id, o.actor_threads);
  } catch (const std::system_error& e) {
    return fail(errc::invalid_state,
                "node \"" + config.id + "\": the system refuses the threads it needs: " + std::string{e.what()});
  }
  node_options no;
  no.log = std::move(o.log);
  no.strategies = std::move(o.strategies);
  auto handle = spawn_node(x->system, std::move(config), std::move(no));
  if (!handle) {
    return tl::make_unexpected(handle.error());
  }
  x->handle = *handle;
  caf::actor_cast<caf::actor>(x->handle)->attach_functor([end = x->end](const caf::error& reason) {
    std::lock_guard<std::mutex> lock{end->guard};
    end->over = true;
    if (reason != caf::exit_reason::user_shutdown) {
      end->why = from_caf(reason);
    }
    end->changed.notify_all();
  });
  if (o.on_event) {
    x->events = x->system.spawn<caf::detached>(listener, std::move(o.on_event), x->until); // it may block
    (void) x->ask<void>(subscribe{x->events});
  }
  return node{std::move(x)};
}

expected<void> node::register_job(job_definition d) {
  return impl_->ask<void>(djm::register_job{std::move(d.spec), std::move(d.code)});
}
expected<void> node::unregister_job(const job_id& job) {
  return impl_->ask<void>(djm::unregister_job{job});
}
expected<void> node::enable_job(const job_id& job) {
  return impl_->ask<void>(switch_job{job, true});
}
expected<void> node::disable_job(const job_id& job) {
  return impl_->ask<void>(switch_job{job, false});
}
expected<void> node::disable_all() {
  return impl_->ask<void>(switch_all{true});
}
expected<void> node::enable_all() {
  return impl_->ask<void>(switch_all{false});
}
expected<void> node::trigger(const job_id& job) {
  return impl_->ask<void>(trigger_job{job});
}
expected<void> node::reschedule(const job_id& job, schedule s) {
  return impl_->ask<void>(reschedule_job{job, s});
}
expected<void> node::mark_worker(const node_id& worker, bool draining, bool cordoned) {
  return impl_->ask<void>(djm::mark_worker{worker, draining, cordoned});
}
expected<node_status> node::status() const {
  return impl_->ask<node_status>(get_status{});
}
expected<cluster_view> node::cluster() const {
  return impl_->ask<cluster_view>(get_cluster{});
}
expected<runner_status> node::job(const job_id& id) const {
  return impl_->ask<runner_status>(get_job{id});
}

expected<item_explanation> node::explain(const job_id& job, const item_id& item) const {
  return impl_->ask<item_explanation>(explain_item{job, item}, cx::timeout{std::chrono::minutes{1}});
}

bool node::wait_ready(any_duration limit) const {
  const duration timeout = limit;
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    auto st = status();
    if (st && st->ready) {
      return true;
    }
    std::unique_lock<std::mutex> lock{impl_->end->guard};
    if (impl_->end->over || std::chrono::steady_clock::now() - begin >= timeout) {
      return false;
    }
    impl_->end->changed.wait_for(lock, std::chrono::milliseconds{20});
  }
}

expected<void> node::wait_stopped() const {
  std::unique_lock<std::mutex> lock{impl_->end->guard};
  impl_->end->changed.wait(lock, [this] { return impl_->end->over; });
  if (impl_->end->why.code != errc::none) {
    return tl::make_unexpected(impl_->end->why);
  }
  return {};
}

expected<void> node::shutdown(bool hurry) {
  auto& x = *impl_;
  if (!x.the_node()) {
    return {};
  }
  auto answer = x.ask<void>(shutdown_node{hurry});
  auto end = wait_stopped();
  x.release();
  if (!in_on_event) {
    x.system.await_all_actors_done();
  }
  if (!answer && answer.error().code == errc::shutting_down) {
    return end; // it had stopped already
  }
  return answer;
}

expected<void> node::run_until_signal() {
  auto& x = *impl_;
  struct sigaction ours {};
  struct sigaction before_int {};
  struct sigaction before_term {};
  ours.sa_handler = count_signal;
  sigemptyset(&ours.sa_mask);
  signals_seen = 0;
  sigaction(SIGINT, &ours, &before_int);
  sigaction(SIGTERM, &ours, &before_term);
  bool asked = false;
  bool hurried = false;
  {
    // A handler may only count; so the end of the node is waited for and the count looked at in between.
    std::unique_lock<std::mutex> lock{x.end->guard};
    while (!x.end->over) {
      x.end->changed.wait_for(lock, std::chrono::milliseconds{100});
      const int seen = x.end->over ? 0 : signals_seen.load();
      if (seen > 0 && !asked) {
        asked = true;
        cx::anon_mail(shutdown_node{false}).send(x.the_node());
      }
      if (seen > 1 && !hurried) {
        hurried = true;
        cx::anon_mail(shutdown_node{true}).send(x.the_node());
      }
    }
  }
  sigaction(SIGINT, &before_int, nullptr);
  sigaction(SIGTERM, &before_term, nullptr);
  return shutdown();
}

} // namespace djm
