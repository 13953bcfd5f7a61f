#pragma once

#include <atomic>
#include <string>

#include "djm/error.hpp"
#include "djm/time.hpp"
#include "zkstore/types.hpp"

namespace djm::store {

/// How far the history of an ensemble goes: the number of a transaction that it has just committed for us, a check on
/// "/" in a session that is opened for this and closed after it, and that writes nothing. Such numbers are in the
/// server's answers, but the C client hands them out to nobody, so this speaks the protocol itself: four packets.
///
/// `addresses` in the form of the C client; the first server that answers counts. Blocks, at most `limit`, and no
/// longer than until `give_up`.
expected<zxid_t> latest_zxid(const std::string& addresses, duration session_timeout, duration limit,
                             const std::atomic<bool>& give_up);

} // namespace djm::store
