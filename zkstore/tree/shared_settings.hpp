#pragma once

#include <map>
#include <string>
#include <vector>

#include "djm/ids.hpp"
#include "djm/node_config.hpp"

/// What nodes of one cluster have to agree on, and where they do not. Pure.
///
/// T and D: how soon a crash is noticed and how long items stay must not depend on who crashes, and nodes wait for
/// each other by their own T (protocol §4.2). What the leader goes by: what the cluster does must not depend on who
/// leads. The root and the layout of the tree need no comparison: nodes with other ones do not meet here.
namespace djm::store {

using settings_map = std::map<std::string, std::string>;

/// By the key of the configuration, as text. A node that never leads is not asked about what leaders go by.
settings_map shared_settings(const node_config& config);

/// A key in which nodes differ.
struct settings_difference {
  std::string key;
  /// Who has which value; two or more.
  std::map<std::string, std::vector<node_id>> values;
};
/// In the order of the keys. Whoever does not say a key has no part in it: an earlier version, say.
std::vector<settings_difference> differences(const std::map<node_id, const settings_map*>& nodes);

/// `detach_tolerance differs: 15s on "a", "b"; 30s on "c"`. Of many nodes five are named.
std::string describe(const settings_difference& d);

} // namespace djm::store
