#include <ATen/Parallel.h>

#include <hones/model/threads.hpp>

namespace hones::model {

void configure_threads(std::int64_t threads) {
  at::set_num_threads(static_cast<int>(threads));
  // Settable once a process only, and before the first parallel work.
  if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);
}

}  // namespace hones::model
