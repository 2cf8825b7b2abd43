#include <c10/core/InferenceMode.h>

#include <hones/model/no_gradients.hpp>

namespace hones::model {

struct NoGradients::Guard {
  c10::InferenceMode mode;
};

NoGradients::NoGradients() : guard_(std::make_unique<Guard>()) {}
NoGradients::~NoGradients() = default;

}  // namespace hones::model
