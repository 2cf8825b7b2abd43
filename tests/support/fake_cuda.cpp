// Stands in for NVIDIA's libcuda.so.1 where it comes first in LD_LIBRARY_PATH: HONES_FAKE_GPUS GPUs on every
// node, of which a process sees those that CUDA_VISIBLE_DEVICES names, in its order, up to the first that is
// none (CUDA's own rule). Nothing can compute on them. HONES_FAKE_GPU_ERROR: what cuInit answers.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

std::vector<int> visible() {
  const char* count = std::getenv("HONES_FAKE_GPUS");
  const int all = count == nullptr ? 0 : std::atoi(count);
  std::vector<int> gpus;
  const char* named = std::getenv("CUDA_VISIBLE_DEVICES");
  if (named == nullptr) {
    for (int i = 0; i < all; ++i) gpus.push_back(i);
    return gpus;
  }
  for (const char* at = named; *at != '\0';) {
    char* end = nullptr;
    const long index = std::strtol(at, &end, 10);
    if (end == at || index < 0 || index >= all) break;
    gpus.push_back(static_cast<int>(index));
    at = *end == ',' ? end + 1 : end;
  }
  return gpus;
}

}  // namespace

extern "C" {

int cuInit(unsigned) {
  if (const char* error = std::getenv("HONES_FAKE_GPU_ERROR")) return std::atoi(error);
  return visible().empty() ? 100 : 0;
}

int cuDeviceGetCount(int* count) {
  *count = static_cast<int>(visible().size());
  return 0;
}

int cuDeviceGet(int* device, int index) {
  *device = visible().at(static_cast<std::size_t>(index));
  return 0;
}

int cuDeviceGetName(char* name, int length, int device) {
  std::snprintf(name, static_cast<std::size_t>(length), "Fake GPU %d", device);
  return 0;
}

int cuDeviceGetUuid_v2(void* uuid, int device) {
  unsigned char bytes[16] = {};
  char host[8] = {};
  gethostname(host, sizeof host);
  std::memcpy(bytes, host, sizeof host);
  bytes[15] = static_cast<unsigned char>(device);
  std::memcpy(uuid, bytes, sizeof bytes);
  return 0;
}
}
