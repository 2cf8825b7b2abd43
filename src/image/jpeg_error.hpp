// How libjpeg's fatal errors leave its C code, for reading and writing alike.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdio>

// jpeglib.h wants <cstdio> before it.
#include <jpeglib.h>

namespace hones::image {

struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] inline void on_error(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  manager->base.format_message(info, manager->message);
  std::longjmp(manager->jump, 1);
}

}  // namespace hones::image
