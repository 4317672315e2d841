# proto_library(NAME proto IMPORT_DIR dir PROTOS a/b.proto ... [GRPC] [DEPS ...]) -> interaction::NAME
#
# Generates C++ beside the build and hides it behind a SYSTEM include folder, so that warnings of generated code stay out
# of ours. With GRPC the service stubs are generated too.
function(proto_library)
  cmake_parse_arguments(ARG "GRPC" "NAME;IMPORT_DIR" "PROTOS;DEPS" ${ARGN})
  set(out ${PROJECT_BINARY_DIR}/generated/${ARG_NAME})
  file(MAKE_DIRECTORY ${out})
  set(generated)
  foreach(proto ${ARG_PROTOS})
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(files ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    set(flags --cpp_out=${out})
    if(ARG_GRPC)
      list(APPEND files ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      list(APPEND flags --grpc_out=${out} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN})
    endif()
    add_custom_command(OUTPUT ${files}
      COMMAND protobuf::protoc -I ${ARG_IMPORT_DIR} ${flags} ${ARG_IMPORT_DIR}/${proto}
      DEPENDS ${ARG_IMPORT_DIR}/${proto} VERBATIM)
    list(APPEND generated ${files})
  endforeach()
  set(target interaction_${ARG_NAME})
  add_library(${target} STATIC ${generated})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE -w)
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)  # generated files use the same names
  if(INTERACTION_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${INTERACTION_SANITIZE})
  endif()
  target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf ${ARG_DEPS})
  if(ARG_GRPC)
    target_link_libraries(${target} PUBLIC gRPC::grpc++)
  endif()
  add_library(interaction::${ARG_NAME} ALIAS ${target})
endfunction()
