#pragma once

#include <string>

namespace djm::impl {

/// What the exception says that is being handled, for people; to be called within a handler. Trusts nothing: user code
/// throws integers, and exceptions whose `what()` is null. Where there is no text it names the type.
///
/// A handler of everything in front of user code goes with `catch (const abi::__forced_unwind&) { throw; }`: the end of
/// a thread (`pthread_exit`, cancellation) is no exception, and whoever swallows it ends the process.
std::string current_exception_text();

} // namespace djm::impl
