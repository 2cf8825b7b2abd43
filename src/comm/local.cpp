// One process: the definition of every word of Communicator.
#include <array>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <mutex>
#include <utility>

#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/comm/communicator.hpp>

#include "merge_bits.hpp"

namespace hones::comm {

namespace {

class Done final : public Pending {
 public:
  bool wait(Deadline) override { return true; }
};

class LocalCommunicator final : public Communicator {
 public:
  LocalCommunicator() {
    std::array<char, 256> name{};
    node_ = ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
  }

  int rank() const override { return 0; }
  int size() const override { return 1; }
  const std::string& node() const override { return node_; }
  OnNode on_node() const override { return {}; }
  const void* native() const override { return nullptr; }

  std::unique_ptr<Pending> sum(Buffer<std::int64_t> values) override { return done(values.kind); }
  std::unique_ptr<Pending> merge(Buffer<double> values) override { return merge_one(values); }
  std::unique_ptr<Pending> merge(Buffer<float> values) override { return merge_one(values); }
  std::unique_ptr<Pending> merge(Buffer<std::uint8_t> values) override { return merge_one(values); }
  std::unique_ptr<Pending> barrier() override { return done(MemoryKind::host); }

  void broadcast(std::vector<std::byte>&, int root, Deadline) override { require_self(root); }

  std::vector<std::vector<std::byte>> gather(std::span<const std::byte> bytes, int root, Deadline) override {
    require_self(root);
    std::vector<std::vector<std::byte>> all(1);
    all[0].assign(bytes.begin(), bytes.end());
    return all;
  }

  std::unique_ptr<Pending> send(std::vector<std::byte> bytes, int to, int tag) override {
    require_self(to);
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back({0, tag, std::move(bytes)});
    }
    arrived_.notify_all();
    return done(MemoryKind::host);
  }

  std::optional<Message> receive(int tag, Deadline deadline) override {
    std::unique_lock lock(mutex_);
    std::optional<Message> message;
    const auto take = [&] {
      for (auto at = queue_.begin(); at != queue_.end(); ++at) {
        if (at->tag != tag) continue;
        message = std::move(*at);
        queue_.erase(at);
        return true;
      }
      return false;
    };
    arrived_.wait_until(lock, deadline, take);
    return message;
  }

  [[noreturn]] void abort(int exit_code) override {
    std::fflush(nullptr);
    std::_Exit(exit_code);
  }

 private:
  static std::unique_ptr<Pending> done(MemoryKind kind) {
    HONES_ASSERT(kind == MemoryKind::host, "the local communicator moves host memory only");
    return std::make_unique<Done>();
  }

  // Nobody to merge with; only NaNs become the canonical one.
  template <typename T>
  static std::unique_ptr<Pending> merge_one(Buffer<T> values) {
    encode_merge(values.data);
    decode_merge(values.data);
    return done(values.kind);
  }

  static void require_self(int rank) { HONES_ASSERT(rank == 0, "rank=" + std::to_string(rank) + " of 1"); }

  std::string node_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::list<Message> queue_;
};

}  // namespace

std::unique_ptr<Communicator> local() {
  return std::make_unique<LocalCommunicator>();
}

}  // namespace hones::comm
