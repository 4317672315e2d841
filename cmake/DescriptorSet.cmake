# descriptor_set(NAME descriptors [FILE a.binpb] IMPORT_DIRS dir... PROTOS a/b.proto...) -> interaction::NAME
#
# Compiles the protos, with all that they import, into a google.protobuf.FileDescriptorSet that keeps what generated code
# drops, the comments and json_name, and links it in as bytes: interaction::kDescriptorSet of interaction/NAME.h. FILE is a
# copy for tools, made with the target all.
function(descriptor_set)
  cmake_parse_arguments(ARG "" "NAME;FILE" "IMPORT_DIRS;PROTOS" ${ARGN})
  set(out ${PROJECT_BINARY_DIR}/generated/${ARG_NAME})
  file(MAKE_DIRECTORY ${out}/interaction)
  set(flags)
  set(files)
  foreach(dir ${ARG_IMPORT_DIRS})
    list(APPEND flags -I ${dir})
    foreach(proto ${ARG_PROTOS})
      if(EXISTS ${dir}/${proto})
        list(APPEND files ${dir}/${proto})
      endif()
    endforeach()
  endforeach()
  add_custom_command(OUTPUT ${out}/${ARG_NAME}.bin
    COMMAND protobuf::protoc ${flags} --include_imports --include_source_info
            --descriptor_set_out=${out}/${ARG_NAME}.bin ${ARG_PROTOS}
    DEPENDS ${files} VERBATIM)
  set(script ${PROJECT_SOURCE_DIR}/cmake/EmbedDescriptorSet.cmake)
  add_custom_command(OUTPUT ${out}/${ARG_NAME}.cc
    COMMAND ${CMAKE_COMMAND} -D INPUT=${out}/${ARG_NAME}.bin -D OUTPUT=${out}/${ARG_NAME}.cc -D NAME=${ARG_NAME} -P ${script}
    DEPENDS ${out}/${ARG_NAME}.bin ${script} VERBATIM)
  file(CONFIGURE OUTPUT ${out}/interaction/${ARG_NAME}.h @ONLY CONTENT [=[
#pragma once

#include <cstddef>

namespace interaction {

// A serialized google.protobuf.FileDescriptorSet, each file after those that it imports.
extern const unsigned char kDescriptorSet[];
extern const std::size_t kDescriptorSetSize;

}  // namespace interaction
]=])
  set(target interaction_${ARG_NAME})
  add_library(${target} STATIC EXCLUDE_FROM_ALL ${out}/${ARG_NAME}.cc)
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  add_library(interaction::${ARG_NAME} ALIAS ${target})
  if(ARG_FILE)
    add_custom_command(OUTPUT ${ARG_FILE}
      COMMAND ${CMAKE_COMMAND} -E copy ${out}/${ARG_NAME}.bin ${ARG_FILE} DEPENDS ${out}/${ARG_NAME}.bin VERBATIM)
    add_custom_target(${target}_file ALL DEPENDS ${ARG_FILE})
  endif()
endfunction()
