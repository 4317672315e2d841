# Writes OUTPUT, a source that names the commit of the checkout SOURCE_DIR, unless it names it already.
#
#   cmake -D GIT=/usr/bin/git -D SOURCE_DIR=dir -D OUTPUT=commit.cc [-D COMMIT=name] -P write_commit.cmake
#
# COMMIT stands for what git says. Where neither knows, the commit is "unknown"; "+changes" marks a checkout that differs
# from its commit.
function(ask_git answer)
  execute_process(COMMAND ${GIT} --no-optional-locks -C ${SOURCE_DIR} ${ARGN}
    OUTPUT_VARIABLE output RESULT_VARIABLE result ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT result EQUAL 0)
    set(output "")
  endif()
  set(${answer} "${output}" PARENT_SCOPE)
endfunction()

set(commit "${COMMIT}")
if(NOT commit AND GIT)
  # A folder inside somebody else's checkout has a prefix there: that commit is not ours.
  ask_git(prefix rev-parse --show-prefix)
  if(NOT prefix)
    ask_git(commit rev-parse --short=12 HEAD)
  endif()
  if(commit)
    ask_git(changes status --porcelain --untracked-files=no)
    if(changes)
      string(APPEND commit "+changes")
    endif()
  endif()
endif()
if(NOT commit)
  set(commit unknown)
endif()

set(text "#include \"version/commit.h\"\n\nnamespace interaction {\n\nconst char kCommit[] = \"${commit}\";\n\n}\n")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT text STREQUAL old)
  file(WRITE ${OUTPUT} "${text}")
endif()
