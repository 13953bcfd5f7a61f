#include "djm/http.hpp"

#include "djm/field_rules.hpp"

namespace djm {

expected<void> validate(const http_config& config) {
  return check_fields(config);
}

} // namespace djm
