# Run at every build: writes OUTPUT, the version room's one source, and only when it changes, so
# that a new commit compiles one small file and links again, nothing more. In: SOURCE_DIR, OUTPUT,
# VERSION.
set(commit unknown)
find_program(GIT git)
if(GIT)
  # safe.directory: a checkout of another user's (a container, a shared file system) is read all the
  # same.
  set(git ${GIT} -c safe.directory=* -C "${SOURCE_DIR}")
  execute_process(COMMAND ${git} rev-parse HEAD OUTPUT_VARIABLE head ERROR_QUIET RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed)
    execute_process(COMMAND ${git} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
    set(commit "${head}")
    if(changes)
      set(commit "${head}-dirty")
    endif()
  endif()
endif()
set(text "// Written by cmake/WriteVersion.cmake.
#include <hones/base/version.hpp>

namespace hones {

std::string_view version() { return \"${VERSION}\"; }
std::string_view git_commit() { return \"${commit}\"; }

}  // namespace hones
")
set(old "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
if(NOT text STREQUAL old)
  file(WRITE "${OUTPUT}" "${text}")
endif()
