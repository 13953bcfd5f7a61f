#pragma once

#include <string>
#include <string_view>

#include "djm/error.hpp"

namespace djm::impl {

/// Checks "host:port,host:port"; the error (`invalid_connect_string`) names the part and the rule.
expected<void> check_connect_string(std::string_view text);

/// Where a store is, as a connect string says it.
struct store_place {
  /// "embedded", or "host:port,host:port".
  std::string servers;
  /// The path behind it, below which everything is; empty: none.
  std::string chroot;
};

/// Reads a connect string as ZooKeeper's own tools take it: white space around servers, commas too many, servers
/// without a port (2181), IPv6 addresses in brackets or without, and one path behind them all. "embedded" is itself.
/// `invalid_connect_string` names the part and the rule.
expected<store_place> place_of_store(std::string_view text);

/// The path `path` below another one; both absolute, the first one may be empty.
std::string join_paths(std::string_view above, std::string_view path);

} // namespace djm::impl
