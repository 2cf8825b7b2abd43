// Messages between two ranks, from several threads.
#include <chrono>
#include <map>
#include <thread>

#include <hones/comm/archive.hpp>

#include "comm/support.hpp"

namespace hones::comm {
namespace {

using test::soon;
using test::with_each;

TEST(Messages, ArriveWithTagSourceAndBytes) {
  with_each([](Communicator& world) {
    // Round the ring, own rank included where there is only one; long enough to need the sender's help.
    const int to = (world.rank() + 1) % world.size();
    const std::vector<int> text(100000, world.rank());
    auto sent = world.send(to_bytes(text), to, 5);
    auto empty = world.send({}, to, 6);
    const auto none = world.receive(6, soon());
    const auto message = world.receive(5, soon());
    ASSERT_TRUE(none && message);
    EXPECT_TRUE(none->bytes.empty());
    EXPECT_EQ(message->source, (world.rank() + world.size() - 1) % world.size());
    EXPECT_EQ(message->tag, 5);
    EXPECT_EQ(from_bytes<std::vector<int>>(message->bytes), std::vector<int>(100000, message->source));
    EXPECT_TRUE(sent->wait(soon()));
    EXPECT_TRUE(empty->wait(soon()));
    finish(world.barrier(), soon(), "end");
  });
}

TEST(Messages, NothingComesWhenTheDeadlineIsFirst) {
  with_each([](Communicator& world) {
    const auto begin = Clock::now();
    EXPECT_FALSE(world.receive(9, after(std::chrono::milliseconds(50))));
    EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(50));
    finish(world.barrier(), soon(), "end");
  });
}

// A message that has begun to arrive when a deadline passes is not lost.
TEST(Messages, ALongMessageSurvivesManyShortDeadlines) {
  with_each([](Communicator& world) {
    const std::vector<std::int64_t> values(500000, 42 + world.rank());
    const int to = (world.rank() + 1) % world.size();
    auto sent = world.send(to_bytes(values), to, 3);
    std::optional<Message> message;
    const auto end = soon();
    while (!message && Clock::now() < end) {
      message = world.receive(3, Clock::now());
    }
    ASSERT_TRUE(message);
    EXPECT_EQ(from_bytes<std::vector<std::int64_t>>(message->bytes)[499999], 42 + message->source);
    EXPECT_TRUE(sent->wait(soon()));
    finish(world.barrier(), soon(), "end");
  });
}

// The shape of the sweep: a thread on rank 0 answers while every rank's other thread, rank 0's too, asks, and
// a collective goes on beside them.
TEST(Messages, AServerThreadAnswersAllRanksBesideCollectives) {
  static constexpr int kAsk = 1, kAnswer = 2, kQuestions = 200;
  with_each([](Communicator& world) {
    std::map<int, int> served;
    std::thread server;
    if (world.rank() == 0) {
      server = std::thread([&] {
        for (int left = kQuestions * world.size(); left > 0; --left) {
          const auto question = world.receive(kAsk, soon());
          if (!question) return;
          ++served[question->source];
          const int answer = 2 * from_bytes<int>(question->bytes);
          world.send(to_bytes(answer), question->source, kAnswer)->wait(soon());
        }
      });
    }
    std::vector<std::int64_t> values(10, 1);
    auto sum = world.sum({values});
    int right = 0;
    for (int i = 0; i < kQuestions; ++i) {
      auto asked = world.send(to_bytes(i), 0, kAsk);
      const auto answer = world.receive(kAnswer, soon());
      right += answer && from_bytes<int>(answer->bytes) == 2 * i;
      asked->wait(soon());
    }
    EXPECT_EQ(right, kQuestions);
    EXPECT_TRUE(sum->wait(soon()));
    EXPECT_EQ(values[0], world.size());
    if (server.joinable()) {
      server.join();
      for (int r = 0; r < world.size(); ++r) EXPECT_EQ(served[r], kQuestions) << "rank " << r;
    }
    finish(world.barrier(), soon(), "end");
  });
}

TEST(Messages, SeveralThreadsReceiveTheSameTag) {
  with_each([](Communicator& world) {
    constexpr int kThreads = 4, kEach = 50;
    std::vector<std::unique_ptr<Pending>> sent;
    for (int i = 0; i < kThreads * kEach; ++i)
      sent.push_back(world.send(to_bytes(std::string(3000, 'x')), world.rank(), 8));
    std::vector<int> got(kThreads, 0);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const auto message = world.receive(8, soon());
          got[static_cast<std::size_t>(t)] +=
              message && from_bytes<std::string>(message->bytes).size() == 3000;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    for (const int n : got) EXPECT_EQ(n, kEach);
    for (auto& pending : sent) EXPECT_TRUE(pending->wait(soon()));
    finish(world.barrier(), soon(), "end");
  });
}

}  // namespace
}  // namespace hones::comm
