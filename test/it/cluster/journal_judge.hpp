#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace djm::test {

/// A line of the word count sample's journal.
struct journal_record {
  std::int64_t ms = 0;
  std::string node;
  std::string incarnation;
  std::string what; ///< start, end, refused
  std::string item;
  std::int64_t token = 0;
};

/// All whole lines of the file; throws on a line that is not one.
std::vector<journal_record> read_journal(const std::string& path);

/// What is wrong with a journal, one line per finding; empty when nothing is. Judges fencing (tokens of an item never
/// decrease in what was accepted) and exclusion (a holder's accepted records never come after the start of the next
/// one; a turn starts only when the former one has ended, or after its node was gone). `gone` maps a holder
/// (node/incarnation) that was killed or paused to the moment it was.
std::vector<std::string> judge(const std::vector<journal_record>& journal,
                               const std::map<std::string, std::int64_t>& gone = {});

/// Moment at which every one of `items` has started again after `after`, by a holder other than `without`; -1 when one
/// has not.
std::int64_t all_started_by(const std::vector<journal_record>& journal, const std::vector<std::string>& items,
                            std::int64_t after, const std::string& without);

} // namespace djm::test
