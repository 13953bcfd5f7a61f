#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "calendar/cron_set.hpp"

namespace djm::impl {

enum class cron_field : std::uint8_t { second, minute, hour, day_of_month, month, day_of_week, year };

/// What is wrong with a field or with a part of it. Thrown within the parser of expressions only.
struct cron_fault {
  /// "day of month", or what else it is about.
  std::string field;
  /// The part of the expression that breaks the rule.
  std::string value;
  std::string rule;
  std::string hint;
};

/// What a field of an expression is made of.
struct field_shape {
  std::string_view name;
  int least;
  int most;
  /// What `*` and `a/n` end at: a week has seven days although 7 is Sunday, too.
  int last;
  /// A step may be as wide as this.
  int widest_step;
};

const field_shape& shape_of(cron_field field);

/// Puts what a field says into the set. The text is in capital letters and has no blanks. Throws `cron_fault`.
void read_field(cron_field field, std::string_view text, cron_set& set);

} // namespace djm::impl
