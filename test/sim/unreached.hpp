#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "test/sim/coverage.hpp"

namespace djm::sim {

/// Counts with names: "actor event" by phase of the node, or "transaction kind" by outcome.
struct count_table {
  std::vector<std::string> columns;
  std::map<std::pair<std::string, std::string>, std::vector<std::uint64_t>> rows;

  std::string text() const;
};

enum class claim : std::uint8_t {
  /// It would be a defect of the simulator, or of the argument.
  cannot,
  /// It takes more than one coincidence; whoever waits long enough may see it.
  seldom,
};

/// Why some cells of a table stay empty.
struct argument {
  claim is;
  /// Names with spaces between; "*" are all.
  const char* rows;
  const char* events;
  /// Bit by bit the columns.
  unsigned columns;
  const char* reason;
};

/// What is known about the cells that were not reached.
struct findings {
  /// By reason, each cell as "actor event: column, column".
  std::map<std::string, std::vector<std::string>> argued, seldom;
  std::vector<std::string> open;
  /// Reached although somebody has argued that they cannot be.
  std::vector<std::string> wrong;

  std::string text(const std::string& title) const;
};

findings examine(const count_table& table, const std::vector<argument>& arguments);

/// Every message of the actors' interfaces and whatever else was met, by phase.
count_table pairs_of(const coverage& c);
count_table outcomes_of(const coverage& c);

/// The arguments; see unreached_arguments.cpp.
const std::vector<argument>& pair_arguments();
const std::vector<argument>& outcome_arguments();

/// Both tables examined.
struct examination {
  findings pairs, outcomes;
  bool sound() const { return pairs.wrong.empty() && outcomes.wrong.empty(); }
  std::string text() const;
};
examination examine(const coverage& c);

} // namespace djm::sim
