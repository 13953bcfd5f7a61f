# Flags for our own builds only; a consumer never sees them. Presets switch them on.
option(DJM_DEVELOPER "Warnings as errors for the project's own code" OFF)
set(DJM_SANITIZE "" CACHE STRING "Empty, \"address\" (with undefined) or \"thread\"")

function(djm_developer_flags target)
  if(DJM_DEVELOPER)
    # Whether a value "may be" uninitialised is a guess of the optimiser about std::optional: seen, but no error.
    target_compile_options(${target} PRIVATE
      -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -Wno-error=maybe-uninitialized)
  endif()
endfunction()

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

# A static library needs at least one source; a folder that has none yet must not keep the others from configuring.
function(djm_allow_empty target)
  get_target_property(sources ${target} SOURCES)
  list(REMOVE_ITEM sources "" "sources-NOTFOUND")
  if(NOT sources)
    set(stub "${CMAKE_CURRENT_BINARY_DIR}/${target}_empty.cpp")
    file(WRITE "${stub}.in" "namespace djm {}\n")
    configure_file("${stub}.in" "${stub}" COPYONLY)
    target_sources(${target} PRIVATE "${stub}")
  endif()
endfunction()
