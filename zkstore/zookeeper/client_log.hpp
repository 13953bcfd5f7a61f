#pragma once

namespace djm::store {

/// Sets the C client's level to warnings, once.
void prepare_client_log();

/// The log callback of every handle.
void on_client_log(const char* message);

} // namespace djm::store
