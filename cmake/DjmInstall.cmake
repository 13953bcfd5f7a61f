# Install tree: libraries, public headers and a CMake package that finds djm's own dependencies.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/djm")

install(TARGETS djm djm_model djm_zkstore djm_actors EXPORT djm_targets)
if(TARGET djm_test)
  install(TARGETS djm_test EXPORT djm_targets)
endif()
install(EXPORT djm_targets FILE djm_targets.cmake NAMESPACE djm:: DESTINATION "${package_dir}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/djm" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/djmConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/djmConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/djmConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
# Debian ships neither a CAF nor a ZooKeeper package for CMake, so the modules travel with ours.
install(FILES
  "${PROJECT_BINARY_DIR}/djmConfig.cmake"
  "${PROJECT_BINARY_DIR}/djmConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindCAF.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindZooKeeper.cmake"
  DESTINATION "${package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/djm")
