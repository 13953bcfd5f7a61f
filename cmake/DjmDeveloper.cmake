# Flags for our own builds only; a consumer never sees them. Presets switch them on.
option(DJM_DEVELOPER "Warnings as errors for the project's own code" OFF)
option(DJM_CCACHE "Compile through ccache, where there is one" OFF)
set(DJM_SANITIZE "" CACHE STRING "Empty, \"address\" (with undefined) or \"thread\"")

# Files that are compiled together share what each has to itself otherwise: names in unnamed namespaces must differ
# within a target, and are allowed to hide each other and to be parts of what the file defines. A build without it
# (./dev lint, tsan, fuzz) still sees every file alone, with the includes that it has itself.
if(DJM_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
  set(djm_shadow -Wshadow=local)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-subobject-linkage)
  endif()
else()
  set(djm_shadow -Wshadow)
endif()

function(djm_developer_flags target)
  if(DJM_DEVELOPER)
    # Whether a value "may be" uninitialised is a guess of the optimiser about std::optional: seen, but no error.
    target_compile_options(${target} PRIVATE
      -Wall -Wextra -Wpedantic ${djm_shadow} -Wconversion -Werror -Wno-error=maybe-uninitialized)
  endif()
endfunction()

if(DJM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CCACHE_PROGRAM ccache)
  mark_as_advanced(CCACHE_PROGRAM)
  if(CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  endif()
endif()

# CAF's headers bind null references on purpose (init_fun_factory), and its library is built without the type information
# that -fsanitize=vptr asks for.
if(DJM_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=null,vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(DJM_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(DJM_SANITIZE)
  message(FATAL_ERROR "DJM_SANITIZE is \"${DJM_SANITIZE}\": it must be empty, \"address\" or \"thread\"")
endif()
