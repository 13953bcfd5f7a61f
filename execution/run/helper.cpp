#include "execution/run/helper.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace djm::exec {

namespace {

/// Beyond that the command waits until the node has read what it said.
constexpr std::size_t outbox_limit = 16;

void close_taken(int& fd) {
  if (fd >= 0) {
    close(std::exchange(fd, -1));
  }
}

} // namespace

void helper::introduce() {
  const auto bit = [](rank r) { return 1u << static_cast<unsigned>(r); };
  say(hello{wire_version, bit(rank::subreaper) | bit(rank::cgroup) | (can_make_pidns() ? bit(rank::pidns) : 0u)});
  flush();
}

int helper::run() {
  while (!done()) {
    wait();
    receive();
    // All that has been said before it is read first: a lease that was late for the timer alone must not kill, and one
    // that another has replaced meanwhile counts no more.
    carry_out(core_.on_wake(boot_nanoseconds()));
    flush();
    reap();
    look_at_setup();
    if (output_) {
      output_->read_some();
    }
    if (takes_lines()) {
      lines_->read_some([this](line l) { say(l); });
    }
    look_at_end();
    flush();
  }
  return 0;
}

/// When all is told, and the node has heard it, or is gone.
bool helper::done() const {
  return node_is_gone_ && (core_.is_over() || core_.waits());
}

/// That the program runs is told before what it says, which may have to wait: a node that has heard nothing else before
/// this helper dies takes the command for refused.
bool helper::takes_lines() const {
  return lines_ && setup_ < 0 && outbox_.size() < outbox_limit;
}

/// Whether the first of what waits may go: a line only where the node takes one.
bool helper::may_send() const {
  return !outbox_.empty() && (!outbox_.front().is_line || credit_ > 0);
}

void helper::wait() {
  arm_timer();
  std::vector<pollfd> fds;
  const auto add = [&](int fd, int what) {
    if (fd >= 0) {
      fds.push_back({fd, static_cast<short>(what), 0});
    }
  };
  if (!node_is_gone_) {
    add(lifeline_, may_send() ? POLLIN | POLLOUT : POLLIN);
    add(node_, POLLIN);
  }
  add(children_, POLLIN);
  add(timer_, POLLIN);
  add(output_ ? output_->pipe() : -1, POLLIN);
  add(takes_lines() ? lines_->pipe() : -1, POLLIN);
  add(setup_, POLLIN);
  add(box_ ? box_->event() : -1, box_ ? box_->event_kind() : 0);
  poll(fds.data(), fds.size(), -1);
  std::uint64_t ticks = 0;
  while (read(timer_, &ticks, sizeof ticks) > 0) {
  }
  const bool node_ended = !node_is_gone_ && [&] {
    pollfd now{node_, POLLIN, 0};
    return poll(&now, 1, 0) > 0 && now.revents != 0;
  }();
  if (node_ended) {
    receive();
    node_gone();
  }
}

void helper::arm_timer() {
  itimerspec at{};
  if (const auto wake = core_.wake_at()) {
    const auto t = std::max<std::int64_t>(*wake, 1); // zero would disarm it
    at.it_value.tv_sec = t / 1'000'000'000;
    at.it_value.tv_nsec = t % 1'000'000'000;
  }
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &at, nullptr);
}

void helper::receive() {
  while (!node_is_gone_) {
    packet p;
    switch (receive_packet(lifeline_, p)) {
    case receipt::packet: on_packet(p); break;
    case receipt::nothing: return;
    case receipt::end: return node_gone();
    }
  }
}

void helper::on_packet(packet& p) {
  const auto m = decode(p.data);
  if (m && std::holds_alternative<order_here>(*m)) {
    return take_order(std::move(p.descriptors));
  }
  for (const int fd : p.descriptors) {
    close(fd);
  }
  if (!m) {
    return node_gone(); // whoever speaks another language is not our node
  }
  if (const auto* l = std::get_if<lease>(&*m)) {
    core_.on_lease(*l);
  } else if (const auto* s = std::get_if<stop>(&*m)) {
    carry_out(core_.on_stop(s->grace, boot_nanoseconds()));
  } else if (const auto* more = std::get_if<credit>(&*m)) {
    credit_ += std::min(more->lines, UINT32_MAX - credit_);
  } else if (const auto* h = std::get_if<hello>(&*m); h != nullptr && h->version != wire_version) {
    node_gone();
  }
}

void helper::take_order(std::vector<int> descriptors) {
  std::size_t next = 1;
  std::optional<order> read;
  if (!descriptors.empty()) {
    if (const auto text = read_sealed_file(descriptors[0], max_order)) {
      read = decode_order(*text);
    }
  }
  const auto take = [&](bool there) {
    return there && next < descriptors.size() ? std::exchange(descriptors[next++], -1) : -1;
  };
  const bool first = !box_ && core_.waits();
  if (read && first) {
    order_ = std::move(*read);
    input_ = take(order_.has_stdin);
    leaf_ = take(order_.has_leaf);
    log_ = take(order_.has_log);
    log_count_ = take(order_.has_log_count);
    lock_ = take(order_.has_lock);
  }
  for (const int fd : descriptors) {
    if (fd >= 0) {
      close(fd);
    }
  }
  if (!read || !first || (order_.has_stdin && input_ < 0) || (order_.by == rank::cgroup && leaf_ < 0)) {
    return first ? refuse(stage::order, EINVAL) : void();
  }
  carry_out(core_.on_order(order_, boot_nanoseconds()));
}

