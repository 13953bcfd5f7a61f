# Who may include whom, as a property of targets. Sources name headers by their path in the project
# ("zkstore/types.hpp"). A layer is compiled with a folder of its own on the include path, build/layers/NAME, which holds
# links to the headers that the layer may see and to no others: an include of anything else does not compile.

set(DJM_LAYERS_DIR "${PROJECT_BINARY_DIR}/layers")

# djm_include_root(NAME ENTRY...): makes that folder, new headers included, and nothing in it that is no longer wanted.
# An entry is a folder, which stands for the headers in it (not those of its subfolders), or one header.
function(djm_include_root name)
  set(root "${DJM_LAYERS_DIR}/${name}")
  set(headers)
  foreach(entry IN LISTS ARGN)
    if(entry MATCHES "[.]hpp$")
      set(found "${entry}")
    else()
      file(GLOB found CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/${entry}/*.hpp")
    endif()
    if(NOT found OR NOT EXISTS "${PROJECT_SOURCE_DIR}/${entry}")
      message(FATAL_ERROR "Layer ${name}: there is no header \"${entry}\"")
    endif()
    list(APPEND headers ${found})
  endforeach()
  list(REMOVE_DUPLICATES headers)
  file(GLOB_RECURSE links LIST_DIRECTORIES false RELATIVE "${root}" "${root}/*")
  list(REMOVE_ITEM links ${headers})
  foreach(link IN LISTS links)
    file(REMOVE "${root}/${link}")
  endforeach()
  foreach(header IN LISTS headers)
    set(target "")
    if(IS_SYMLINK "${root}/${header}")
      file(READ_SYMLINK "${root}/${header}" target)
    endif()
    if(NOT target STREQUAL "${PROJECT_SOURCE_DIR}/${header}")
      get_filename_component(folder "${root}/${header}" DIRECTORY)
      file(MAKE_DIRECTORY "${folder}")
      file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${header}" "${root}/${header}" SYMBOLIC)
    endif()
  endforeach()
  # What the test of the layers goes through.
  set_property(GLOBAL APPEND PROPERTY DJM_LAYERS ${name})
  set_property(GLOBAL PROPERTY DJM_LAYER_HEADERS_${name} "${headers}")
endfunction()

# djm_layer(NAME PART_OF LIBRARY SEES ENTRY... [LIBS ...] SOURCES ...): sources of the library that are compiled with the
# include path of this layer. SEES names all that they reach, what the headers include as well.
function(djm_layer name)
  cmake_parse_arguments(arg "" "PART_OF" "SEES;LIBS;SOURCES" ${ARGN})
  djm_include_root(${name} ${arg_SEES})
  set(target djm_layer_${name})
  add_library(${target} OBJECT ${arg_SOURCES})
  target_compile_features(${target} PRIVATE cxx_std_17)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include" "${DJM_LAYERS_DIR}/${name}")
  target_link_libraries(${target} PRIVATE tl::expected ${arg_LIBS})
  # What a file with actors instantiates costs as much as the headers: larger batches would save little, and whoever
  # changes one file waits for all of its batch.
  if(CMAKE_UNITY_BUILD AND "CAF::core" IN_LIST arg_LIBS)
    set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE 4)
  endif()
  # Objects of static libraries become part of shared ones.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  djm_developer_flags(${target})
  # What a shared library does not show stays inside of it, unless libdjm is built on it: that is true of djm_planner.
  if(BUILD_SHARED_LIBS)
    target_compile_definitions(${target} PRIVATE DJM_SHARED)
    if(NOT arg_PART_OF STREQUAL "djm_planner")
      set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    endif()
  endif()
  target_sources(${arg_PART_OF} PRIVATE $<TARGET_OBJECTS:${target}>)
  set_property(TARGET ${arg_PART_OF} APPEND PROPERTY DJM_LAYER_TARGETS ${target})
endfunction()

# For tests and the kit, which look into everything: the root of the sources itself.
add_library(djm_sources INTERFACE)
target_include_directories(djm_sources INTERFACE "${PROJECT_SOURCE_DIR}")
