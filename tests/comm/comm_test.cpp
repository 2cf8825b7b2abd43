// Collectives. Every body runs against the one-process version, MPI's, and MPI's with at most three elements
// a call. What a rank holds is a function of rank and index, and the ranks' shares are unequal, some of them
// empty.
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include <hones/base/error.hpp>
#include <hones/comm/archive.hpp>

#include "comm/support.hpp"

namespace hones::comm {
namespace {

using test::soon;
using test::with_each;

// The rank that owns element i: rank r has a share r times as large as rank 1; rank 0 of several has none.
int owner(std::size_t i, int size) {
  if (size == 1) return 0;
  const int shares = size * (size - 1) / 2;
  int left = static_cast<int>(i * 7 % static_cast<std::size_t>(shares));
  for (int r = 1;; ++r) {
    if (left < r) return r;
    left -= r;
  }
}

template <typename T>
std::vector<std::byte> bytes_of(int rank, std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(31 * rank + static_cast<T>(i));
  return bytes;
}

TEST(Comm, SaysWhoItIs) {
  with_each([](Communicator& world) {
    EXPECT_GE(world.rank(), 0);
    EXPECT_LT(world.rank(), world.size());
    EXPECT_FALSE(world.node().empty());
    const OnNode place = world.on_node();  // mpirun starts all of them on this machine
    EXPECT_EQ(place.rank, world.rank());
    EXPECT_EQ(place.size, world.size());
    EXPECT_EQ(place.first, 0);
  });
  EXPECT_EQ(local()->native(), nullptr);
  EXPECT_NE(mpi_world()->native(), nullptr);
}

TEST(Comm, SumsIntegers) {
  with_each([](Communicator& world) {
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{10}, std::size_t{1000}}) {
      std::vector<std::int64_t> values(n);
      for (std::size_t i = 0; i < n; ++i) {
        values[i] = (std::int64_t{1} << 40) * (world.rank() + 1) - static_cast<std::int64_t>(i);
      }
      finish(world.sum({values}), soon(), "sum");
      const std::int64_t ranks = world.size();
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(values[i],
                  (std::int64_t{1} << 40) * (ranks * (ranks + 1) / 2) - ranks * static_cast<std::int64_t>(i));
      }
    }
  });
}

template <typename T>
void merges_floats(Communicator& world) {
  const T specials[] = {T{0},
                        -T{0},
                        std::numeric_limits<T>::denorm_min(),
                        std::numeric_limits<T>::infinity(),
                        -std::numeric_limits<T>::max(),
                        T{1} / T{3}};
  const std::size_t n = 50;
  std::vector<T> values(n, std::numeric_limits<T>::quiet_NaN());
  const auto expected = [&](std::size_t i) { return i < 6 ? specials[i] : static_cast<T>(i) * T{-0.1}; };
  for (std::size_t i = 0; i + 2 < n; ++i) {
    if (owner(i, world.size()) == world.rank()) values[i] = expected(i);
  }
  // Nobody sets the last two; one rank has a NaN of another sign there, as 0/0 gives.
  if (world.rank() == world.size() - 1) values[n - 1] = -std::numeric_limits<T>::quiet_NaN();
  finish(world.merge(Buffer<T>{values}), soon(), "merge");
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  for (std::size_t i = 0; i < n; ++i) {
    const T want = i + 2 < n ? expected(i) : std::numeric_limits<T>::quiet_NaN();
    ASSERT_EQ(std::bit_cast<Bits>(values[i]), std::bit_cast<Bits>(want)) << "element " << i;
  }
}

TEST(Comm, MergesValuesBitForBit) {
  with_each(merges_floats<double>);
  with_each(merges_floats<float>);
  with_each([](Communicator& world) {
    std::vector<std::uint8_t> values(100, 0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (owner(i, world.size()) == world.rank()) values[i] = static_cast<std::uint8_t>(i % 5);
    }
    finish(world.merge(Buffer<std::uint8_t>{values}), soon(), "merge");
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], i % 5);
  });
}

