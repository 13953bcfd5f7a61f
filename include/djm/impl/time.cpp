#include "djm/time.hpp"

#include <charconv>

#include "djm/impl/text.hpp"

namespace djm {

namespace {

struct unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr unit units[] = {
  {"h", 3'600'000'000'000}, {"min", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1},
};

} // namespace

std::string format_duration(duration d) {
  const auto n = d.count();
  if (n == 0)
    return "0s";
  for (const auto& u : units)
    if (n % u.nanoseconds == 0)
      return std::to_string(n / u.nanoseconds).append(u.name);
  return {}; // every count is a multiple of 1 ns
}

expected<duration> parse_duration(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (status == std::errc::result_out_of_range)
    return fail(errc::invalid_config, "duration " + impl::quoted(text) + " is too long to be represented");
  if (status == std::errc{}) {
    const auto suffix = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& u : units) {
      if (u.name != suffix)
        continue;
      std::int64_t result = 0;
      if (__builtin_mul_overflow(n, u.nanoseconds, &result))
        return fail(errc::invalid_config, "duration " + impl::quoted(text) + " is too long to be represented");
      return duration{result};
    }
  }
  return fail(errc::invalid_config, "duration " + impl::quoted(text)
                                      + " is not an integer followed by ns, us, ms, s, min or h, such as \"10s\"");
}

} // namespace djm
