#pragma once

#include <cstdint>
#include <string>

#include <caf/atom.hpp>
#include <caf/error.hpp>
#include <caf/message.hpp>

#include "djm/error.hpp"

CAF_ERROR_CODE_ENUM(djm::errc, "djm")

/// `djm::errc` as an error code of CAF 0.17.6. Included by `djm/caf.hpp`.
namespace djm::cx {

inline bool is_djm_error(const caf::error& e) {
  return e.category() == caf::atom("djm");
}

/// What djm's errors say beside their code.
inline std::string context_text(const caf::message& context) {
  return context.size() == 1 && context.match_element<std::string>(0) ? context.get_as<std::string>(0) : std::string{};
}
inline std::string context_text(const caf::error& e) {
  return context_text(e.context());
}

} // namespace djm::cx

namespace djm {

/// Lets an actor system print errors of category "djm": call it with the `actor_system_config`.
template <class Config>
void add_error_renderer(Config& config) {
  config.add_error_category(caf::atom("djm"), [](std::uint8_t code, caf::atom_value, const caf::message& context) {
    return to_string(error{static_cast<errc>(code), cx::context_text(context)});
  });
}

} // namespace djm
