#pragma once

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include "actors/node/actor_host.hpp"
#include "actors/node/clerk.hpp"
#include "actors/node/end_waits.hpp"
#include "actors/node/event_feed.hpp"
#include "actors/node/guarded_job.hpp"
#include "actors/node/listener.hpp"
#include "actors/node/process_end.hpp"
#include "actors/node/report_feed.hpp"
#include "djm/node.hpp"
#include "djm/node_actor.hpp"

namespace djm {

/// What outlives the node's actor: whether it has ended and why.
struct node_ending {
  std::mutex guard;
  std::condition_variable changed;
  bool over = false;
  error why;
};

/// How long what is not the cluster's may take at the end: a listener its backlog, actors their last messages.
inline constexpr std::chrono::seconds listener_patience{1};
inline constexpr std::chrono::seconds actor_patience{10};

/// What a `djm::node` owns: an actor system with one node in it, and how threads that are no actors ask that node.
struct node::impl final : ends_with_process {
  impl(node_id n, duration operation_deadline) : id(std::move(n)), hurried_end(operation_deadline * 4 + slack) {}

  /// Asks for a facade, which may be destroyed meanwhile: in static storage, by a thread that ends the process.
  template <class T, class Message>
  static expected<T> ask(std::shared_ptr<impl> x, Message m, cx::timeout limit = caf::infinite) {
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
    return code == nullptr ? nullptr : waits.enter(code->id(), job);
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
    auto request = self->mail(made_by(self, to, m)).request(to, limit);
    if constexpr (std::is_void_v<T>) {
      std::move(request).then([slot] { slot->set_value({}); }, failed);
    } else {
      std::move(request).then([slot](T& x) { slot->set_value(std::move(x)); }, failed);
    }
  }

  /// A message of which only an actor can make a part.
  struct subscribe_feed {
    std::shared_ptr<event_feed> feed;
  };
  static djm::subscribe made_by(cx::event_based_actor* self, const node_actor& to, const subscribe_feed& x) {
    return {self->system().spawn(listener_behavior, x.feed,
                                 caf::actor_cast<caf::weak_actor_ptr>(caf::actor_cast<caf::strong_actor_ptr>(to)))};
  }
  template <class Message>
  static Message made_by(cx::event_based_actor*, const node_actor&, const Message& m) {
    return m;
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
    event_feed::end(all_feeds(), listener_patience);
    if (reports) {
      reports->end(listener_patience);
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

  /// Before what its listeners refer to goes. Who has ended it may be one of them, which is told the rest of its events
  /// when it returns.
  void end_for_good() {
    (void) shut_down(true, hurried_end);
    event_feed::end(all_feeds(), listener_patience);
    if (reports) {
      reports->end(listener_patience);
    }
  }

  void end_with_process() override {
    if (getpid() == process) {
      end_for_good();
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

  std::vector<std::shared_ptr<event_feed>> all_feeds() const {
    std::lock_guard<std::mutex> lock{guard};
    return feeds;
  }
  void add(std::shared_ptr<event_feed> feed) {
    std::lock_guard<std::mutex> lock{guard};
    feeds.push_back(std::move(feed));
  }
  /// Of all that there are and were. Those that are over are forgotten.
  event_status look_at_feeds() {
    std::lock_guard<std::mutex> lock{guard};
    auto sum = heard_before;
    for (auto i = feeds.begin(); i != feeds.end();) {
      const bool over = (*i)->is_over();
      const auto x = (*i)->look();
      for (auto* to : {&sum, over ? &heard_before : nullptr}) {
        if (to != nullptr) {
          to->told += x.told;
          to->dropped += x.dropped;
        }
      }
      sum.waiting += over ? 0 : x.waiting;
      i = over ? feeds.erase(i) : std::next(i);
    }
    return sum;
  }

  static constexpr std::chrono::seconds slack{5};

  const node_id id;
  const pid_t process = getpid();
  const void* key = nullptr;  ///< how `code_of_node` knows the node
  const duration hurried_end; ///< what a shutdown takes at most that waits for nobody
  std::shared_ptr<node_ending> end = std::make_shared<node_ending>();
  std::unique_ptr<actor_host> host;
  std::shared_ptr<report_feed> reports; ///< set before anybody else knows this
  end_waits waits;
  mutable std::mutex guard; ///< of what follows
  node_actor handle;
  caf::actor clerk;
  std::vector<std::shared_ptr<event_feed>> feeds;
  event_status heard_before; ///< by those that are over
};

} // namespace djm
