#pragma once

#include <cstdint>
#include <string_view>

namespace djm::sim {

/// From now on a crash of the process names the seed of the thread it happened in, and how to replay it.
void report_crashes();

/// This thread runs the seed now.
void crash_context(std::uint64_t seed, std::string_view profile);

} // namespace djm::sim
