#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "actors/client/order_core.hpp"
#include "test/sim/fault_plan.hpp"
#include "test/sim/order_truth.hpp"
#include "test/sim/outside_session.hpp"

namespace djm::sim {

/// Somebody outside of the cluster who gives orders: one process after the other, each with a session of its own, in
/// which the real core of the client decides. Its connections are slow, break and are cut, its process is paused and
/// crashes, its answers get lost, and its patience ends at any moment. What it is told is held against what was
/// committed (invariant "A1"). What it has ordered is taken back by the plan when everything heals.
class outsider {
public:
  /// Gives orders from the beginning until then. Of two the `seat` is 1 and 2.
  outsider(world& w, fault_plan& c, std::uint64_t seed, std::size_t seat, time_point until);
  ~outsider();
  outsider(const outsider&) = delete;
  outsider& operator=(const outsider&) = delete;

  const order_truth::counts& counted() const { return truth_.counted(); }

private:
  /// One process. Stays until the end: the world's wires refer to it.
  struct life {
    std::unique_ptr<process> p;
    std::unique_ptr<outside_session> session;
    std::unique_ptr<order_core> core;
    /// The core's numbers of its questions, by those of the session.
    std::map<std::uint64_t, std::uint64_t> requests;
    std::uint64_t orders = 0;
    process::pending_id alarm = 0, patience = 0;
  };

  void later(duration d, std::function<void()> f);
  void begin_life();
  void end_life(bool gently);
  void give();
  void wait_for(duration d);
  void hear(const outside_session::news& news);
  void take(const order_core::effects& effects);
  void answered(const expected<order_result>& result);
  step step_now();

  order_core::order draw();
  order_core::order draw_marks();
  order_core::order draw_record();
  order_core::order reversed(order_core::order what);
  const job_id& any_job();

  void disturb();
  void disturb_commit();
  void cut(duration lasts);
  void pause(duration lasts);

  world& world_;
  fault_plan& plan_;
  chance chance_;
  time_point until_;
  std::size_t seat_;
  std::size_t machine_;
  order_truth truth_;
  std::vector<std::unique_ptr<life>> lives_;
  life* now_ = nullptr;
  std::optional<order_core::order> latest_;
  std::optional<time_point> went_back_at_;
};

} // namespace djm::sim