void helper::node_gone() {
  if (!std::exchange(node_is_gone_, true)) {
    outbox_.clear();
    carry_out(core_.on_node_gone(boot_nanoseconds()));
  }
}

void helper::carry_out(const run_core::effects& effects) {
  for (const auto e : effects) {
    switch (e) {
    case run_core::effect::start: start(); break;
    case run_core::effect::refuse: refuse(stage::lease, ETIME); break;
    case run_core::effect::term:
      if (box_) {
        box_->signal(static_cast<int>(order_.term_signal));
        box_->signal(SIGCONT); // what is stopped hears nothing
      }
      break;
    case run_core::effect::kill:
      if (box_) {
        box_->kill();
      }
      break;
    case run_core::effect::over: drain(); break;
    case run_core::effect::ack:
      if (!node_is_gone_) { // whoever waits for this waits for nothing that the command says
        outbox_.push_front({encode(message{ack{core_.seq()}})});
      }
      break;
    }
  }
}

void helper::start() {
  int setup[2] = {-1, -1}, output[2] = {-1, -1}, lines[2] = {-1, -1};
  if (pipe2(setup, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0 || pipe2(lines, O_CLOEXEC) != 0) {
    return refuse(stage::setup, errno);
  }
  for (const int fd : {setup[0], output[0], lines[0]}) {
    fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  if (input_ < 0) {
    input_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  setup_ = setup[0];
  output_.emplace(output[0], std::exchange(log_, -1), order_.log_limit, std::exchange(log_count_, -1),
                  order_.log_total);
  lines_.emplace(lines[0]);
  box_ = order_.by == rank::cgroup  ? make_cgroup_box(order_, std::exchange(leaf_, -1))
         : order_.by == rank::pidns ? make_pidns_box(order_)
                                    : make_tree_box(order_);
  const command_ends ends{input_, output[1], lines[1], setup[1]};
  int error = box_->prepare(ends, core_.start_until());
  auto at = stage::containment;
  if (error == 0) {
    const std::vector<int> witness = box_->witness() < 0 ? std::vector<int>{} : std::vector<int>{box_->witness()};
    flush();
    // Nothing is in the way of this one: the node has it before anything runs, or is gone.
    if (send_packet(lifeline_, encode(message{held{box_->main_process()}}), witness) != sending::sent) {
      error = EPIPE;
    } else {
      error = box_->start(ends, core_.start_until());
      at = stage::setup;
    }
  }
  for (const int fd : {setup[1], output[1], lines[1]}) {
    close(fd);
  }
  close_taken(input_);
  if (error != 0) {
    box_->kill();
    refuse(at, error);
  }
}

void helper::refuse(stage at, int error) {
  if (!std::exchange(refused_, true)) {
    say(refused{at, error});
  }
  close_taken(setup_);
  if (!box_ || box_->main_process() == 0) {
    carry_out(core_.on_refused());
  }
}

void helper::reap() {
  signalfd_siginfo info;
  while (read(children_, &info, sizeof info) > 0) {
  }
  if (box_) {
    box_->look();
  }
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (box_) {
      box_->reaped(pid, status);
    }
  }
}

/// The program runs when the other end was closed by executing it. What went wrong is there before the child's end.
void helper::look_at_setup() {
  if (setup_ < 0) {
    return;
  }
  setup_failure f;
  const auto n = read(setup_, &f, sizeof f);
  if (n < 0) {
    return;
  }
  close_taken(setup_);
  if (n == sizeof f) {
    refused_ = true;
    say(refused{f.at, f.error});
  } else if (!refused_) {
    say(started{box_->main_process()});
  }
}

void helper::look_at_end() {
  if (!box_ || core_.is_over()) {
    return;
  }
  if (box_->late_error() != 0 && !refused_) {
    refuse(stage::setup, box_->late_error());
  }
  const auto end = box_->main_end();
  if (!end) {
    return;
  }
  if (refused_) {
    if (box_->empty()) {
      carry_out(core_.on_refused());
    }
    return;
  }
  const bool empty = box_->empty();
  if (!std::exchange(end_told_, true)) {
    say(exited{end->signalled, end->code});
    carry_out(core_.on_exited(empty, boot_nanoseconds()));
  } else if (empty) {
    carry_out(core_.on_empty());
  }
}

/// Nothing of the command is left: what it has written is there.
void helper::drain() {
  look_at_setup();
  auto last = core_.report();
  const auto tell = [this](line l) { say(l); };
  if (lines_) {
    lines_->read_some(tell);
    lines_->read_some(tell);
    lines_->finish(tell);
  }
  if (output_) {
    output_->read_some();
    last.dropped = output_->dropped();
    last.tail = output_->tail();
  }
  box_.reset();
  if (order_.by == rank::cgroup && !order_.leaf.empty()) {
    rmdir(order_.leaf.c_str());
  }
  if (!node_is_gone_) {
    outbox_.push_front({encode(message{empty{}})});
  }
  say(last);
}

void helper::say(const message& m) {
  if (!node_is_gone_) {
    outbox_.push_back({encode(m), std::holds_alternative<line>(m)});
  }
}

void helper::flush() {
  while (!node_is_gone_ && may_send()) {
    switch (send_packet(lifeline_, outbox_.front().data)) {
    case sending::sent:
      credit_ -= outbox_.front().is_line ? 1 : 0;
      outbox_.pop_front();
      break;
    case sending::full: return;
    case sending::broken: return node_gone();
    }
  }
}

} // namespace djm::exec
