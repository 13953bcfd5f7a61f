#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include <zookeeper/zookeeper.h>

#include "zkstore/ensemble_port.hpp"
#include "zkstore/zookeeper/address_book.hpp"
#include "zkstore/zookeeper/client_log.hpp"
#include "zkstore/zookeeper/pending_op.hpp"

namespace djm::store {

/// One handle of the C client. Its callbacks copy what they are given, hand it to the sink, and do nothing else. The
/// client is given addresses; where the connect string holds names it begins to exist when the book has some, and hears
/// of others while it is not connected.
///
///     opened --connected--> up <--connecting/connected--> down      (no address: --failed--> over)
///        |                   |                              |
///        +---------+---------+------expired, auth_failed----+--> over
///                  |
///        close or abandon, once, on a thread that may block --> gone
class zookeeper_handle : public std::enable_shared_from_this<zookeeper_handle> {
public:
  /// Errors as documented at `zookeeper_factory`.
  static expected<std::shared_ptr<zookeeper_handle>> open(const session_options& options, event_sink sink,
                                                          std::shared_ptr<address_book> book);

  ~zookeeper_handle();
  zookeeper_handle(const zookeeper_handle&) = delete;
  zookeeper_handle& operator=(const zookeeper_handle&) = delete;

  /// Sends a request. Returns its completion when the client refused it at once: to be delivered, but not from within
  /// the caller's call. After `stop_submitting` it does nothing.
  std::optional<raw_completion> submit(op_id_t id, const raw_request& request);

  /// From now on no call enters the client any more, except `close` or `abandon`.
  void stop_submitting();

  /// No event after this, not even one under way on another thread.
  void mute();

  void deliver(raw_event event);

  /// Waits for answers under way (as long as they come, at most 10 s), ends the session at the server and delivers
  /// `closed`. Blocks.
  void close();

  /// Breaks the connection without ending the session. Blocks.
  void abandon();

  // -- called by completions --

  /// Delivers the completion and forgets the request.
  void complete(pending_op& op, raw_completion done);

private:
  zookeeper_handle(session_options options, event_sink sink, std::shared_ptr<address_book> book);

  static void on_session(zhandle_t* zh, int type, int state, const char* path, void* context);
  static void on_watch(zhandle_t* zh, int type, int state, const char* path, void* context);

  /// Makes the client; what kept it from that, if anything.
  expected<void> start(const std::string& addresses);
  /// Asks the book for addresses, unless it is asked already.
  void look_up(duration delay);
  void on_addresses(expected<std::string> found);

  void session_event(zhandle_t* zh, int state);
  /// The session is over: answers what is pending, then tells the link's state.
  void end(rc code, link_state state);
  /// ZOK, or why the client must not be given a multi now.
  int may_send_multi() const;
  rc refusal(int code) const;
  void free_client();

  const session_options options_;
  const std::shared_ptr<address_book> book_;
  const bool has_names_;
  std::atomic<bool> looking_{false};
  const client_log log_;
  const ACL_vector* acl_;
  /// Changed while `call_mutex_` is held, and by the one thread that closes or abandons.
  zhandle_t* zh_ = nullptr;
  /// What the client was given last.
  std::string addresses_;

  // Held while a call is in the client. Never taken by callbacks.
  std::mutex call_mutex_;
  bool stopped_ = false;

  // Recursive, because a sink may drop the port.
  std::recursive_mutex sink_mutex_;
  event_sink sink_;
  bool muted_ = false;

  std::mutex table_mutex_;
  std::condition_variable table_changed_;
  std::map<std::uint64_t, std::unique_ptr<pending_op>> table_;
  std::uint64_t next_serial_ = 1;
  std::size_t unanswered_ = 0;

  // Connected once, and connected as far as the sink was told.
  std::atomic<bool> greeted_{false};
  std::atomic<bool> up_{false};
  std::atomic<rc> over_{rc::ok};
};

} // namespace djm::store
