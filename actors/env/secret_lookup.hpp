#pragma once

#include <cstddef>
#include <string>

#include "djm/config_reference.hpp"

namespace djm {

/// The most bytes that a file of a secret may have, its last newline not counted: 64 KiB.
constexpr std::size_t max_secret_size = 64 * 1024;

/// What a reference of a job's configuration stands for on this machine: the variable of the process's environment, or
/// what is in the file, without one newline at its end. Errors say what is wrong (`errc::invalid_config` for a variable
/// that is not set, `errc::invalid_file` for what is no regular file or cannot be read, `errc::too_large`) and never
/// what the secret is; who asks knows the reference. Reads the disk: not for threads that must not wait. Any thread,
/// unless somebody changes the environment meanwhile.
expected<std::string> look_up_secret(const config_reference& what);

} // namespace djm
