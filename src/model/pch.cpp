// Exists so that the precompiled header of the tensor rooms is compiled once.
#include <hones/model/torch.hpp>
