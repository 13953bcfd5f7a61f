#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "execution/run/box.hpp"
#include "execution/run/output.hpp"
#include "execution/run/run_core.hpp"
#include "execution/wire/lifeline.hpp"

namespace djm::exec {

/// The helper of one run: starts its command, makes an end of it when the lease ends, the node says so or is gone, and
/// says over the lifeline what becomes of it. One thread; ends when nothing is left to do.
class helper {
public:
  /// `node` is a pidfd of the node: a fork of it might keep the other end of the lifeline open. `children` is a
  /// signalfd of SIGCHLD, `timer` a timerfd of CLOCK_BOOTTIME.
  helper(int lifeline, int node, int children, int timer)
    : lifeline_(lifeline), node_(node), children_(children), timer_(timer) {}

  /// Says with which version it speaks, and what it can do: for who looks at it before any run.
  void introduce();
  int run();

private:
  bool done() const;
  bool takes_lines() const;
  bool may_send() const;
  void wait();
  void arm_timer();
  void receive();
  void on_packet(packet& p);
  void on_order(packet& p);
  void take_order(std::vector<int> descriptors);
  void node_gone();
  void carry_out(const run_core::effects& effects);
  void start();
  void refuse(stage at, int error);
  void reap();
  void look_at_setup();
  void look_at_end();
  void drain();
  void say(const message& m);
  void flush();

  int lifeline_, node_, children_, timer_;
  bool node_is_gone_ = false;
  run_core core_;
  struct packed {
    std::string data;
    bool is_line = false;
  };
  std::deque<packed> outbox_;
  std::uint32_t credit_ = first_credit; ///< lines that the node takes

  order order_;
  int input_ = -1, leaf_ = -1, log_ = -1, log_count_ = -1, lock_ = -1;
  std::unique_ptr<box> box_;
  std::optional<output_reader> output_;
  std::optional<line_reader> lines_;
  int setup_ = -1; ///< where a failure before the program is read; -1: the program runs, or never will
  bool refused_ = false, end_told_ = false;
};

} // namespace djm::exec
