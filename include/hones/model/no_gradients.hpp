// Whoever computes values only says so: the room `model` itself switches no inference mode on, so that
// steering and integrated gradients can differentiate through a forward pass. No LibTorch header.
#pragma once

#include <memory>

namespace hones::model {

// As long as it lives, this thread records no operations for gradients.
class NoGradients {
 public:
  NoGradients();
  ~NoGradients();
  NoGradients(const NoGradients&) = delete;
  NoGradients& operator=(const NoGradients&) = delete;

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_;
};

}  // namespace hones::model
