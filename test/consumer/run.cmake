# cmake -D WAY=find_package|add_subdirectory|shared -D SOURCE=... -D BUILD=... -D WORK=... -P run.cmake
cmake_policy(VERSION 3.21)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed (${result}): ${ARGN}")
  endif()
endfunction()

# refuses(WHAT SENTENCE PROJECT OPTION...): configuring the project has to fail with that sentence.
function(refuses what sentence project)
  file(REMOVE_RECURSE "${WORK}/refused")
  execute_process(COMMAND "${CMAKE_COMMAND}" -S "${SOURCE}/test/consumer/${project}" -B "${WORK}/refused" ${options}
    ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  if(result EQUAL 0 OR NOT said MATCHES "${sentence}")
    message(FATAL_ERROR "${what} was not refused: ${said}")
  endif()
endfunction()

# refuses_caf(VERSION SENTENCE): a project that would use djm with this CAF has to be told so, and not to be linked.
function(refuses_caf version sentence)
  file(WRITE "${WORK}/other/CAFConfig.cmake" "add_library(CAF::core INTERFACE IMPORTED)\n")
  file(WRITE "${WORK}/other/CAFConfigVersion.cmake"
    "set(PACKAGE_VERSION ${version})\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n")
  refuses("CAF ${version}" "${sentence}" application "-DCAF_DIR=${WORK}/other")
endfunction()

# Whoever does not use CMake is told by the header.
function(header_refuses_caf major minor)
  file(WRITE "${WORK}/headers/caf/config.hpp" "#define CAF_MAJOR_VERSION ${major}\n#define CAF_MINOR_VERSION ${minor}\n")
  file(WRITE "${WORK}/headers/user.cpp" "#include \"djm/caf.hpp\"\n")
  execute_process(COMMAND "${COMPILER}" -std=c++17 -fsyntax-only "-I${WORK}/headers" "-I${SOURCE}/include"
    "${WORK}/headers/user.cpp" RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(result EQUAL 0 OR NOT said MATCHES "djm needs CAF 1.1")
    message(FATAL_ERROR "djm/caf.hpp takes CAF ${major}.${minor}: ${said}")
  endif()
endfunction()

# The application, with nothing but a compiler and what pkg-config says.
function(run_with_pkg_config)
  find_program(PKG_CONFIG pkg-config REQUIRED)
  file(GLOB_RECURSE description "${WORK}/installed/djm.pc")
  get_filename_component(folder "${description}" DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} "${folder}")
  execute_process(COMMAND "${PKG_CONFIG}" --cflags --libs djm OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  execute_process(COMMAND "${PKG_CONFIG}" --modversion djm OUTPUT_VARIABLE version COMMAND_ERROR_IS_FATAL ANY)
  if(NOT version MATCHES "^[0-9]+[.][0-9]+[.][0-9]+\n$")
    message(FATAL_ERROR "pkg-config says version ${version}")
  endif()
  run("${COMPILER}" -std=c++17 "${SOURCE}/test/consumer/application/main.cpp" -o "${WORK}/with_pkg_config" ${flags})
  # Libraries that stand in no common folder.
  set(places "${folder}/..")
  foreach(prefix IN LISTS PREFIX)
    list(APPEND places "${prefix}/lib")
  endforeach()
  list(JOIN places ":" places)
  run("${CMAKE_COMMAND}" -E env "LD_LIBRARY_PATH=${places}" "${WORK}/with_pkg_config")
endfunction()

# shows(LIBRARY SYMBOL YES_OR_NO)
function(shows library symbol expected)
  execute_process(COMMAND nm -DC --defined-only "${WORK}/installed/${library}" OUTPUT_VARIABLE listing
    COMMAND_ERROR_IS_FATAL ANY)
  string(FIND "${listing}" "${symbol}" found)
  if(expected AND found EQUAL -1)
    message(FATAL_ERROR "${library} does not show ${symbol}")
  elseif(NOT expected AND NOT found EQUAL -1)
    message(FATAL_ERROR "${library} shows ${symbol}")
  endif()
endfunction()

# Where this build was told to look for CAF and the rest.
list(JOIN PREFIX ":" prefixes)
if(prefixes)
  set(ENV{CMAKE_PREFIX_PATH} "${prefixes}")
endif()

file(REMOVE_RECURSE "${WORK}")
set(options -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
if(WAY STREQUAL "add_subdirectory")
  # As static libraries, which is what a host gets that says nothing: configured, and one of the libraries built. That all
  # of them compile without the flags that this project uses for itself is shown below, by those that are shared.
  run("${CMAKE_COMMAND}" -S "${SOURCE}/test/consumer/application" -B "${WORK}/build" ${options} "-DDJM_SOURCE=${SOURCE}")
  run("${CMAKE_COMMAND}" --build "${WORK}/build" --target djm_planner)
  return()
elseif(WAY STREQUAL "shared")
  # As a part of another project, which runs with it and then installs it.
  run("${CMAKE_COMMAND}" -S "${SOURCE}/test/consumer/application" -B "${WORK}/inside" ${options} "-DDJM_SOURCE=${SOURCE}"
    -DBUILD_SHARED_LIBS=ON -DDJM_INSTALL=ON -DDJM_HTTP=ON -DDJM_SQLITE=ON -DCMAKE_INSTALL_LIBDIR=lib)
  run("${CMAKE_COMMAND}" --build "${WORK}/inside" --target all djm/all)
  foreach(program application actors try_job)
    run("${WORK}/inside/${program}")
  endforeach()
  run("${CMAKE_COMMAND}" --install "${WORK}/inside/djm" --prefix "${WORK}/installed")
  shows(lib/libdjm.so " T djm::node::start(" TRUE)
  shows(lib/libdjm.so " T djm::spawn_node(" TRUE)
  shows(lib/libdjm.so " T djm::keeper_core" FALSE)
  shows(lib/libdjm.so " T djm::store::" FALSE)
  shows(lib/libdjm_planner.so "typeinfo for djm::job" TRUE)
  # Who hides what is his own still shares djm's types with djm.
  list(APPEND options "-DCMAKE_PREFIX_PATH=${WORK}/installed" -DCMAKE_CXX_VISIBILITY_PRESET=hidden
    -DCMAKE_VISIBILITY_INLINES_HIDDEN=ON)
else()
  run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/installed")
  file(GLOB_RECURSE leaked "${WORK}/installed/include/*")
  list(FILTER leaked EXCLUDE REGEX "/include/djm/.*[.]hpp$")
  if(leaked)
    message(FATAL_ERROR "installed but private: ${leaked}")
  endif()
  list(APPEND options "-DCMAKE_PREFIX_PATH=${WORK}/installed")
  refuses_caf(1.99.0 "djm was built with CAF [0-9.]+, but CAF 1.99.0 was found")
  refuses_caf(0.18.5 "CAF 0.18.5 was found; djm needs CAF 1.1")
  header_refuses_caf(0 18)
  header_refuses_caf(0 19)
  refuses("a component that is none" "djm has no component \"planer\"; there are: planner, runtime, test" planner
    -DCOMPONENTS=planer)
  refuses("a runtime without CAF" "CAF [0-9.]+, which djm was built with, was not found" planner -DCOMPONENTS=runtime)
endif()
run("${CMAKE_COMMAND}" -S "${SOURCE}/test/consumer/application" -B "${WORK}/build" ${options})
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${WORK}/build/application")
run("${WORK}/build/actors")
run("${WORK}/build/try_job")
run("${CMAKE_COMMAND}" -S "${SOURCE}/test/consumer/planner" -B "${WORK}/planner" ${options})
run("${CMAKE_COMMAND}" --build "${WORK}/planner")
run("${WORK}/planner/plan")
run_with_pkg_config()