TEST(Comm, MergeNoticesAnElementSetTwice) {
  with_each([](Communicator& world) {
    if (world.size() == 1) return;
    std::vector<double> values(10, std::nan(""));
    if (world.rank() < 2) values[4] = 0.75;  // even the same value: somebody computed what was not his
    EXPECT_THROW(finish(world.merge(Buffer<double>{values}), soon(), "merge"), InternalError);
  });
}

TEST(Comm, SeveralCollectivesMayBeUnderWay) {
  with_each([](Communicator& world) {
    std::vector<std::int64_t> a(100, 1), b(7, world.rank());
    auto first = world.sum({a});
    auto second = world.sum({b});
    auto third = world.barrier();
    EXPECT_TRUE(third->wait(soon()));
    EXPECT_TRUE(second->wait(soon()));
    EXPECT_TRUE(first->wait(soon()));
    EXPECT_TRUE(first->wait(soon()));  // asking again is harmless
    EXPECT_EQ(a[99], world.size());
    EXPECT_EQ(b[6], world.size() * (world.size() - 1) / 2);
  });
}

TEST(Comm, DroppingAnUnfinishedOperationWaitsForIt) {
  with_each([](Communicator& world) {
    std::vector<std::int64_t> values(10, 1);
    { const auto dropped = world.sum({values}); }
    EXPECT_EQ(values[9], world.size());
  });
}

TEST(Comm, BroadcastsFromAnyRoot) {
  with_each([](Communicator& world) {
    for (int root = 0; root < world.size(); ++root) {
      for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{10}, std::size_t{100001}}) {
        std::vector<std::byte> bytes(5);
        if (world.rank() == root) bytes = bytes_of<int>(root, n);
        world.broadcast(bytes, root, soon());
        ASSERT_EQ(bytes, bytes_of<int>(root, n));
      }
    }
  });
}

TEST(Comm, GathersUnequalAndEmptyShares) {
  with_each([](Communicator& world) {
    const auto length = [](int rank) {
      return static_cast<std::size_t>(rank % 2 == 0 ? 0 : 1000 * rank + 1);
    };
    for (int root = 0; root < world.size(); ++root) {
      const auto all = world.gather(bytes_of<int>(world.rank(), length(world.rank())), root, soon());
      ASSERT_EQ(all.size(), world.rank() == root ? static_cast<std::size_t>(world.size()) : 0u);
      for (std::size_t r = 0; r < all.size(); ++r) {
        EXPECT_EQ(all[r], bytes_of<int>(static_cast<int>(r), length(static_cast<int>(r))));
      }
    }
  });
}

TEST(Comm, ADeadlineThatPassesSaysSo) {
  Session session(nullptr, nullptr);
  Communicator& world = session.world();
  if (world.size() == 1) return;
  finish(world.barrier(), soon(), "start");
  const bool late = world.rank() == world.size() - 1;
  if (late) std::this_thread::sleep_for(std::chrono::milliseconds(700));
  auto barrier = world.barrier();
  if (!late) {
    const auto begin = Clock::now();
    EXPECT_FALSE(barrier->wait(after(std::chrono::milliseconds(100))));
    EXPECT_LT(Clock::now() - begin, std::chrono::milliseconds(600));
  }
  EXPECT_TRUE(barrier->wait(soon()));  // and may be waited for again
}

TEST(Comm, RefusesRanksThatAreNotThere) {
  with_each([](Communicator& world) {
    EXPECT_THROW((void)world.send({}, world.size(), 1), InternalError);
    std::vector<std::byte> bytes;
    EXPECT_THROW(world.broadcast(bytes, -1, soon()), InternalError);
    std::vector<std::int64_t> values(1);
    EXPECT_THROW((void)world.sum({values, MemoryKind::device}), InternalError);
  });
}

TEST(Archive, RoundTrips) {
  const std::vector<double> values{1.5, -0.0, 1e300};
  EXPECT_EQ(from_bytes<std::vector<double>>(to_bytes(values)), values);
  EXPECT_EQ(from_bytes<std::string>(to_bytes(std::string("näh"))), "näh");
}

}  // namespace
}  // namespace hones::comm
