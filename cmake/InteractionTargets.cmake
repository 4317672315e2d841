# interaction_library, interaction_executable and interaction_test: one call a component. They apply the
# language level, warnings, hardening and sanitizers, so that no target can forget them.
set(INTERACTION_SANITIZE "" CACHE STRING "Sanitizers to build with, as for -fsanitize= (address,undefined)")
option(INTERACTION_WERROR "Treat warnings as errors" ON)
# Most of a build is reading headers and instantiating templates again for each file. Compiled together, a target's files
# share that; but an edit of one compiles its neighbours, too.
set(INTERACTION_UNITY 0 CACHE STRING "How many source files of a target are compiled as one; 0: each by itself")
if(INTERACTION_UNITY GREATER 0)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE ${INTERACTION_UNITY})
endif()

include(CheckCXXCompilerFlag)
# Control flow that hardware checks: on x86, and on arm64. -Werror: clang only warns of a flag of another processor.
set(CMAKE_REQUIRED_FLAGS -Werror)
check_cxx_compiler_flag(-fcf-protection INTERACTION_HAS_CF_PROTECTION)
check_cxx_compiler_flag(-mbranch-protection=standard INTERACTION_HAS_BRANCH_PROTECTION)
unset(CMAKE_REQUIRED_FLAGS)

add_library(interaction_flags INTERFACE)
target_compile_features(interaction_flags INTERFACE cxx_std_20)
target_compile_options(interaction_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers
  -fno-semantic-interposition -fstack-protector-strong $<$<BOOL:${INTERACTION_HAS_CF_PROTECTION}>:-fcf-protection>
  $<$<BOOL:${INTERACTION_HAS_BRANCH_PROTECTION}>:-mbranch-protection=standard>
  $<$<BOOL:${INTERACTION_WERROR}>:-Werror>
  $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
target_compile_definitions(interaction_flags INTERFACE _GLIBCXX_ASSERTIONS)
target_include_directories(interaction_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_link_options(interaction_flags INTERFACE -Wl,-z,relro,-z,now)
if(INTERACTION_UNITY GREATER 0)
  # Every file counts as a header then.
  target_compile_options(interaction_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(INTERACTION_SANITIZE)
  # clang's check of calls through pointers to functions knows no coroutines: "Cannot represent a difference across sections".
  target_compile_options(interaction_flags INTERFACE -fsanitize=${INTERACTION_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  target_link_options(interaction_flags INTERFACE -fsanitize=${INTERACTION_SANITIZE})
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_EXTENSIONS OFF)

# interaction_library(NAME http SRCS ... HDRS ... DEPS ... [PRIVATE_DEPS ...]) -> interaction::http
function(interaction_library)
  cmake_parse_arguments(ARG "" "NAME" "SRCS;HDRS;DEPS;PRIVATE_DEPS" ${ARGN})
  set(target interaction_${ARG_NAME})
  if(ARG_SRCS)
    add_library(${target} STATIC ${ARG_SRCS} ${ARG_HDRS})
    target_link_libraries(${target} PUBLIC interaction_flags ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE interaction_flags ${ARG_DEPS})
  endif()
  add_library(interaction::${ARG_NAME} ALIAS ${target})
endfunction()

# interaction_executable(NAME interaction-server SRCS ... DEPS ...): installed into bin. With what is in process/.
function(interaction_executable)
  cmake_parse_arguments(ARG "NO_INSTALL" "NAME" "SRCS;DEPS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SRCS} ${PROJECT_SOURCE_DIR}/process/standard_descriptors.cc)
  target_link_libraries(${ARG_NAME} PRIVATE interaction_flags ${ARG_DEPS})
  set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  if(NOT ARG_NO_INSTALL)
    install(TARGETS ${ARG_NAME} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${ARG_NAME})
  endif()
endfunction()

# interaction_test(NAME guid_test SRCS ... DEPS ... LABEL unit [TIMEOUT 120] [ARGS ...]): one GoogleTest binary.
# SERIAL: it measures time, so nothing else runs beside it. TIMEOUT is in seconds and for a test that hangs: several times
# what the test takes on a busy machine, and three times that under a sanitizer.
function(interaction_test)
  cmake_parse_arguments(ARG "SERIAL" "NAME;LABEL;TIMEOUT" "SRCS;DEPS;ARGS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(INTERACTION_SANITIZE)
    math(EXPR ARG_TIMEOUT "3 * ${ARG_TIMEOUT}")
  endif()
  add_executable(${ARG_NAME} ${ARG_SRCS})
  target_link_libraries(${ARG_NAME} PRIVATE interaction_flags ${ARG_DEPS} GTest::gmock_main)
  # The sanitizers are for the product. GoogleTest's macros under UndefinedBehaviorSanitizer and the optimizer take three
  # times as long to compile as without; AddressSanitizer stays, because tests hold memory of the product's.
  if(INTERACTION_SANITIZE MATCHES undefined)
    target_compile_options(${ARG_NAME} PRIVATE -O0 -fno-sanitize=undefined)
  endif()
  set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/bin)
  add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} ${ARG_ARGS} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${ARG_NAME} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT} RUN_SERIAL "${ARG_SERIAL}")
endfunction()
