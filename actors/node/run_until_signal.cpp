#include <signal.h>

#include <atomic>
#include <chrono>
#include <mutex>

#include "actors/node/node_facade.hpp"

namespace djm {

namespace {

std::atomic<int> signals_seen{0};

extern "C" void count_signal(int) {
  ++signals_seen;
}

} // namespace

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
