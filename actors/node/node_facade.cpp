#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <caf/all.hpp>

#include "actors/node/actor_host.hpp"
#include "actors/node/clerk.hpp"
#include "actors/node/event_feed.hpp"
#include "actors/node/guarded_job.hpp"
#include "actors/node/process_end.hpp"
#include "actors/node/spawn_node.hpp"
#include "djm/node.hpp"
#include "djm/node_actor.hpp"

namespace djm {

namespace {

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

/// How long what is not the cluster's may take at the end: a listener its backlog, actors their last messages.
constexpr std::chrono::seconds listener_patience{1};
constexpr std::chrono::seconds actor_patience{10};

} // namespace

struct node::impl final : ends_with_process {
  impl(node_id n, duration operation_deadline) : id(std::move(n)), hurried_end(operation_deadline * 4 + slack) {}

  /// Asks for a facade, which may be destroyed meanwhile: in static storage, by a thread that ends the process.
  template <class T, class Message>
  static expected<T> ask(const std::shared_ptr<impl>& facade, Message m, cx::timeout limit = caf::infinite) {
    const auto x = facade;
    if (auto ok = usable(x); !ok) {
      return tl::make_unexpected(ok.error());
    }
    return x->ask<T>(std::move(m), limit);
  }

  /// Not after a move, nor in a child of the process that started the node: none of its threads lives there, and a lock
  /// that one of them held is held for ever.
  static expected<void> usable(const std::shared_ptr<impl>& x) {
    if (!x) {
      return fail(errc::invalid_state, "this node was moved from");
    }
    if (getpid() != x->process) {
      return fail(errc::invalid_state, "node \"" + x->id + "\" belongs to process " + std::to_string(x->process) +
                                         "; this is process " + std::to_string(getpid()) + ", forked from it, which " +
                                         "can neither use nor end it");
    }
    return {};
  }

  /// As `usable`; and not from within code of a job of this node, which would wait for itself.
  static expected<void> may_wait(const std::shared_ptr<impl>& x, const char* call, const char* instead) {
    if (auto ok = usable(x); !ok) {
      return ok;
    }
    if (const auto* code = code_of_node(x->key)) {
      return fail(errc::invalid_state, std::string{call} + " was called by code of job \"" + code->id() +
                                         "\", for which it would wait; " + instead);
    }
    return {};
  }

  /// Notes that code of one job waits for the end of another, unless they would wait for each other.
  expected<std::shared_ptr<void>> wait_for_end_of(const job_id& job) {
    const auto* code = code_of_node(key);
    if (code == nullptr) {
      return nullptr;
    }
    std::lock_guard<std::mutex> lock{waits_guard};
    if (waits_for(job, code->id())) {
      return fail(errc::invalid_state, "unregister_job of \"" + job + "\" was called by code of job \"" + code->id() +
                                         "\"" +
                                         (job == code->id() ? "" : ", whose own end code of that job waits for") +
                                         ": it would never be answered; use begin_unregister");
    }
    const auto edge = waits.emplace(code->id(), job);
    return std::shared_ptr<void>{nullptr, [this, edge](void*) {
                                   std::lock_guard<std::mutex> l{waits_guard};
                                   waits.erase(edge);
                                 }};
  }

  /// Whether code of `from` waits, over however many, for the end of `to`. Few wait at a time.
  bool waits_for(const job_id& from, const job_id& to) const {
    std::set<job_id> seen{from};
    std::vector<job_id> open{from};
    while (!open.empty()) {
      const auto x = std::move(open.back());
      open.pop_back();
      if (x == to) {
        return true;
      }
      for (auto [i, end_] = waits.equal_range(x); i != end_; ++i) {
        if (seen.insert(i->second).second) {
          open.push_back(i->second);
        }
      }
    }
    return false;
  }

  /// Asks the node and waits; on this thread nothing of CAF is left behind.
  template <class T, class Message>
  expected<T> ask(Message m, cx::timeout limit = caf::infinite, std::optional<duration> patience = {}) {
    auto slot = std::make_shared<std::promise<expected<T>>>();
    auto answer = slot->get_future();
    {
      std::lock_guard<std::mutex> lock{guard};
      if (!handle) {
        return tl::make_unexpected(stopped());
      }
      cx::anon_mail(question{[to = handle, limit, m = std::move(m), slot](cx::event_based_actor* self) {
        put<T>(self, to, limit, m, slot);
      }})
        .send(clerk);
    }
    slot = nullptr; // whoever drops the question or its answer lets us know by that
    try {
      if (patience && answer.wait_for(*patience) != std::future_status::ready) {
        return fail(errc::timed_out, "node \"" + id + "\" does not answer");
      }
      return answer.get();
    } catch (const std::future_error&) {
      return tl::make_unexpected(stopped());
    }
  }

