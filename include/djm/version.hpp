#pragma once

// The one place that says which djm this is: the build reads its version from here.

#define DJM_VERSION_MAJOR 0
#define DJM_VERSION_MINOR 1
#define DJM_VERSION_PATCH 0

#define DJM_VERSION_TEXT_OF(major, minor, patch) #major "." #minor "." #patch
#define DJM_VERSION_TEXT(major, minor, patch) DJM_VERSION_TEXT_OF(major, minor, patch)

namespace djm {

/// The version of these headers, as in "0.1.0".
inline constexpr const char* version_text = DJM_VERSION_TEXT(DJM_VERSION_MAJOR, DJM_VERSION_MINOR, DJM_VERSION_PATCH);

} // namespace djm

#undef DJM_VERSION_TEXT
#undef DJM_VERSION_TEXT_OF
