#include "mpi_communicator.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <mutex>
#include <utility>

#include <hones/base/error.hpp>

#include "backoff.hpp"
#include "merge_bits.hpp"
#include "mpi_call.hpp"
#include "mpi_pending.hpp"

namespace hones::comm {

namespace {

constexpr int kGatherTag = 1;

template <typename Word>
MPI_Datatype type_of();
template <>
MPI_Datatype type_of<std::int64_t>() {
  return MPI_INT64_T;
}
template <>
MPI_Datatype type_of<std::uint64_t>() {
  return MPI_UINT64_T;
}
template <>
MPI_Datatype type_of<std::uint32_t>() {
  return MPI_UINT32_T;
}
template <>
MPI_Datatype type_of<std::uint8_t>() {
  return MPI_UINT8_T;
}

std::string node_name() {
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  check_mpi(MPI_Get_processor_name(name.data(), &length), "MPI_Get_processor_name");
  return {name.data(), static_cast<std::size_t>(length)};
}

// Collective. Ranks keep their order on the node.
OnNode split_by_node(MPI_Comm all, int rank) {
  const OwnedComm node = OwnedComm::of_node(all, rank);
  OnNode place{0, 1, rank};
  check_mpi(MPI_Comm_rank(node.get(), &place.rank), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(node.get(), &place.size), "MPI_Comm_size");
  check_mpi(MPI_Bcast(&place.first, 1, MPI_INT, 0, node.get()), "MPI_Bcast");
  return place;
}

// A message that has been matched and is still arriving. Long messages need the sender's help, and a sender
// may be computing: a receive whose deadline passes meanwhile leaves the message to the next receive of its
// tag.
struct Arriving {
  Message message;
  MpiPending pending;
};

class MpiCommunicator final : public Communicator {
 public:
  explicit MpiCommunicator(std::size_t max_count)
      : collective_(MPI_COMM_WORLD), messages_(MPI_COMM_WORLD), node_(node_name()), max_count_(max_count) {
    check_mpi(MPI_Comm_rank(collective_.get(), &rank_), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(collective_.get(), &size_), "MPI_Comm_size");
    on_node_ = split_by_node(collective_.get(), rank_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  const std::string& node() const override { return node_; }
  OnNode on_node() const override { return on_node_; }
  const void* native() const override { return collective_.address(); }

  std::unique_ptr<Pending> sum(Buffer<std::int64_t> values) override {
    auto pending = std::make_unique<MpiPending>();
    require_host(values.kind);
    reduce(*pending, values.data.data(), values.data.size(), MPI_SUM);
    return pending;
  }

  std::unique_ptr<Pending> merge(Buffer<double> values) override { return merge_words(values); }
  std::unique_ptr<Pending> merge(Buffer<float> values) override { return merge_words(values); }
  std::unique_ptr<Pending> merge(Buffer<std::uint8_t> values) override { return merge_words(values); }

  std::unique_ptr<Pending> barrier() override {
    auto pending = std::make_unique<MpiPending>();
    check_mpi(MPI_Ibarrier(collective_.get(), pending->add()), "MPI_Ibarrier");
    return pending;
  }

  void broadcast(std::vector<std::byte>& bytes, int root, Deadline deadline) override {
    require_rank(root);
    // Not the caller's vector: an abandoned broadcast may still be written to.
    struct Data {
      std::uint64_t size = 0;
      std::vector<std::byte> bytes;
    };
    const auto data = std::make_shared<Data>();
    if (rank_ == root) *data = {bytes.size(), std::move(bytes)};
    MpiPending size;
    size.keep(data);
    check_mpi(MPI_Ibcast(&data->size, 1, MPI_UINT64_T, root, collective_.get(), size.add()), "MPI_Ibcast");
    complete(size, deadline, "broadcast");
    data->bytes.resize(data->size);
    MpiPending body;
    body.keep(data);
    const ByteType type(data->size, max_count_);
    check_mpi(MPI_Ibcast(data->bytes.data(), type.count(), type.type(), root, collective_.get(), body.add()),
              "MPI_Ibcast");
    complete(body, deadline, "broadcast");
    bytes = std::move(data->bytes);
  }

  std::vector<std::vector<std::byte>> gather(std::span<const std::byte> bytes, int root,
                                             Deadline deadline) override {
    require_rank(root);
    struct Data {
      std::uint64_t mine = 0;
      std::vector<std::uint64_t> sizes;
      std::vector<std::byte> sent;
      std::vector<std::vector<std::byte>> received;
    };
    const auto data = std::make_shared<Data>();
    data->mine = bytes.size();
    data->sent.assign(bytes.begin(), bytes.end());
    if (rank_ == root) data->sizes.resize(static_cast<std::size_t>(size_));
    MpiPending sizes;
    sizes.keep(data);
    check_mpi(MPI_Igather(&data->mine, 1, MPI_UINT64_T, data->sizes.data(), 1, MPI_UINT64_T, root,
                          collective_.get(), sizes.add()),
              "MPI_Igather");
    complete(sizes, deadline, "gather");

    MpiPending bodies;
    bodies.keep(data);
    if (rank_ == root) {
      data->received.resize(static_cast<std::size_t>(size_));
      for (int source = 0; source < size_; ++source) {
        auto& into = data->received[static_cast<std::size_t>(source)];
        into.resize(data->sizes[static_cast<std::size_t>(source)]);
        const ByteType type(into.size(), max_count_);
        check_mpi(MPI_Irecv(into.data(), type.count(), type.type(), source, kGatherTag, collective_.get(),
                            bodies.add()),
                  "MPI_Irecv");
      }
    }
    const ByteType type(data->sent.size(), max_count_);
    check_mpi(MPI_Isend(data->sent.data(), type.count(), type.type(), root, kGatherTag, collective_.get(),
                        bodies.add()),
              "MPI_Isend");
    complete(bodies, deadline, "gather");
    return std::move(data->received);
  }

  std::unique_ptr<Pending> send(std::vector<std::byte> bytes, int to, int tag) override {
    require_rank(to);
    auto pending = std::make_unique<MpiPending>();
    const auto data = std::make_shared<std::vector<std::byte>>(std::move(bytes));
    pending->keep(data);
    const ByteType type(data->size(), max_count_);
    check_mpi(MPI_Isend(data->data(), type.count(), type.type(), to, tag, messages_.get(), pending->add()),
              "MPI_Isend");
    return pending;
  }

  std::optional<Message> receive(int tag, Deadline deadline) override {
    auto arriving = take_arriving(tag);
    if (!arriving) {
      poll_until(deadline, [&] { return (arriving = match(tag)) != nullptr; });
      if (!arriving) return std::nullopt;
    }
    if (arriving->pending.wait(deadline)) return std::move(arriving->message);
    const std::lock_guard lock(mutex_);
    arriving_.push_front(std::move(arriving));
    return std::nullopt;
  }

  [[noreturn]] void abort(int exit_code) override {
    aborting() = true;
    std::fflush(nullptr);
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
  }

 private:
  static void require_host(MemoryKind kind) {
    HONES_ASSERT(kind == MemoryKind::host, "MPI moves host memory only");
  }
  void require_rank(int rank) const {
    HONES_ASSERT(rank >= 0 && rank < size_, "rank=" + std::to_string(rank) + " of " + std::to_string(size_));
  }

  void complete(MpiPending& pending, Deadline deadline, const char* what) {
    if (pending.wait(deadline)) return;
    pending.abandon();
    throw Error(ExitCode::rank_failed,
                std::string(what) + " did not end before its deadline: a rank is missing");
  }

  template <typename Word>
  void reduce(MpiPending& pending, Word* values, std::size_t size, MPI_Op operation) {
    for (std::size_t at = 0; at < size; at += max_count_) {
      const auto count = static_cast<int>(std::min(max_count_, size - at));
      check_mpi(MPI_Iallreduce(MPI_IN_PLACE, values + at, count, type_of<Word>(), operation,
                               collective_.get(), pending.add()),
                "MPI_Iallreduce");
    }
  }

  template <typename T>
  std::unique_ptr<Pending> merge_words(Buffer<T> values) {
    using Word = typename MergeBits<T>::Word;
    require_host(values.kind);
    const auto words = std::make_shared<std::uint64_t>(encode_merge(values.data));
    auto pending = std::make_unique<MpiPending>();
    pending->keep(words);
    reduce(*pending, reinterpret_cast<Word*>(values.data.data()), values.data.size(), MPI_BOR);
    reduce(*pending, words.get(), 1, MPI_SUM);
    pending->then([data = values.data, words] {
      const std::uint64_t merged = decode_merge(data);
      HONES_ASSERT(merged == *words, "merge: two ranks set the same element");
    });
    return pending;
  }

  std::unique_ptr<Arriving> take_arriving(int tag) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(arriving_.begin(), arriving_.end(),
                                    [&](const auto& one) { return one->message.tag == tag; });
    if (found == arriving_.end()) return nullptr;
    auto arriving = std::move(*found);
    arriving_.erase(found);
    return arriving;
  }

  // Matched probe: the message belongs to this thread from the moment it is seen.
  std::unique_ptr<Arriving> match(int tag) {
    int there = 0;
    MPI_Message handle = MPI_MESSAGE_NULL;
    MPI_Status status;
    check_mpi(MPI_Improbe(MPI_ANY_SOURCE, tag, messages_.get(), &there, &handle, &status), "MPI_Improbe");
    if (!there) return nullptr;
    MPI_Count size = 0;
    check_mpi(MPI_Get_elements_x(&status, MPI_BYTE, &size), "MPI_Get_elements_x");
    auto arriving = std::make_unique<Arriving>();
    const auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(size));
    arriving->message.source = status.MPI_SOURCE;
    arriving->message.tag = tag;
    arriving->pending.keep(bytes);
    arriving->pending.then([bytes, to = arriving.get()] { to->message.bytes = std::move(*bytes); });
    const ByteType type(bytes->size(), max_count_);
    check_mpi(MPI_Imrecv(bytes->data(), type.count(), type.type(), &handle, arriving->pending.add()),
              "MPI_Imrecv");
    return arriving;
  }

  OwnedComm collective_;  // collectives, and parallel HDF5's parent
  OwnedComm messages_;    // point-to-point, so that no tag of theirs can meet a collective
  std::string node_;
  OnNode on_node_;
  std::size_t max_count_;
  int rank_ = 0;
  int size_ = 1;
  std::mutex mutex_;
  std::list<std::unique_ptr<Arriving>> arriving_;
};

}  // namespace

std::unique_ptr<Communicator> mpi_world(std::size_t max_count) {
  return std::make_unique<MpiCommunicator>(max_count);
}

}  // namespace hones::comm
