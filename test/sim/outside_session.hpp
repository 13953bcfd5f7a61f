#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <variant>

#include "test/sim/world.hpp"
#include "zkstore/session_core.hpp"

namespace djm::sim {

/// A session with the store for a process that is no node: what `store_line` is for a client, over the world's wires
/// and in its time. The process must be dead before this goes.
class outside_session {
public:
  using read_done = store::session_core::read_done;
  using commit_done = store::session_core::commit_done;
  using session_changed = store::session_core::session_changed;
  using news = std::variant<read_done, commit_done, session_changed>;

  /// `hear` is told everything in its order, never from within its own call. It must not destroy this.
  outside_session(world& w, process& p, chance dice, std::function<void(const news&)> hear);

  void open() { carry_out(core_.open(p_.local_now())); }
  void close() { carry_out(core_.close(p_.local_now())); }
  /// Numbers of the questions, by which their answers are known.
  std::uint64_t read(std::vector<store::read_op> reads, bool fresh);
  std::uint64_t commit(std::uint64_t session, store::transaction txn);
  const store::session_view& view() const { return core_.view(); }

private:
  void carry_out(store::session_core::effects effects);
  void open_handle(std::uint64_t handle);
  void happens(std::uint64_t handle, store::raw_event event);

  world& w_;
  process& p_;
  chance dice_;
  std::function<void(const news&)> hear_;
  store::session_core core_;
  std::map<std::uint64_t, std::unique_ptr<store::session_port>> ports_;
  std::deque<news> news_;
  bool telling_ = false;
  std::uint64_t last_request_ = 0;
};

} // namespace djm::sim
