#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace djm::http {

/// The latest events as JSON, numbered from 1. Bounded in number and bytes: who comes too late is told that there is a
/// gap. An id says in which life of the server it was given, so that nobody goes on in another one.
class event_ring {
public:
  struct limits {
    std::size_t events = 2000;
    std::size_t bytes = 2u << 20;
  };
  struct entry {
    std::uint64_t number;
    std::string type;
    std::string json;
  };

  /// `life` must not hold a '-'.
  event_ring(std::string life, limits most) : life_(std::move(life)), limits_(most) {}

  /// Its number.
  std::uint64_t add(std::string type, std::string json);

  /// An event that nobody has seen may be missing: followers are told of a gap, earlier ones are forgotten.
  void lose();

  std::uint64_t last() const { return next_ - 1; }
  /// The number of the oldest that is kept; one above the last when none is.
  std::uint64_t first() const { return entries_.empty() ? next_ : entries_.front().number; }
  std::string id_of(std::uint64_t number) const { return life_ + '-' + std::to_string(number); }
  /// The number in an id of this life; nothing for any other text.
  std::optional<std::uint64_t> number_of(std::string_view id) const;

  /// Those from this number on, at most `most`; empty `type` for all.
  std::vector<const entry*> from(std::uint64_t number, std::string_view type, std::size_t most) const;

  /// What a follower is sent next, as a stream of events: at most about `most` bytes, from `next` on, which then is
  /// what comes after it. First of all how many it has missed, if it has; of whom we know nothing (0) we cannot say it.
  std::string stream(std::uint64_t& next, std::size_t most) const;

private:
  std::string life_;
  limits limits_;
  std::deque<entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 1;
};

/// Sent where nothing happens, so that both ends notice that the other is gone.
constexpr std::string_view heartbeat = ": still here\n\n";

} // namespace djm::http
