// The GPUs that this process may use, as the CUDA driver tells them.
#pragma once

#include <string>
#include <vector>

namespace hones::device {

// One of them. `id` is the driver's UUID in the form of nvidia-smi ("GPU-" and 36 characters): the same for
// every process of a node, however Slurm or CUDA_VISIBLE_DEVICES number what each may see.
struct Gpu {
  int index = 0;  // CUDA's number of it in this process
  std::string id;
  std::string name;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& index& id& name;
  }
};

struct Gpus {
  std::vector<Gpu> seen;  // by index
  std::string why_none;   // where none is seen: the reason, for people

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& seen& why_none;
  }
};

// Asks libcuda.so.1, which comes with NVIDIA's kernel driver; without it there is no GPU. Opens no context
// and takes no memory of a GPU. CUDA_VISIBLE_DEVICES is read by the driver when it is first asked, so it is
// to be set before. Never throws for what is missing or fails: `why_none` says it.
Gpus visible_gpus();

}  // namespace hones::device
