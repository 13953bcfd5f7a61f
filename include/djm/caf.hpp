#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <caf/config.hpp>

/// djm is written for CAF 1.1 and runs on 0.17.6 as well, which Debian ships. What 1.1 does by itself and 0.17.6 has to
/// be taught is in namespace `djm::cx`: of the two folders below one is included, and `caf_0_17` can go as a whole one
/// day. Code of djm's own is written in the idiom of 1.1:
///
///     self->mail(message).send(other);                        // self is a cx::self_ptr
///     self->mail(question).request(other, limit).then(f, g);  // or .receive(f, g) of a cx::scoped_actor
///     self->monitor(other, [](const caf::error& why) { ... });
///     return cx::make_behavior<handle>(self, handlers..., [](caf::exit_msg&) {}, [](caf::error&) {});
///
/// The version decides and not which headers can be found: where both are installed, each finds headers that only the
/// other has. (1.1.0 defines CAF_VERSION as an octal number, so the parts are looked at.)
#if CAF_MAJOR_VERSION >= 1
#  define DJM_CAF_1X 1
#elif CAF_MAJOR_VERSION == 0 && CAF_MINOR_VERSION == 17
#  define DJM_CAF_1X 0
// result.hpp of 0.17.6 uses make_message without declaring it, so this one comes first.
#  include <caf/make_message.hpp>
#else
#  error "djm needs CAF 1.1 (or later 1.x), or CAF 0.17.6; releases before and between them are not supported"
#endif

#include <caf/deep_to_string.hpp>
#include <caf/error.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/result.hpp>
#include <caf/sec.hpp>
#include <caf/typed_actor.hpp>

#include "djm/error.hpp"
#include "djm/fields.hpp"
#include "djm/type_ids.hpp"

namespace djm::cx {

/// A list of types.
template <class... Ts>
struct types {};

/// Text that goes into `deep_to_string` as it is.
struct verbatim {
  /// What is shown.
  std::string text;
};

/// The text.
inline std::string to_string(const verbatim& x) {
  return x.text;
}

} // namespace djm::cx

#if DJM_CAF_1X
#  include "djm/caf_1/actors.hpp"
#  include "djm/caf_1/errors.hpp"
#  include "djm/caf_1/inspect.hpp"
#else
#  include "djm/caf_0_17/actors.hpp"
#  include "djm/caf_0_17/errors.hpp"
#  include "djm/caf_0_17/inspect.hpp"
#endif

namespace djm {

/// The same error for CAF: its category is djm's (`djm::errc`), the text its context. Empty for `errc::none`.
inline caf::error to_caf(const error& e) {
  return e.code == errc::none ? caf::error{} : caf::make_error(e.code, e.text);
}

/// For `result<T>` handlers: the value or CAF's error.
template <class T>
caf::result<T> to_caf(expected<T> x) {
  if (!x) {
    return to_caf(x.error());
  }
  if constexpr (std::is_void_v<T>) {
    return caf::unit;
  } else {
    return std::move(*x);
  }
}

/// The djm error in a CAF error. Errors of CAF itself become `timed_out` (request timeout), `shutting_down` (the
/// receiver is down or was told to stop) or `internal`, with CAF's text.
inline error from_caf(const caf::error& e) {
  if (!e) {
    return {};
  }
  if (cx::is_djm_error(e)) {
    return {static_cast<errc>(e.code()), cx::context_text(e)};
  }
  if (e == caf::sec::request_timeout) {
    return {errc::timed_out, caf::to_string(e)};
  }
  if (e == caf::sec::request_receiver_down || e == caf::exit_reason::user_shutdown || e == caf::exit_reason::kill ||
      e == caf::exit_reason::unreachable || e == caf::exit_reason::remote_link_unreachable) {
    return {errc::shutting_down, caf::to_string(e)};
  }
  return {errc::internal, caf::to_string(e)};
}

} // namespace djm
