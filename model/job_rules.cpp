#include <cmath>

#include "djm/failure_rules.hpp"
#include "djm/run_outcome.hpp"
#include "djm/slot_rules.hpp"

namespace djm {

namespace {

/// What no thousandth says is refused by `validate`, as -1.
std::int64_t thousandths(double x) {
  constexpr double most = 1e12;
  return x >= 0 && x <= most ? std::llround(x * 1000) : -1;
}

} // namespace

std::string to_string(overlap rule) {
  return enum_text(rule);
}

std::string to_string(slots rule) {
  return enum_text(rule);
}

std::string to_string(catch_up rule) {
  return enum_text(rule);
}

std::string to_string(skip_reason reason) {
  return enum_text(reason);
}

std::string to_string(run_outcome outcome) {
  return enum_text(outcome);
}

retry retry::attempts(std::uint32_t n) const {
  auto r = *this;
  r.attempts_allowed = n;
  return r;
}

retry retry::first(any_duration d) const {
  auto r = *this;
  r.first_delay = d;
  return r;
}

retry retry::factor(double f) const {
  auto r = *this;
  r.factor_milli = thousandths(f);
  return r;
}

retry retry::max(any_duration d) const {
  auto r = *this;
  r.max_delay = d;
  return r;
}

retry retry::jitter(double share) const {
  auto r = *this;
  r.jitter_milli = thousandths(share);
  return r;
}

permanent_failure::~permanent_failure() = default;

retry_later::~retry_later() = default;

const char* retry_later::what() const noexcept {
  return "to be called again later";
}

} // namespace djm
