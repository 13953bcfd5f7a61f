#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "djm/enum_names.hpp"

namespace djm {

/// What happens to a time of day that the clock jumps over, where clocks go forward.
enum class gap_rule : std::uint8_t {
  /// It does not run on that day.
  skip,
  /// It runs at the end of the gap, at the first instant after the jump. All that fall into one gap are one run.
  run_after,
};

/// The names of the rules, in their order.
constexpr auto enum_names(gap_rule) {
  return name_enum("gap_rule", "skip", "run_after");
}

/// What happens to a time of day that the clock shows twice, where clocks go back.
enum class overlap_rule : std::uint8_t {
  /// It runs the first time only.
  first,
  /// It runs both times: these are two slots, an hour apart mostly.
  both,
};

/// The names of the rules, in their order.
constexpr auto enum_names(overlap_rule) {
  return name_enum("overlap_rule", "first", "both");
}

/// What a cron expression means on a day on which clocks are changed.
enum class dst_rule : std::uint8_t {
  /// The rule of Debian's cron(8): an expression whose minute or hour field starts with `*` follows the clock (nothing
  /// in the gap, both passes of the overlap); every other one is a fixed time, which runs once: after the gap, and in
  /// the first pass.
  cron,
  /// Everything as the clock shows it: nothing in the gap, both passes of the overlap.
  literal,
  /// Everything once: after the gap, and in the first pass of the overlap.
  once,
};

/// The names of the rules, in their order.
constexpr auto enum_names(dst_rule) {
  return name_enum("dst_rule", "cron", "literal", "once");
}

/// A `dst_rule`, or both halves of one chosen by hand.
class dst_choice {
public:
  /// `dst_rule::cron`.
  constexpr dst_choice() = default;
  /// A rule by name.
  constexpr dst_choice(dst_rule rule)
    : gap_(rule == dst_rule::literal ? gap_rule::skip : gap_rule::run_after),
      overlap_(rule == dst_rule::literal ? overlap_rule::both : overlap_rule::first),
      by_expression_(rule == dst_rule::cron) {}
  /// By hand; where that is what a name stands for (`skip` with `both` is `literal`), it is the same choice.
  constexpr dst_choice(gap_rule gap, overlap_rule overlap) : gap_(gap), overlap_(overlap), by_expression_(false) {}

  /// What becomes of a gap. `interval_like`: whether the minute or hour field of the expression starts with `*`.
  constexpr gap_rule gap(bool interval_like) const { return by_expression_ && interval_like ? gap_rule::skip : gap_; }
  /// What becomes of an overlap.
  constexpr overlap_rule overlap(bool interval_like) const {
    return by_expression_ && interval_like ? overlap_rule::both : overlap_;
  }

  /// Whether both say the same.
  friend constexpr bool operator==(const dst_choice& a, const dst_choice& b) {
    return a.by_expression_ == b.by_expression_ && a.gap_ == b.gap_ && a.overlap_ == b.overlap_;
  }

private:
  gap_rule gap_ = gap_rule::run_after;
  overlap_rule overlap_ = overlap_rule::first;
  /// Whether the expression decides, as `dst_rule::cron` has it.
  bool by_expression_ = true;
};

/// "cron", "literal", "once", or both halves: "skip+first", "run_after+both".
std::string to_string(const dst_choice& choice);

/// Reads what `to_string` writes; nothing for any other text.
std::optional<dst_choice> dst_choice_of(std::string_view text);

} // namespace djm
