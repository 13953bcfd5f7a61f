#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "djm/error.hpp"

namespace djm {

/// What is wrong with a value, all of it at once: each complaint with its place, a JSON pointer such as
/// "/tables/0/name". After 20 it takes no more: somebody else's document may hold more faults than anybody wants to
/// read.
class complaint_list {
public:
  /// Within the member, element or key of this name, until `leave`.
  void enter(std::string name) { place_.push_back(std::move(name)); }
  /// Back to where the last `enter` was called.
  void leave() { place_.pop_back(); }

  /// A complaint about the present place.
  void add(std::string_view text);
  /// A complaint about the member `name` of the present place.
  void add_at(const std::string& name, std::string_view text);

  /// Whether there is none.
  bool empty() const noexcept { return complaints_.empty(); }
  /// One by one, in the order in which they came.
  const std::vector<std::string>& list() const noexcept { return complaints_; }
  /// All on one line.
  std::string summary() const;
  /// All as one error, or success when there is none.
  expected<void> result(errc code = errc::invalid_config) const;

private:
  std::vector<std::string> place_;
  std::vector<std::string> complaints_;
};

} // namespace djm
