#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "zkstore/ensemble_port.hpp"

namespace djm::test {

/// Drives one session port directly, without a session core: keeps every event in order and waits for conditions with a
/// wide bound. A wait that meets its bound throws `std::runtime_error`. For use from one thread.
class port_client {
public:
  static constexpr std::chrono::seconds wide{60};

  /// Opens a handle and, unless told otherwise, waits until it is connected. Throws when `open` fails.
  port_client(store::session_factory& factory, const store::session_options& options, bool wait_for_connect = true);
  /// Drops the port: closed or not.
  ~port_client() = default;

  store::op_id_t submit(store::raw_request request);
  store::raw_completion wait(store::op_id_t id);
  store::raw_completion transact(std::vector<store::write_op> ops);
  store::raw_completion read(store::read_op op);

  /// Waits for `count` events of this state in all.
  store::raw_link wait_link(store::link_state state, std::size_t count = 1);
  /// Waits for the `number`-th watch event ever, counted from 0.
  store::watch_event wait_watch(std::size_t number);
  /// Asks for the end and waits for `closed`.
  void close();
  void start_close() { port_->close(); }
  /// Destroys the port as it is.
  void drop() { port_.reset(); }

  /// All events so far.
  std::vector<store::raw_event> events() const;
  std::vector<store::watch_event> watches() const;
  std::vector<store::link_state> links() const;
  std::size_t completions_of(store::op_id_t id) const;

private:
  /// Outlives the client while the handle still calls.
  struct mailbox {
    std::mutex mutex;
    std::condition_variable filled;
    std::vector<store::raw_event> events;
  };

  void wait_until(const char* what, const std::function<bool(const std::vector<store::raw_event>&)>& done);

  std::shared_ptr<mailbox> mailbox_;
  std::unique_ptr<store::session_port> port_;
  store::op_id_t last_id_ = 0;
};

} // namespace djm::test
