#include <string_view>

#include <c10/util/Exception.h>

#include <hones/base/error.hpp>
#include <hones/model/torch_errors.hpp>

namespace hones::model {

void with_torch_errors(const std::string& memory_advice, const std::function<void()>& act) {
  try {
    act();
  } catch (const c10::Error& error) {
    const std::string all = error.what_without_backtrace();
    const std::string line = all.substr(0, all.find('\n'));
    if (all.find("can't allocate memory") != std::string::npos)
      throw Error(ExitCode::rank_failed, "out of memory (" + line + "); " + memory_advice);
    throw Error(ExitCode::rank_failed, "LibTorch: " + line);
  } catch (const std::bad_alloc&) {
    throw Error(ExitCode::rank_failed, "out of memory; " + memory_advice);
  }
}

}  // namespace hones::model