  template <class T, class Message>
  static void put(cx::event_based_actor* self, const node_actor& to, cx::timeout limit, const Message& m,
                  const std::shared_ptr<std::promise<expected<T>>>& slot) {
    auto failed = [slot](caf::error& e) {
      // A receiver that is down is left for `stopped` to explain.
      if (e != caf::sec::request_receiver_down) {
        slot->set_value(tl::make_unexpected(from_caf(e)));
      }
    };
    auto request = self->mail(Message{m}).request(to, limit);
    if constexpr (std::is_void_v<T>) {
      std::move(request).then([slot] { slot->set_value({}); }, failed);
    } else {
      std::move(request).then([slot](T& x) { slot->set_value(std::move(x)); }, failed);
    }
  }

  template <class Message>
  void tell(Message m) {
    std::lock_guard<std::mutex> lock{guard};
    if (handle) {
      cx::anon_mail(std::move(m)).send(handle);
    }
  }

  /// False once the facade was shut down.
  bool reachable() const {
    std::lock_guard<std::mutex> lock{guard};
    return static_cast<bool>(handle);
  }

  /// What to say when nobody is there to answer.
  error stopped() const {
    std::lock_guard<std::mutex> lock{end->guard};
    return {errc::shutting_down,
            "node \"" + id + "\" has stopped" + (end->why.code == errc::none ? "" : ": " + to_string(end->why))};
  }

  expected<void> wait_stopped(std::optional<duration> patience = {}) const {
    std::unique_lock<std::mutex> lock{end->guard};
    const auto over = [this] { return end->over; };
    if (!patience) {
      end->changed.wait(lock, over);
    } else if (!end->changed.wait_for(lock, *patience, over)) {
      return fail(errc::timed_out, "node \"" + id + "\" has not ended");
    }
    if (end->why.code != errc::none) {
      return tl::make_unexpected(end->why);
    }
    return {};
  }

  /// Ends the node and all that belongs to it; `patience` bounds the wait for the node itself.
  expected<void> shut_down(bool hurry, std::optional<duration> patience) {
    if (!reachable()) {
      return {};
    }
    auto answer = ask<void>(shutdown_node{hurry}, caf::infinite, patience);
    auto end_of_node = wait_stopped(patience);
    release();
    const bool alone = host->end(actor_patience);
    if (feed) {
      feed->end(listener_patience);
    }
    if (!answer && answer.error().code == errc::shutting_down) {
      return end_of_node; // it had stopped already
    }
    if (answer && !alone) {
      return fail(errc::user_code_hangs, "node \"" + id + "\" has ended, but a log sink or another piece of user code" +
                                           " does not come back to its actor, which is left behind");
    }
    return answer;
  }

  void end_with_process() override {
    if (getpid() == process) {
      (void) shut_down(true, hurried_end);
    }
  }

  /// Lets go of the actors; from here on nobody can be asked any more. What has been asked is answered first.
  void release() {
    std::lock_guard<std::mutex> lock{guard};
    handle = nullptr;
    if (auto last = std::exchange(clerk, nullptr)) {
      cx::anon_mail(question{[](cx::event_based_actor* self) { self->quit(); }}).send(last);
    }
  }

  static constexpr std::chrono::seconds slack{5};

