#pragma once

#include <string>
#include <vector>

/// The rows of cron.tsv: what expressions mean, each row computed in two unlike ways.
namespace djm::test {

struct oracle_row {
  std::string id;
  std::string expression;
  std::string zone;
  /// "cron", "literal" or "once".
  std::string dst;
  /// An instant with an offset.
  std::string start;
  /// What comes strictly after it, in the wall time of the zone, with offset. Empty: refused, or nothing comes.
  std::vector<std::string> expected;
  bool refused = false;

  /// For messages of tests.
  std::string text() const;
};

/// All of them; throws `std::runtime_error` when the file is not there or not of this form.
std::vector<oracle_row> read_oracle_rows();

/// Zones whose rows hold for tzdata 2025b and may move with a newer release, and those that need 2024a at least. A row
/// that fails there on another release is a question about data, not about code.
bool may_move(const oracle_row& row);

/// Whether the tz database of this machine is the one that the rows were computed with.
bool same_tz_database();

} // namespace djm::test
