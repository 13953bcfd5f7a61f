#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "djm/ids.hpp"
#include "simulation/event_queue.hpp"

namespace djm::sim {

/// The world's time and what will happen in it.
struct timeline {
  time_point now{};
  event_queue events;
};

/// One operating system process that hosts one node: a clock of its own, and the things that happen to it only while it
/// is neither paused nor dead. All times are the world's unless they are called local.
class process {
public:
  /// Things of one kind keep their order when a paused process catches up; kinds overtake each other.
  enum class kind : std::uint8_t { timer, network, code };
  using pending_id = std::uint64_t;

  struct clock {
    /// Local time at the world's time zero.
    duration offset{};
    /// Parts per million that the local clock runs fast.
    std::int64_t ppm = 0;
  };

  process(timeline& t, std::uint32_t number, std::size_t machine, node_id node, clock c);
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  /// Unique in the world; above zero.
  std::uint32_t number() const noexcept { return number_; }
  std::size_t machine() const noexcept { return machine_; }
  const node_id& node() const noexcept { return node_; }
  const std::string& incarnation() const noexcept { return incarnation_; }
  /// For processes outside the simulator, whose incarnation is their own.
  void known_as(std::string incarnation) { incarnation_ = std::move(incarnation); }

  time_point local_now() const { return to_local(timeline_.now); }
  time_point to_local(time_point world) const;
  /// The first moment of the world at which the local clock shows this time.
  time_point to_world(time_point local) const;
  /// How long a local duration takes.
  duration to_world(duration local) const;

  /// What a wall clock shows that is right, since the Unix epoch; those of the modelled servers are.
  static duration right_wall(time_point t) {
    return std::chrono::milliseconds{1'700'000'000'000} + t.time_since_epoch();
  }
  /// What its own shows, and by how much that is wrong.
  duration wall() const { return right_wall(timeline_.now) + wall_error_; }
  duration wall_error() const noexcept { return wall_error_; }
  void set_wall_error(duration e) { wall_error_ = e; }

  bool paused() const noexcept { return paused_; }
  bool dead() const noexcept { return dead_; }
  bool runs() const noexcept { return !paused_ && !dead_; }
  void pause() { paused_ = true; }
  /// Then everything that was missed happens, in an order chosen by `below(n)`.
  void resume(const std::function<std::uint64_t(std::uint64_t)>& below);
  /// Nothing happens to it any more.
  void die();

  /// Calls `f` at `when`, or at the resume when the process is paused then. Never after its death.
  pending_id later(time_point when, kind k, std::function<void()> f);
  void cancel(pending_id id);

private:
  struct pending {
    std::function<void()> f;
    event_queue::id event = 0;
    kind of = kind::timer;
  };
  void fire(pending_id id);

  timeline& timeline_;
  std::uint32_t number_;
  std::size_t machine_;
  node_id node_;
  std::string incarnation_;
  clock clock_;
  duration wall_error_{};
  bool paused_ = false;
  bool dead_ = false;
  pending_id last_ = 0;
  std::map<pending_id, pending> pending_;
  std::array<std::vector<pending_id>, 3> missed_;
};

} // namespace djm::sim
