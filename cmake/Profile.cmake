# Optimizes for what a profile says of the load: the code that calls take is put together, apart from what they do not take, and
# inlined where it counts. docs/adr/2026-11-28-profile.md; tools/record-profile makes the profile.
set(INTERACTION_PROFILE "" CACHE STRING "Profile of the load (.proftext) to optimize for, from the source folder; record: build to record one; empty: none")
if(NOT INTERACTION_PROFILE)
  return()
endif()
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  message(NOTICE "INTERACTION_PROFILE is for clang: built by ${CMAKE_CXX_COMPILER_ID} without it, which costs a fifth more CPU a call. "
                 "A build folder keeps the compiler that it was made with; remove the folder for another.")
  return()
endif()
if(INTERACTION_PROFILE STREQUAL record)
  add_compile_options(-fprofile-generate)
  add_link_options(-fprofile-generate)
  return()
endif()

get_filename_component(profile ${INTERACTION_PROFILE} ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
string(REGEX MATCH "^[0-9]+" version ${CMAKE_CXX_COMPILER_VERSION})
find_program(LLVM_PROFDATA NAMES llvm-profdata-${version} llvm-profdata REQUIRED)
file(SHA256 ${profile} hash)
string(SUBSTRING ${hash} 0 12 hash)
set(indexed ${PROJECT_BINARY_DIR}/load-${hash}.profdata)  # another name for another profile, so that everything is built again
execute_process(COMMAND ${LLVM_PROFDATA} merge --output ${indexed} ${profile} COMMAND_ERROR_IS_FATAL ANY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile})
# A function that has changed since the profile was recorded is built as if there were none, which is no reason to warn.
add_compile_options(-fprofile-use=${indexed} -ffunction-sections -Wno-backend-plugin -Wno-profile-instr-out-of-date -Wno-profile-instr-unprofiled)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
  add_compile_options(-fsplit-machine-functions)
endif()
# lld puts the functions that call each other side by side, and leaves those that are never called in a section of their own.
add_link_options(-fuse-ld=lld LINKER:-z,keep-text-section-prefix)
