#include "zkstore/session/size_suspect.hpp"

#include <utility>

#include <fmt/format.h>

namespace djm::store {

void size_suspect::lost(const std::string& path, std::size_t bytes) {
  if (bytes >= never_below && (!largest_lost_ || largest_lost_->bytes < bytes)) {
    largest_lost_ = verdict{path, bytes};
  }
}

std::optional<size_suspect::verdict> size_suspect::connected(time_point now) {
  auto found = std::exchange(largest_lost_, std::nullopt);
  if (!found) {
    return std::nullopt;
  }
  // Long ago, and nobody has tried since: not the same matter. Of several sizes the smallest: the limit is below it, if
  // it is a limit; and it takes as many breaks as the first one did.
  if (!suspect_ || found->bytes < suspect_->bytes || now > refused_until_ + 10 * pause) {
    suspect_ = std::move(found);
    strikes_ = 0;
  }
  refused_until_ = now; // the latest break, as long as it is no verdict
  if (++strikes_ < breaks) {
    return std::nullopt;
  }
  strikes_ = breaks - 1; // after the pause one try decides
  refused_until_ = now + pause;
  return std::exchange(told_, true) ? std::nullopt : suspect_;
}

bool size_suspect::answered(std::size_t bytes) {
  if (!suspect_ || bytes < suspect_->bytes) {
    return false;
  }
  suspect_.reset();
  refused_until_ = {};
  return std::exchange(told_, false);
}

bool size_suspect::pause_ends(time_point now) {
  return told_ && now >= refused_until_ && std::exchange(told_, false);
}

const size_suspect::verdict* size_suspect::refuses(std::size_t bytes, time_point now) const {
  return suspect_ && bytes >= suspect_->bytes && now < refused_until_ ? &*suspect_ : nullptr;
}

std::string too_large_for_server(const size_suspect::verdict& v) {
  return fmt::format(
    "a transaction of {} bytes, the largest part of it for {}, broke the connection {} times: the store "
    "takes less in one packet (jute.maxbuffer of its servers); transactions of that size are refused for "
    "{} at a time",
    v.bytes, v.path, size_suspect::breaks, format_duration(size_suspect::pause));
}

} // namespace djm::store
