#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include "djm/node_actor.hpp"
#include "zkstore/embedded/embedded_store.hpp"
#include "zkstore/tree_schema.hpp"

/// What the tests of the actors share: nodes in one actor system over one embedded store, in real time.
namespace djm::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long a condition may take before a test gives up; far beyond what it takes.
constexpr seconds wide{20};

/// Wakes those who wait for a condition whenever something may have changed.
class bell {
public:
  void ring();
  /// Looks at `done` at every ring, and now and then in between; true when it was true within `limit`.
  bool wait(const std::function<bool()>& done, milliseconds limit = wide);

private:
  std::mutex guard_;
  std::condition_variable rung_;
  std::uint64_t rings_ = 0;
};

/// The one of this process: it outlives whoever rings it.
bell& the_bell();

/// Waits for a condition with a wide bound.
inline bool eventually(const std::function<bool()>& done) {
  return the_bell().wait(done);
}

/// The events of one node, in the order of their arrival.
class event_book {
public:
  void add(const node_event& e);
  std::vector<node_event> all() const;

  /// All events of one kind.
  template <class T>
  std::vector<T> of() const {
    std::vector<T> found;
    for (const auto& e : all()) {
      if (const auto* x = std::get_if<T>(&e.what)) {
        found.push_back(*x);
      }
    }
    return found;
  }
  /// Problems with this code.
  std::vector<std::string> problems(errc code) const;
  /// The states the connection went through: "connected", "lost", "reconnected". Left out is what depends on how busy
  /// the machine is: a first "connecting" that may be over before the node has a subscriber, and moments of
  /// "suspended", when a ping took a third of the session timeout.
  std::vector<std::string> connection_states() const;

private:
  mutable std::mutex guard_;
  std::vector<node_event> events_;
};

/// One node of a lab.
class lab_node {
public:
  explicit lab_node(caf::actor_system& system) : system_(system) {}

  template <class T = void, class Message>
  expected<T> ask(Message m) const {
    cx::scoped_actor self{system_};
    expected<T> answer = fail(errc::internal, "no answer");
    auto request = self->mail(std::move(m)).request(handle, wide);
    if constexpr (std::is_void_v<T>) {
      std::move(request).receive([&] { answer = {}; },
                                 [&](caf::error& e) { answer = tl::make_unexpected(from_caf(e)); });
    } else {
      std::move(request).receive([&](T& x) { answer = std::move(x); },
                                 [&](caf::error& e) { answer = tl::make_unexpected(from_caf(e)); });
    }
    return answer;
  }

  /// Empty when the node does not answer.
  node_status status() const { return ask<node_status>(get_status{}).value_or(node_status{}); }
  cluster_view cluster() const { return ask<cluster_view>(get_cluster{}).value_or(cluster_view{}); }
  runner_status job(const job_id& id) const { return ask<runner_status>(get_job{id}).value_or(runner_status{}); }
  std::vector<item_id> items_of(const job_id& id) const;
  expected<void> add(expected<job_definition> d) const;
  bool wait_ready() const;
  /// Ready, holding `n` items in all.
  bool wait_items(std::size_t n) const;
  expected<void> shutdown(bool hurry = false);
  /// Waits for the end of the node; the reason it went down with.
  expected<error> wait_down();
  bool is_down() const;

  /// Ends a part as a bug would.
  void kill_part(const std::string& part);
  /// How often the part has been started.
  std::size_t starts_of(const std::string& part) const;

  void note_part(const std::string& part, caf::actor handle);
  void note_down(const caf::error& reason);

  node_actor handle;
  event_book events;
  caf::actor listener;

private:
  caf::actor_system& system_;
  mutable std::mutex guard_;
  std::map<std::string, std::vector<caf::actor_addr>> parts_;
  bool down_ = false;
  error why_;
};

/// T = D = 2 s, everything else as quick as it gets.
node_config lab_config(const node_id& id);

/// One store, one actor system, any number of nodes. Everything ends with it; what jobs refer to is declared before it.
class lab {
public:
  lab();
  ~lab();

  /// Starts a node of this lab; the configuration must be valid.
  lab_node& start(node_config config, std::shared_ptr<const strategy_registry> strategies = nullptr);
  lab_node& start(const node_id& id) { return start(lab_config(id)); }
  store::embedded_store& store() { return *store_; }
  const store::tree_schema& tree() const { return tree_; }
  caf::actor_system& system() { return system_; }
  /// Lines of the log of all nodes, "level node component text".
  std::vector<std::string> log() const;

private:
  struct config : caf::actor_system_config {
    config();
  };

  std::shared_ptr<store::embedded_store> store_;
  store::tree_schema tree_{"/djm"};
  config config_;
  caf::actor_system system_;
  mutable std::mutex guard_;
  std::vector<std::string> log_;
  std::vector<std::unique_ptr<lab_node>> nodes_;
};

/// Whether `text` holds each of `parts`.
bool mentions(const std::string& text, std::initializer_list<const char*> parts);

std::vector<item_id> numbered(const std::string& prefix, std::size_t count);

} // namespace djm::test
