#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "djm/time.hpp"

namespace djm::store {

/// Finds out that the server breaks the connection because of the size of what it is sent: a packet above its
/// jute.maxbuffer gets no answer but the end of the connection, which takes everything else that is under way with it,
/// so that whoever sends it again and again keeps the whole node from work.
///
/// Suspected is the largest transaction that was under way when the connection broke. After three such breaks without
/// an answer to one of that size, transactions of that size are refused for a minute; then one may try. An answer to
/// one at least as large ends the suspicion. Small ones are never suspected, so a bad network alone does little harm:
/// those of a usual cluster stay below. Pure.
class size_suspect {
public:
  static constexpr std::size_t never_below = 8192;
  static constexpr unsigned breaks = 3;
  static constexpr duration pause = std::chrono::minutes{1};

  struct verdict {
    std::string path; ///< Of the largest operation
    std::size_t bytes = 0;
  };

  /// A transaction was under way when the connection broke.
  void lost(const std::string& path, std::size_t bytes);
  /// There is a connection again: the losses since the last one were of one break. A verdict is told once in a pause.
  std::optional<verdict> connected(time_point now);
  /// True when it ends a suspicion that was told.
  bool answered(std::size_t bytes);
  /// When `pause_ends` is due: something was told, and is over then unless it happens again.
  std::optional<time_point> due() const { return told_ ? std::optional{refused_until_} : std::nullopt; }
  /// True once at the end of a pause.
  bool pause_ends(time_point now);

  /// Whether one of this size is to be refused, because of what.
  const verdict* refuses(std::size_t bytes, time_point now) const;

private:
  std::optional<verdict> largest_lost_; ///< of the present break
  std::optional<verdict> suspect_;
  unsigned strikes_ = 0;
  bool told_ = false;
  time_point refused_until_{};
};

/// What to say of it.
std::string too_large_for_server(const size_suspect::verdict& v);

} // namespace djm::store
