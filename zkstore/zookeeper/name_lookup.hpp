#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace djm::store {

/// What a resolver said of a host name: addresses as numbers, or why there are none.
struct looked_up {
  std::vector<std::string> addresses;
  std::string fault;
};

/// A look-up under way: nothing until the resolver has answered, its answer once. Never blocks. Whoever drops one that
/// is not answered leaves it behind.
using name_lookup = std::function<std::optional<looked_up>()>;

/// Begins to look a host name up. Never blocks.
using name_service = std::function<name_lookup(const std::string& host)>;

/// The resolver of the system. It works on threads of the C library, so that one that never answers can be left behind
/// without leaving a thread of ours; the next look-up of the same name waits for that one then.
name_service system_names();

} // namespace djm::store
