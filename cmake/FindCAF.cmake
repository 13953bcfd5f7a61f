# CAF as CAF::core, with CAF_VERSION: first what CAF_ROOT, CAF_DIR or CMAKE_PREFIX_PATH name, then Debian's libcaf-dev
# (0.17.6), which ships no CMake package, then whatever package CMake finds anywhere else.
if(NOT TARGET CAF::core)
  find_package(CAF CONFIG QUIET NO_CMAKE_SYSTEM_PATH NO_CMAKE_PACKAGE_REGISTRY NO_CMAKE_SYSTEM_PACKAGE_REGISTRY
    COMPONENTS core)
endif()
if(NOT TARGET CAF::core)
  find_path(CAF_INCLUDE_DIR caf/config.hpp)
  find_library(CAF_CORE_LIBRARY caf_core)
  if(NOT CAF_INCLUDE_DIR OR NOT CAF_CORE_LIBRARY)
    find_package(CAF CONFIG QUIET COMPONENTS core)
  endif()
endif()

# The target is there already when this runs a second time, whichever of the two it came from.
include(FindPackageHandleStandardArgs)
if(TARGET CAF::core AND CAF_DIR)
  set(CAF_FOUND_IN "${CAF_DIR}")
  find_package_handle_standard_args(CAF REQUIRED_VARS CAF_FOUND_IN VERSION_VAR CAF_VERSION)
else()
  # The number is written in decimal here (0.17.6 is 1706), and its parts stand apart from 0.18 on.
  if(CAF_INCLUDE_DIR)
    file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _caf_line REGEX "^#define CAF_VERSION [0-9]+")
    string(REGEX MATCH "[0-9]+$" _caf_number "${_caf_line}")
    if(_caf_number)
      math(EXPR _caf_major "${_caf_number} / 10000")
      math(EXPR _caf_minor "(${_caf_number} / 100) % 100")
      math(EXPR _caf_patch "${_caf_number} % 100")
      set(CAF_VERSION "${_caf_major}.${_caf_minor}.${_caf_patch}")
    endif()
  endif()
  find_package_handle_standard_args(CAF REQUIRED_VARS CAF_CORE_LIBRARY CAF_INCLUDE_DIR VERSION_VAR CAF_VERSION)
  if(CAF_FOUND AND NOT TARGET CAF::core)
    find_package(Threads REQUIRED)
    add_library(CAF::core UNKNOWN IMPORTED)
    set_target_properties(CAF::core PROPERTIES
      IMPORTED_LOCATION "${CAF_CORE_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}"
      INTERFACE_LINK_LIBRARIES Threads::Threads)
  endif()
endif()

# What djm is written for: 1.1 and later releases of 1.x, and 0.17.6.
if(CAF_FOUND AND CAF_VERSION)
  if(NOT (CAF_VERSION VERSION_GREATER_EQUAL 1.1 AND CAF_VERSION VERSION_LESS 2.0)
     AND NOT (CAF_VERSION VERSION_GREATER_EQUAL 0.17.6 AND CAF_VERSION VERSION_LESS 0.18))
    set(CAF_FOUND FALSE)
    set(CAF_NOT_FOUND_MESSAGE "CAF ${CAF_VERSION} was found; djm needs CAF 1.1 (or later 1.x), or CAF 0.17.6")
    if(CAF_FIND_REQUIRED)
      message(FATAL_ERROR "${CAF_NOT_FOUND_MESSAGE}")
    endif()
  endif()
  # An installed djm fits the CAF it was compiled with and no other: its package says which that is.
  if(CAF_FOUND AND djm_BUILT_WITH_CAF)
    string(REGEX MATCH "^[0-9]+\\.[0-9]+" _caf_wanted "${djm_BUILT_WITH_CAF}")
    string(REGEX MATCH "^[0-9]+\\.[0-9]+" _caf_have "${CAF_VERSION}")
    if(NOT _caf_wanted STREQUAL _caf_have)
      set(CAF_FOUND FALSE)
      set(CAF_NOT_FOUND_MESSAGE "djm was built with CAF ${djm_BUILT_WITH_CAF}, but CAF ${CAF_VERSION} was found; \
name the right one with CAF_ROOT or CMAKE_PREFIX_PATH")
    endif()
  endif()
endif()
