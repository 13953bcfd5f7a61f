#include "djm/http.hpp"

#include "djm/field_rules.hpp"
#include "model/web_address.hpp"

namespace djm {

expected<void> validate(const http_config& config) {
  if (auto ok = check_fields(config); !ok) {
    return ok;
  }
  if (!config.public_url.empty() && !impl::parse_web_address(config.public_url)) {
    return fail(errc::invalid_config,
                "http_config::public_url is \"" + config.public_url + "\"; it must be " + impl::web_address_rule);
  }
  return {};
}

} // namespace djm
