# cmake -D WAY=find_package|add_subdirectory -D SOURCE=... -D BUILD=... -D WORK=... -P run.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed (${result}): ${ARGN}")
  endif()
endfunction()

# refuses_caf(VERSION SENTENCE): a project that would use djm with this CAF has to be told so, and not to be linked.
function(refuses_caf version sentence)
  file(WRITE "${WORK}/other/CAFConfig.cmake" "add_library(CAF::core INTERFACE IMPORTED)\n")
  file(WRITE "${WORK}/other/CAFConfigVersion.cmake"
    "set(PACKAGE_VERSION ${version})\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n")
  execute_process(COMMAND "${CMAKE_COMMAND}" -S "${SOURCE}/test/consumer/application" -B "${WORK}/refused" ${options}
    "-DCAF_DIR=${WORK}/other" RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  if(result EQUAL 0 OR NOT said MATCHES "${sentence}")
    message(FATAL_ERROR "CAF ${version} was not refused: ${said}")
  endif()
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

# Where this build was told to look for CAF and the rest.
list(JOIN PREFIX ":" prefixes)
if(prefixes)
  set(ENV{CMAKE_PREFIX_PATH} "${prefixes}")
endif()

file(REMOVE_RECURSE "${WORK}")
set(options -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
if(WAY STREQUAL "find_package")
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
else()
  # The libraries are compiled once more, without the flags that this project uses for itself.
  list(APPEND options "-DDJM_SOURCE=${SOURCE}" "-DCMAKE_BUILD_TYPE=Debug")
endif()
run("${CMAKE_COMMAND}" -S "${SOURCE}/test/consumer/application" -B "${WORK}/build" ${options})
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${WORK}/build/application")
run("${WORK}/build/actors")
run("${WORK}/build/try_job")
