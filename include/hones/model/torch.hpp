// The part of LibTorch that the tensor rooms use; also their precompiled header. No autograd, no
// torch/torch.h: those cost tens of seconds per translation unit and belong to steering.
#pragma once

#include <ATen/ATen.h>
