#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What a crontab says, as a file of djmd. Pure.
namespace djm::daemon {

/// How a crontab is read.
struct crontab_rules {
  /// Its lines have a user before the command, as those of /etc/crontab do.
  bool system = false;
  /// As whom commands run where a line does not say; empty: as djmd.
  std::string user;
  /// The time zone that cron is in; empty: UTC, which is said.
  std::string zone;
};

/// A line that could not be taken over.
struct crontab_fault {
  int line = 0; ///< from 1 on
  std::string text;
};

/// Tables of jobs, with comments that say what is different from cron, and the lines for which there is none.
struct imported_crontab {
  std::string toml;
  std::vector<crontab_fault> faults;
  int jobs = 0;
};
imported_crontab import_crontab(std::string_view text, const crontab_rules& rules);

} // namespace djm::daemon
