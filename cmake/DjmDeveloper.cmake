# Flags for our own builds only; a consumer never sees them. Presets switch them on.
option(DJM_DEVELOPER "Warnings as errors for the project's own code" OFF)

function(djm_developer_flags target)
  if(DJM_DEVELOPER)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
  endif()
endfunction()
