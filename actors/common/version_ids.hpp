#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "zkstore/payloads.hpp"

namespace djm {

/// What one part of an incarnation writes into version nodes: a value that no other node writes. `part` tells the parts
/// of a node apart; one that is rebuilt begins to count anew.
class version_ids {
public:
  version_ids(std::string incarnation, char part) : incarnation_(std::move(incarnation)), part_(part) {}
  std::string draw() { return store::encode(store::version_payload{draw_name()}); }
  /// The name alone, for payloads that say more than that.
  std::string draw_name() { return fmt::format("{}-{}{}", incarnation_, part_, next_++); }

private:
  std::string incarnation_;
  char part_;
  std::uint64_t next_ = 1;
};

} // namespace djm
