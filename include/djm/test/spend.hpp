#pragma once

#include "djm/time.hpp"

namespace djm::test {

/// Lets so much virtual time pass for the calling user code (a run, a pool function, a stop callback), whatever it is
/// asked meanwhile: what a computation, a slow disk or a call over the network would take. Unlike `job_context::sleep`
/// it is no place where a stop request is noticed. Fakes that a job talks to may call it.
///
/// Throws `failure` on a thread that no cluster has called.
void spend(any_duration d);

/// Whether the calling thread is in user code of a cluster.
bool in_user_code() noexcept;

} // namespace djm::test
