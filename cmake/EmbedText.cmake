# Files as constants in C++.
#
#   embed_text(TARGET my_target NAMESPACE ns HEADER "a/b.h" kPage page.html kStyle page.css)
#
# adds a source to the target with `const absl::string_view ns::kPage`, which a header declares. A file that changes is
# embedded anew. Run as a script (-P), it writes that source.
if(CMAKE_SCRIPT_MODE_FILE)
  file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
  while(TEXTS)
    list(POP_FRONT TEXTS name file)
    file(READ ${file} text)
    file(APPEND ${OUTPUT} "\nconst absl::string_view ${name} = R\"embedded(")
    file(APPEND ${OUTPUT} "${text}")
    file(APPEND ${OUTPUT} ")embedded\";\n")
  endwhile()
  file(APPEND ${OUTPUT} "\n}  // namespace ${NAMESPACE}\n")
  return()
endif()

set(EMBED_TEXT_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(embed_text)
  cmake_parse_arguments(ARG "" "TARGET;NAMESPACE;HEADER" "" ${ARGN})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${ARG_TARGET}_embedded.cc)
  set(texts ${ARG_UNPARSED_ARGUMENTS})
  set(files)
  set(rest ${texts})
  while(rest)
    list(POP_FRONT rest name file)
    list(APPEND files ${file})
  endwhile()
  add_custom_command(OUTPUT ${output} DEPENDS ${files} ${EMBED_TEXT_SCRIPT} VERBATIM
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DNAMESPACE=${ARG_NAMESPACE} -DHEADER=${ARG_HEADER} "-DTEXTS=${texts}"
            -P ${EMBED_TEXT_SCRIPT})
  target_sources(${ARG_TARGET} PRIVATE ${output})
endfunction()
