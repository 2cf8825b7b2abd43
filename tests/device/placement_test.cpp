// Who takes which GPU, as a function of what each rank sees; and the map that ranks make together.
#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/comm/session.hpp>
#include <hones/device/placement.hpp>

namespace hones::device {
namespace {

// `seen` by each rank in turn, all on one node unless `per_node` says how many are on each.
std::vector<Place> places(const std::vector<std::vector<std::string>>& seen, int per_node = 100) {
  std::vector<Place> all;
  for (int rank = 0; rank < static_cast<int>(seen.size()); ++rank) {
    Place place;
    place.rank = rank;
    place.node = "node" + std::to_string(rank / per_node);
    place.node_first = rank - rank % per_node;
    place.local_rank = rank % per_node;
    place.cores = "0-3";
    int index = 0;
    for (const std::string& id : seen[static_cast<std::size_t>(rank)])
      place.gpus.seen.push_back({index++, id, "a GPU"});
    all.push_back(place);
  }
  return all;
}

std::vector<std::string> taken(std::vector<Place> all) {
  assign(all);
  std::vector<std::string> ids;
  for (const Place& place : all) ids.push_back(place.taken ? place.gpus.seen[*place.taken].id : "none");
  return ids;
}

using Ids = std::vector<std::string>;

TEST(Assign, ABoundRankTakesTheOneItSees) {
  EXPECT_EQ(taken(places({{"c"}, {"a"}, {"b"}})), (Ids{"c", "a", "b"}));
}

TEST(Assign, UnboundRanksAreSpreadOverTheNode) {
  EXPECT_EQ(taken(places({{"a", "b", "c"}, {"a", "b", "c"}, {"a", "b", "c"}})), (Ids{"a", "b", "c"}));
}

TEST(Assign, NodesHaveGpusOfTheirOwn) {
  EXPECT_EQ(taken(places({{"a", "b"}, {"a", "b"}, {"a", "b"}, {"a", "b"}}, 2)), (Ids{"a", "b", "a", "b"}));
}

TEST(Assign, GoesByLocalRankNotByRank) {
  std::vector<Place> all = places({{"a", "b"}, {"a", "b"}});
  std::swap(all[0].local_rank, all[1].local_rank);
  EXPECT_EQ(taken(all), (Ids{"b", "a"}));
}

TEST(Assign, EachOfTwoThatSeeTwoOfTheirOwnTakesOne) {
  EXPECT_EQ(taken(places({{"a", "b"}, {"c", "d"}})), (Ids{"a", "c"}));
}

TEST(Assign, MoreRanksThanGpusGoRound) {
  EXPECT_EQ(taken(places({{"a", "b"}, {"a", "b"}, {"a", "b"}})), (Ids{"a", "b", "a"}));
}

TEST(Assign, ARankThatSeesNoneTakesNone) {
  EXPECT_EQ(taken(places({{"a"}, {}})), (Ids{"a", "none"}));
}

TEST(Shared, IsToldOfTheFirstTwo) {
  std::vector<Place> all = places({{"a", "b"}, {"a", "b"}, {"a", "b"}});
  assign(all);
  const auto line = shared_gpu(all);
  ASSERT_TRUE(line);
  EXPECT_NE(line->find("ranks 0 and 2 on node0 would compute on one GPU, a: expected"), std::string::npos)
      << *line;
  EXPECT_NE(line->find("--share-gpu"), std::string::npos);
}

TEST(Shared, IsNotWhatTwoNodesHave) {
  std::vector<Place> all = places({{"a"}, {"a"}}, 1);
  assign(all);
  EXPECT_FALSE(shared_gpu(all));
}

TEST(Told, OneLineARank) {
  Placement placement{Kind::cuda, places({{"GPU-x", "GPU-y"}, {"GPU-x", "GPU-y"}})};
  assign(placement.places);
  EXPECT_EQ(told(placement),
            "rank  node   local rank  cores  GPU  of  id     name\n"
            "0     node0  0 of 2      0-3    0    2   GPU-x  a GPU\n"
            "1     node0  1 of 2      0-3    1    2   GPU-y  a GPU\n");
}

TEST(Told, OfFewCoresALineANode) {
  Placement placement{Kind::cpu, places({{}, {}, {}, {}}, 3)};
  for (Place& place : placement.places) place.cores = place.rank < 3 ? "5,8" : "0-1";
  EXPECT_EQ(told(placement),
            "rank  node   local rank  cores\n"
            "0     node0  0 of 3      5,8\n"
            "1     node0  1 of 3      5,8\n"
            "2     node0  2 of 3      5,8\n"
            "3     node1  0 of 1      0-1\n"
            "node0: 3 ranks share 2 core(s)\n");
}

TEST(Place, EveryRankKnowsEveryPlace) {
  comm::Session session(nullptr, nullptr);
  comm::Communicator& world = session.world();
  const Placement placement = place(world, "cpu", false, comm::after(std::chrono::seconds(20)));
  EXPECT_EQ(placement.kind, Kind::cpu);
  ASSERT_EQ(placement.places.size(), static_cast<std::size_t>(world.size()));
  for (int rank = 0; rank < world.size(); ++rank) {
    const Place& place = placement.places[static_cast<std::size_t>(rank)];
    EXPECT_EQ(place.rank, rank);
    EXPECT_EQ(place.local_rank, rank);  // mpirun starts all of them here
    EXPECT_EQ(place.node_first, 0);
    EXPECT_EQ(place.node, world.node());
    EXPECT_FALSE(place.cores.empty());
    EXPECT_TRUE(place.gpus.seen.empty());
  }
}

}  // namespace
}  // namespace hones::device
