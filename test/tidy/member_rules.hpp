#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "test/tidy/source_tree.hpp"

/// How much one class keeps in mind.
namespace tidy {

struct class_size {
  /// With the classes around it: "outer::inner".
  std::string name;
  int line = 0;
  int members = 0;
};

/// The classes that a header defines, each with the number of its data members. A member whose type is a struct that
/// the class itself defines, and that hides nothing, counts as many as that has: a bag is no class. But for `settings`,
/// which are handed over as a whole and never written. Static members do not count, nor do those of classes it derives
/// from.
std::vector<class_size> classes_of(std::string_view text);

/// Classes of cores and of the activities of manager, keeper, worker and runner with more than 25 data members, unless
/// `allowed` names them ("path: class") with the number that they have. That number can only become smaller: an entry
/// that names more than there are, or is no longer needed, is complained about too.
complaints check_members(const source_tree& tree, const std::map<std::string, int>& allowed);

} // namespace tidy
