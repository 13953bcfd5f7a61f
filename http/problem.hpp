#pragma once

#include <string>
#include <string_view>

#include "djm/error.hpp"
#include "http/message.hpp"

/// Errors as RFC 9457 wants them: `application/problem+json`.
namespace djm::http {

/// The status that says what kind of error it is.
int status_of(errc code);

/// `code` becomes the type "urn:djm:CODE". Answers that may be better soon say when to ask again.
answer problem_answer(int status, std::string_view code, std::string_view detail, std::string_view node);

/// The same for an error of djm.
answer problem_answer(const error& e, std::string_view node);

/// The words that belong to a status, "Not Found".
const char* reason_of(int status);

} // namespace djm::http
