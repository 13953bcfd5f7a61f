#pragma once

#include <cstdint>
#include <vector>

#include "actors/protocol/common.hpp"
#include "djm/status.hpp"
#include "zkstore/session_core.hpp"

/// Between the store and those that ask it.
namespace djm::msg {

/// I want to be a client: to ask, and to hear of the session.
struct attach {};

struct commit {
  std::uint64_t request = 0;
  /// Number of the session in which it was decided. In any other one it is refused: what was read or made in a session
  /// that is over says nothing of who owns it now.
  std::uint64_t session = 0;
  store::transaction txn;
};

struct read {
  std::uint64_t request = 0;
  std::vector<store::read_op> reads;
  bool fresh = false;
};

/// Ask the store again and again whether `path` is there: what keeps the lease alive.
struct start_probing {
  std::uint64_t number = 0;
  std::string path;
};

struct stop_probing {};

/// End the session.
struct close_session {};

/// A part has read something older than what it knows to have been written: the store has gone back.
struct read_older {
  store::zxid_t found = 0, seen = 0;
};

/// Store → client.
struct commit_done {
  std::uint64_t request = 0;
  store::commit_outcome outcome;
};

struct read_done {
  std::uint64_t request = 0;
  store::read_outcome outcome;
};

struct watch_fired {
  store::watch_event event;
};

/// How the session stands; also the first thing that a new client hears.
struct session_changed {
  store::session_view view;
};

DJM_FIELDS(attach)
DJM_FIELDS(commit, request, session, txn)
DJM_FIELDS(read, request, reads, fresh)
DJM_FIELDS(start_probing, number, path)
DJM_FIELDS(stop_probing)
DJM_FIELDS(close_session)
DJM_FIELDS(read_older, found, seen)
DJM_FIELDS(commit_done, request, outcome)
DJM_FIELDS(read_done, request, outcome)
DJM_FIELDS(watch_fired, event)
template <class V>
auto fields(V&& v, session_changed& x) {
  return v("session_changed", field("phase", x.view.phase), field("number", x.view.number), field("id", x.view.id),
           field("timeout", x.view.timeout), field("connects", x.view.connects), field("asked_at", x.view.asked_at),
           field("closed_at", x.view.closed_at));
}

} // namespace djm::msg

namespace djm {

/// Whoever asks the store.
using store_client_actor = cx::typed<
  // from store
  caf::result<void>(msg::commit_done),
  // from store
  caf::result<void>(msg::read_done),
  // from store
  caf::result<void>(msg::watch_fired),
  // from store; node: for a store that has died
  caf::result<void>(msg::session_changed)>;

/// Owns the session with the store.
using store_actor = cx::typed<
  // from keeper, election, manager, worker, deployer, node: answered by `session_changed`
  caf::result<void>(msg::attach),
  // from keeper, election, manager, worker, deployer, node: answered by `commit_done`
  caf::result<void>(msg::commit),
  // from keeper, election, manager, worker, deployer, node: answered by `read_done`
  caf::result<void>(msg::read),
  // from keeper
  caf::result<void>(msg::start_probing),
  // from keeper
  caf::result<void>(msg::stop_probing),
  // from node: answered by `session_changed` and `store_closed`
  caf::result<void>(msg::close_session),
  // from keeper
  caf::result<void>(msg::read_older),
  // from timer
  caf::result<void>(msg::wake),
  // from node
  caf::result<void>(msg::introduce),
  // from node
  caf::result<store_status>(msg::get_part_status)>;

} // namespace djm

DJM_SHOW_VARIANT(djm::store::write_op)
DJM_SHOW_VARIANT(djm::store::commit_outcome)
