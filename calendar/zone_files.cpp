// The only place of this layer that reads files.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "djm/time_zone.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

/// No zone needs more than some kilobytes.
constexpr std::size_t max_zone_file = 1 << 20;

/// The first bytes of a file, up to `most`; nothing when it cannot be read.
std::optional<std::string> read_start(const std::filesystem::path& path, std::size_t most) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return std::nullopt;
  }
  std::ifstream in{path, std::ios::binary};
  std::string result(most, '\0');
  in.read(result.data(), static_cast<std::streamsize>(most));
  if (in.bad() || (!in && !in.eof())) {
    return std::nullopt;
  }
  result.resize(static_cast<std::size_t>(in.gcount()));
  return result;
}

expected<time_zone> read_zone(const std::string& folder, std::string_view name) {
  if (!is_time_zone_name(name)) {
    return fail(errc::invalid_schedule,
                "time zone " + impl::quote(name) + " is no name of the tz database; such a name is \"Europe/Berlin\"");
  }
  if (name == "UTC") {
    return time_zone{};
  }
  const auto path = std::filesystem::path{folder} / std::string{name};
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return fail(errc::invalid_schedule, "there is no time zone " + impl::quote(name) + " in " + impl::quote(folder) +
                                          "; names are those of the tz database, such as \"Europe/Berlin\"");
  }
  const auto bytes = read_start(path, max_zone_file + 1);
  if (!bytes) {
    return fail(errc::invalid_file,
                "the file of time zone " + impl::quote(name) + " in " + impl::quote(folder) + " cannot be read");
  }
  if (bytes->size() > max_zone_file) {
    return fail(errc::invalid_file,
                "the file of time zone " + impl::quote(name) + " in " + impl::quote(folder) + " is larger than 1 MiB");
  }
  return time_zone::parse(std::string{name}, *bytes);
}

/// "2025b": a year and letters.
bool is_version(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  return text.size() >= 5 && text.size() <= 8 && text.substr(0, 4).find_first_not_of(digits) == text.npos &&
         text.substr(4).find_first_not_of("abcdefghijklmnopqrstuvwxyz") == text.npos;
}

} // namespace

time_zone_source time_zones_in(std::string folder) {
  return [folder = std::move(folder)](std::string_view name) { return read_zone(folder, name); };
}

expected<std::string> time_zones_version(const std::string& folder) {
  constexpr std::size_t enough = 64;
  constexpr std::string_view mark = "# version ";
  for (const auto* file : {"+VERSION", "tzdata.zi"}) {
    auto text = read_start(std::filesystem::path{folder} / file, enough);
    if (!text) {
      continue;
    }
    auto line = std::string_view{*text}.substr(0, text->find('\n'));
    if (line.substr(0, mark.size()) == mark) {
      line.remove_prefix(mark.size());
    }
    if (is_version(line)) {
      return std::string{line};
    }
  }
  return fail(errc::invalid_file, "no file of " + impl::quote(folder) +
                                    " says which version of the tz database is there (\"+VERSION\", \"tzdata.zi\")");
}

} // namespace djm
