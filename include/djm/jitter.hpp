#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "djm/time.hpp"

namespace djm {

/// How long after its slot an item of a job starts, so that not everything starts in the same second: a share of `most`
/// that a hash of job and item draws, from zero to below `most`. The same on every node and after every restart, so
/// that no slot is lost or doubled by drawing anew. Whole milliseconds; zero where `most` is not positive; what is
/// above 366 days counts as 366 days. The slot itself and its id stay what they are.
std::chrono::milliseconds jitter_of(std::string_view job, std::string_view item, any_duration most);

/// When the start of `slot` is due. It lies before `next`: where the next slot is nearer than `most`, the same share is
/// taken of the time up to it.
wall_time start_of(wall_time slot, std::optional<wall_time> next, std::string_view job, std::string_view item,
                   any_duration most);

} // namespace djm
