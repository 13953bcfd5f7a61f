#pragma once

#include <string>
#include <string_view>

#include "calendar/cron_set.hpp"
#include "djm/error.hpp"

namespace djm::impl {

/// A cron expression that was read.
struct cron_text {
  cron_set set;
  /// From `CRON_TZ=`; empty without one.
  std::string zone;
  /// The fields in capital letters with one blank between them, macros written out, without the zone, `?` as `*`: reads
  /// as the same set.
  std::string canonical;
};

/// Reads one as `djm::cron` describes it. `errc::invalid_schedule` names the expression, the field, its value, the rule
/// and a hint.
expected<cron_text> parse_cron(std::string_view expression);

} // namespace djm::impl
