#pragma once

// What a shared libdjm shows to the programs that load it: functions that are defined in it, and classes with such or
// with virtual functions. libdjm_planner, which it is built on, shows all that it has, so that the rest needs no mark.
// In a static build the mark means nothing.
#if defined(DJM_SHARED) && defined(__GNUC__)
#  define DJM_EXPORT __attribute__((visibility("default")))
#else
#  define DJM_EXPORT
#endif
