# Finds libmicrohttpd, for which Debian ships no package for CMake. Defines the target Microhttpd::microhttpd.
find_path(Microhttpd_INCLUDE_DIR microhttpd.h)
find_library(Microhttpd_LIBRARY microhttpd)
if(Microhttpd_INCLUDE_DIR)
  file(STRINGS "${Microhttpd_INCLUDE_DIR}/microhttpd.h" Microhttpd_version_line
    REGEX "^#define MHD_VERSION 0x[0-9A-Fa-f]+" LIMIT_COUNT 1)
  string(REGEX REPLACE "^.*0x(..)(..)(..)..$" "\\1.\\2.\\3" Microhttpd_VERSION "${Microhttpd_version_line}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Microhttpd
  REQUIRED_VARS Microhttpd_LIBRARY Microhttpd_INCLUDE_DIR
  VERSION_VAR Microhttpd_VERSION)
mark_as_advanced(Microhttpd_INCLUDE_DIR Microhttpd_LIBRARY)

if(Microhttpd_FOUND AND NOT TARGET Microhttpd::microhttpd)
  add_library(Microhttpd::microhttpd UNKNOWN IMPORTED)
  set_target_properties(Microhttpd::microhttpd PROPERTIES
    IMPORTED_LOCATION "${Microhttpd_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Microhttpd_INCLUDE_DIR}")
endif()
