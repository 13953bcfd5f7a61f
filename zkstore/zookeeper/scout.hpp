#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "djm/time.hpp"
#include "zkstore/types.hpp"

namespace djm::store {

struct scout_order {
  /// Asked for; a session of which the end cannot be told to its server lasts for so long.
  duration session_timeout{};
  /// For all servers together.
  duration limit{};
  /// The how manieth it is: each begins with another server.
  std::uint64_t number = 0;
};

/// How far the history of an ensemble goes: the number of a transaction that it has just committed for us, a check on
/// "/" in a session that is opened for this and closed after it, and that writes nothing. Such numbers are in the
/// server's answers, but the C client hands them out to nobody, so this speaks the protocol itself: four packets.
///
/// `addresses` in the form of the C client; the first server that answers counts. `found` is called before the session
/// is closed; false when nobody has answered. Blocks, at most `limit`, and no longer than until `give_up`.
bool latest_zxid(const std::string& addresses, const scout_order& order, const std::atomic<bool>& give_up,
                 const std::function<void(zxid_t)>& found);

} // namespace djm::store
