#include "djm/dst.hpp"

namespace djm {

namespace {

constexpr dst_rule rules[] = {dst_rule::cron, dst_rule::literal, dst_rule::once};

} // namespace

std::string to_string(const dst_choice& choice) {
  for (const auto rule : rules) {
    if (choice == dst_choice{rule}) {
      return enum_text(rule);
    }
  }
  return enum_text(choice.gap(false)) + '+' + enum_text(choice.overlap(false));
}

std::optional<dst_choice> dst_choice_of(std::string_view text) {
  if (const auto rule = enum_value<dst_rule>(text)) {
    return dst_choice{*rule};
  }
  const auto plus = text.find('+');
  if (plus == text.npos) {
    return std::nullopt;
  }
  const auto gap = enum_value<gap_rule>(text.substr(0, plus));
  const auto overlap = enum_value<overlap_rule>(text.substr(plus + 1));
  if (!gap || !overlap) {
    return std::nullopt;
  }
  return dst_choice{*gap, *overlap};
}

} // namespace djm
