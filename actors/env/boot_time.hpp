#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include "djm/time.hpp"

namespace djm {

/// CLOCK_BOOTTIME: monotonic, counts suspend. Only the node environment and the executor read it; actors ask
/// `node_env`.
time_point boot_now();

/// `at + d`, held at the ends of the range instead of overflowing.
time_point saturating_add(time_point at, duration d);

/// Waits on `changed` until `ready()` holds or `deadline` has passed; returns `ready()`. `lock` is held whenever
/// `ready` is called. Condition variables count CLOCK_MONOTONIC, which stands still while the machine sleeps, so this
/// looks at the boot clock at least once per `slice`. `time_point::max()` waits without limit.
bool wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, time_point deadline,
                duration slice, const std::function<bool()>& ready);

} // namespace djm