  const node_id id;
  const pid_t process = getpid();
  const void* key = nullptr;  ///< how `code_of_node` knows the node
  const duration hurried_end; ///< what a shutdown takes at most that waits for nobody
  std::shared_ptr<ending> end = std::make_shared<ending>();
  std::unique_ptr<actor_host> host;
  std::shared_ptr<event_feed> feed;
  mutable std::mutex guard; ///< of what follows
  node_actor handle;
  caf::actor clerk;
  std::mutex waits_guard;
  std::multimap<job_id, job_id> waits; ///< code of the one waits for the end of the other
};

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
    (void) x->shut_down(true, x->hurried_end);
  } else if (x) {
    new std::shared_ptr<impl>{x}; // never destroyed: that is for the process it belongs to
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
  if (auto ok = check_process(); !ok) {
    return tl::make_unexpected(ok.error());
  }
  auto x = std::make_shared<impl>(config.id, config.store.operation_deadline);
  try {
    x->host = std::make_unique<actor_host>(o.actor_threads);
    if (o.on_event) {
      x->feed = std::make_shared<event_feed>(std::move(o.on_event));
    }
  } catch (const std::system_error& e) {
    return fail(errc::invalid_state,
                "node \"" + config.id + "\": the system refuses the threads it needs: " + std::string{e.what()});
  }
  node_options no;
  no.log = std::move(o.log);
  no.strategies = std::move(o.strategies);
  expected<void> started;
  x->host->call([&](caf::actor_system& system) {
    auto spawned = spawn_node_with_key(system, std::move(config), std::move(no));
    if (!spawned) {
      started = tl::make_unexpected(spawned.error());
      return;
    }
    x->handle = std::move(spawned->handle);
    x->key = spawned->key;
    caf::actor_cast<caf::actor>(x->handle)->attach_functor([end = x->end](const caf::error& reason) {
      std::lock_guard<std::mutex> lock{end->guard};
      end->over = true;
      if (reason != caf::exit_reason::user_shutdown) {
        end->why = from_caf(reason);
      }
      end->changed.notify_all();
    });
    x->clerk = system.spawn(clerk_behavior, x->feed,
                            caf::actor_cast<caf::weak_actor_ptr>(caf::actor_cast<caf::strong_actor_ptr>(x->handle)));
  });
  if (!started) {
    x->host->end(actor_patience);
    return tl::make_unexpected(started.error());
  }
  if (x->feed) {
    (void) x->ask<void>(subscribe{x->clerk});
  }
  end_before_static_objects(x);
  return node{std::move(x)};
}

expected<void> node::register_job(job_definition d) {
  return impl::ask<void>(impl_, djm::register_job{std::move(d.spec), std::move(d.code)});
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
  return impl::ask<void>(impl_, switch_all{true});
}
expected<void> node::enable_all() {
  return impl::ask<void>(impl_, switch_all{false});
}
expected<void> node::delete_job(const job_id& job) {
  return impl::ask<void>(impl_, djm::delete_job{job});
}
expected<std::uint64_t> node::trigger(const job_id& job) {
  return impl::ask<std::uint64_t>(impl_, trigger_job{job});
}
expected<void> node::reschedule(const job_id& job, schedule s) {
  return impl::ask<void>(impl_, reschedule_job{job, s});
}
expected<void> node::mark_worker(const node_id& worker, bool draining, bool cordoned) {
  return impl::ask<void>(impl_, djm::mark_worker{worker, draining, cordoned});
}
expected<node_status> node::status() const {
  const auto x = impl_;
  auto st = impl::ask<node_status>(x, get_status{});
  if (st && x->feed) {
    st->events = x->feed->look();
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

bool node::wait_ready(any_duration limit) const {
  const duration timeout = limit;
  const auto x = impl_;
  if (!impl::usable(x)) {
    return false;
  }
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    auto st = x->ask<node_status>(get_status{});
    if (st && st->ready) {
      return true;
    }
    std::unique_lock<std::mutex> lock{x->end->guard};
    if (x->end->over || std::chrono::steady_clock::now() - begin >= timeout) {
      return false;
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

expected<void> node::run_until_signal() {
  const auto x = impl_; // a static node may be destroyed while we wait
  if (auto ok = impl::may_wait(x, "run_until_signal", "call it from the main thread"); !ok) {
    return ok;
  }
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
    std::unique_lock<std::mutex> lock{x->end->guard};
    while (!x->end->over) {
      x->end->changed.wait_for(lock, std::chrono::milliseconds{100});
      const int seen = x->end->over ? 0 : signals_seen.load();
      if (seen > 0 && !asked) {
        asked = true;
        x->tell(shutdown_node{false});
      }
      if (seen > 1 && !hurried) {
        hurried = true;
        x->tell(shutdown_node{true});
      }
    }
  }
  sigaction(SIGINT, &before_int, nullptr);
  sigaction(SIGTERM, &before_term, nullptr);
  leave_the_end_to_others();
  return x->shut_down(false, {});
}

} // namespace djm
