#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <caf/default_enum_inspect.hpp>
#include <caf/error.hpp>
#include <caf/message.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_message_view.hpp>

#include "djm/error.hpp"
#include "djm/type_ids.hpp"

/// `djm::errc` as an error code of CAF. Included by `djm/caf.hpp`.
namespace djm {

inline bool from_string(std::string_view text, errc& code) {
  const auto value = enum_value<errc>(text);
  if (value) {
    code = *value;
  }
  return value.has_value();
}

inline bool from_integer(std::uint8_t number, errc& code) {
  code = static_cast<errc>(number);
  return is_enumerator(code);
}

template <class Inspector>
bool inspect(Inspector& f, errc& code) {
  return caf::default_enum_inspect(f, code);
}

/// Nothing to do: errors print themselves here. (On 0.17.6 it teaches an `actor_system_config` to print djm's.)
template <class Config>
void add_error_renderer(Config&) {}

} // namespace djm

CAF_ERROR_CODE_ENUM(djm::errc)

namespace djm::cx {

inline bool is_djm_error(const caf::error& e) {
  return e.category() == caf::type_id_v<errc>;
}

/// What djm's errors say beside their code.
inline std::string context_text(const caf::error& e) {
  if (auto view = caf::make_const_typed_message_view<std::string>(e.context())) {
    return caf::get<0>(view);
  }
  return {};
}

} // namespace djm::cx
