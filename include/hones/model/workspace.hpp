// The kernels that fast runs compute with, and the buffers between their products.
#pragma once

#include <memory>

namespace hones::model {

class Kernels;

// Buffers grow with the largest tile and stay: pages of fresh memory cost more than the sums. What they hold
// between two runs means nothing, but for what a run says it leaves there. One thread's; runs may share it,
// one at a time.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(Workspace&&) noexcept;

  Kernels& kernels() { return *kernels_; }

 private:
  std::unique_ptr<Kernels> kernels_;
};

}  // namespace hones::model
