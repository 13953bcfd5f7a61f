# Install tree: libraries, public headers, a CMake package that finds djm's own dependencies, and a file for pkg-config.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/djm")

# One set of targets for each component of the package, so that a project needs what its components need and no more.
set(djm_components planner runtime)
install(TARGETS djm_planner EXPORT djm_planner_targets)
if(BUILD_SHARED_LIBS)
  install(TARGETS djm EXPORT djm_runtime_targets)
  set(kit_archives ${djm_archives})
else()
  install(TARGETS djm ${djm_archives} EXPORT djm_runtime_targets)
  set(kit_archives)
endif()
if(TARGET djm_test)
  list(APPEND djm_components test)
  install(TARGETS djm_test ${kit_archives} EXPORT djm_test_targets)
endif()
if(TARGET djm_http)
  list(APPEND djm_components http)
  install(TARGETS djm_http EXPORT djm_http_targets)
endif()
if(TARGET djm_sqlite)
  list(APPEND djm_components sqlite)
  install(TARGETS djm_sqlite EXPORT djm_sqlite_targets)
endif()
if(TARGET djm_execution)
  list(APPEND djm_components execution)
  install(TARGETS djm_execution EXPORT djm_execution_targets)
  install(TARGETS djm_run RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/djm")
endif()
foreach(component IN LISTS djm_components)
  install(EXPORT djm_${component}_targets FILE djm_${component}_targets.cmake NAMESPACE djm::
    DESTINATION "${package_dir}")
endforeach()
if(TARGET djm_tool)
  install(TARGETS djm_tool)
  set(texts "${PROJECT_BINARY_DIR}/tools/texts")
  install(FILES "${texts}/djm.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  install(FILES "${texts}/djm.bash" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME djm)
  install(FILES "${texts}/_djm" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
  install(FILES "${texts}/djm.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/djm" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/djmConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/djmConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/djmConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
# Debian ships no package for CMake of these, so the modules travel with ours.
install(FILES
  "${PROJECT_BINARY_DIR}/djmConfig.cmake"
  "${PROJECT_BINARY_DIR}/djmConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindCAF.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindMicrohttpd.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindZooKeeper.cmake"
  DESTINATION "${package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/djm")

# djm.pc finds its own place, so that an install tree can be moved. Archives name all that they need themselves.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  set(pc_prefix "\${pcfiledir}/${pc_prefix}")
endif()
foreach(kind IN ITEMS LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${kind}}")
    set(pc_${kind} "${CMAKE_INSTALL_${kind}}")
  else()
    set(pc_${kind} "\${prefix}/${CMAKE_INSTALL_${kind}}")
  endif()
endforeach()
get_target_property(pc_caf_includes CAF::core INTERFACE_INCLUDE_DIRECTORIES)
list(REMOVE_ITEM pc_caf_includes "pc_caf_includes-NOTFOUND" ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES})
list(TRANSFORM pc_caf_includes PREPEND "-I")
list(JOIN pc_caf_includes " " pc_caf_includes)
if(BUILD_SHARED_LIBS)
  set(pc_cflags "-DDJM_SHARED ${pc_caf_includes}")
  set(pc_libs "-ldjm -ldjm_planner $<TARGET_LINKER_FILE:CAF::core>")
  set(pc_requires "")
else()
  set(pc_cflags "${pc_caf_includes}")
  set(pc_libs "-ldjm_actors -ldjm_zkstore -ldjm_model -ldjm_planner $<TARGET_LINKER_FILE:CAF::core> \
$<TARGET_LINKER_FILE:ZooKeeper::mt> -pthread")
  set(pc_requires "fmt")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/djm.pc.in" "${PROJECT_BINARY_DIR}/djm.pc.in" @ONLY)
file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/djm.pc" INPUT "${PROJECT_BINARY_DIR}/djm.pc.in")
install(FILES "${PROJECT_BINARY_DIR}/djm.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
