# Flags for our own builds only; a consumer never sees them. Presets switch them on.
option(DJM_DEVELOPER "Warnings as errors for the project's own code" OFF)

function(djm_developer_flags target)
  if(DJM_DEVELOPER)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
  endif()
endfunction()

# A static library needs at least one source; a folder that has none yet must not keep the others from configuring.
function(djm_allow_empty target)
  get_target_property(sources ${target} SOURCES)
  if(NOT sources)
    set(stub "${CMAKE_CURRENT_BINARY_DIR}/${target}_empty.cpp")
    file(WRITE "${stub}.in" "namespace djm {}\n")
    configure_file("${stub}.in" "${stub}" COPYONLY)
    target_sources(${target} PRIVATE "${stub}")
  endif()
endfunction()
