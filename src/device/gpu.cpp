#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include <dlfcn.h>

#include <hones/device/gpu.hpp>

namespace hones::device {

namespace {

// Of cuda.h, whose names and types are a stable binary interface; no CUDA toolkit is needed to build.
struct Uuid {
  std::array<unsigned char, 16> bytes{};
};
using Result = int;
constexpr Result kSuccess = 0, kNoDevice = 100;

struct NoGpu : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// libcuda.so.1, loaded as long as this lives.
class Driver {
 public:
  Driver() : library_(::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL), &::dlclose) {
    if (!library_) throw NoGpu(said_by_loader());
    check(function<Result(unsigned)>("cuInit")(0), "cuInit");
  }

  int count() const {
    int count = 0;
    check(function<Result(int*)>("cuDeviceGetCount")(&count), "cuDeviceGetCount");
    if (count == 0) throw NoGpu("the CUDA driver shows this process none");
    return count;
  }

  Gpu gpu(int index) const {
    int device = 0;
    check(function<Result(int*, int)>("cuDeviceGet")(&device, index), "cuDeviceGet");
    std::array<char, 256> name{};
    check(function<Result(char*, int, int)>("cuDeviceGetName")(name.data(), static_cast<int>(name.size()) - 1,
                                                               device),
          "cuDeviceGetName");
    // The second form, since CUDA 11.4, tells slices of one GPU (MIG) apart.
    Uuid uuid;
    check(function<Result(Uuid*, int)>("cuDeviceGetUuid_v2")(&uuid, device), "cuDeviceGetUuid_v2");
    return {index, in_words(uuid), name.data()};
  }

 private:
  template <typename Signature>
  Signature* function(const char* name) const {
    void* address = ::dlsym(library_.get(), name);
    if (address == nullptr) throw NoGpu("the CUDA driver is too old: " + said_by_loader());
    return reinterpret_cast<Signature*>(address);
  }

  static std::string said_by_loader() {
    const char* words = ::dlerror();
    return words == nullptr ? "libcuda.so.1 cannot be loaded" : words;
  }

  static void check(Result result, const char* call) {
    if (result == kSuccess) return;
    if (result == kNoDevice) throw NoGpu("the CUDA driver shows this process none");
    throw NoGpu(std::string(call) + " of the CUDA driver failed with error " + std::to_string(result));
  }

  static std::string in_words(const Uuid& uuid) {
    std::string words = "GPU-";
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) words += '-';
      std::array<char, 3> digits{};
      std::snprintf(digits.data(), digits.size(), "%02x", uuid.bytes[i]);
      words += digits.data();
    }
    return words;
  }

  std::unique_ptr<void, int (*)(void*)> library_;
};

}  // namespace

Gpus visible_gpus() {
  Gpus gpus;
  try {
    const Driver driver;
    const int count = driver.count();
    for (int index = 0; index < count; ++index) gpus.seen.push_back(driver.gpu(index));
  } catch (const NoGpu& reason) {
    return {{}, reason.what()};
  }
  return gpus;
}

}  // namespace hones::device
