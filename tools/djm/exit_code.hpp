#pragma once

#include "djm/error.hpp"

namespace djm::tool {

/// What a command says by its exit code. `cron next` and `plan FILE` have codes of their own.
enum class exit_code : int {
  /// It is as was asked, or done.
  fine = 0,
  /// Something else went wrong.
  error = 1,
  /// The command line makes no sense.
  usage = 2,
  /// What was asked is answered, and the answer is no.
  condition_false = 3,
  /// The store did not answer in time.
  could_not_find_out = 4,
  /// The order was refused, and nothing was changed.
  refused = 5,
  /// The order may or may not have been carried out.
  outcome_unknown = 6,
};

/// The code that says best what an error of the client means.
exit_code exit_code_of(errc code) noexcept;

} // namespace djm::tool
