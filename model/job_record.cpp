#include "djm/job_record.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "djm/json.hpp"
#include "model/config_tree.hpp"
#include "model/json_parse.hpp"
#include "model/text.hpp"

namespace djm {

std::string hash_of_spec(const job_spec& spec) {
  return fmt::format("{:016x}", impl::hash_of(to_json_text(spec)));
}

const std::vector<std::string_view>& overridable_fields() {
  static const std::vector<std::string_view> fields{
    "schedule", "max_concurrent_runs", "pool_check_period", "pool_timeout", "stop_grace", "attributes", "slots",
    "failures", "on_pool_change"};
  return fields;
}

namespace {

std::string field_names() {
  std::string text;
  for (const auto& f : overridable_fields()) {
    text.append(text.empty() ? "" : ", ").append(f);
  }
  return text;
}

} // namespace

expected<job_spec> with_overrides(const job_spec& spec, const user_config& overrides) {
  const auto& fields = overridable_fields();
  const auto where = "overrides of job \"" + spec.id + "\": ";
  for (const auto& name : overrides.names()) {
    if (std::find(fields.begin(), fields.end(), name) == fields.end()) {
      return fail(errc::invalid_config,
                  where + impl::quote(name) + " cannot be overridden; that is possible for " + field_names());
    }
  }
  auto result = spec;
  value_reader reader;
  reader.read(overrides.view(), result);
  if (auto ok = reader.complaints().result(); !ok) {
    return fail(errc::invalid_config, where + ok.error().text);
  }
  if (auto ok = validate(result); !ok) {
    return tl::make_unexpected(std::move(ok.error()));
  }
  return result;
}

expected<user_config> merge_overrides(const user_config& earlier, const user_config& later) {
  auto merged = impl::parse_json(earlier.to_json()).value();
  merged.merge_patch(impl::parse_json(later.to_json()).value());
  return user_config::parse(merged.dump());
}

} // namespace djm
