#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "djm/time.hpp"

namespace djm {

/// Numbers, each at most once, in the order of a moment and, among those of one moment, of a rank. A heap that knows
/// the place of every number, so that none is searched for when its moment changes.
class moment_queue {
public:
  struct entry {
    time_point at;
    std::uint64_t rank;
    std::uint32_t number;
  };

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  const entry& first() const { return heap_.front(); }
  bool has(std::uint32_t number) const { return number < places_.size() && places_[number] != nowhere; }
  /// Of a number that is in it.
  time_point at(std::uint32_t number) const { return heap_[places_[number]].at; }

  /// Puts it in, or elsewhere.
  void set(std::uint32_t number, time_point at, std::uint64_t rank = 0);
  void erase(std::uint32_t number);
  void clear();

  /// How many entries were looked at so far.
  std::uint64_t looks() const { return looks_; }

private:
  static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();
  /// Of an entry: few levels, and those below one entry lie side by side.
  static constexpr std::size_t children = 4;

  static bool before(const entry& a, const entry& b) { return a.at != b.at ? a.at < b.at : a.rank < b.rank; }
  void put(std::size_t place, const entry& e);
  void up(std::size_t place, const entry& e);
  void down(std::size_t place, const entry& e);

  std::vector<entry> heap_;
  std::vector<std::uint32_t> places_; ///< by number
  std::uint64_t looks_ = 0;
};

/// A set of small numbers.
class number_set {
public:
  const std::vector<std::uint32_t>& all() const { return all_; }
  bool has(std::uint32_t number) const { return number < places_.size() && places_[number] != nowhere; }
  void keep(std::uint32_t number, bool in);

private:
  static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

  std::vector<std::uint32_t> all_;
  std::vector<std::uint32_t> places_; ///< by number
};

} // namespace djm
