#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <hones/base/file.hpp>
#include <hones/store/results.hpp>
#include <hones/store/run_document.hpp>

namespace hones::store {
namespace {

TEST(Csv, HeadsInTheOrderGiven) {
  const HeadCsvRow rows[] = {{{3, 7}, 0.125, 0.1, 0.2, 12, 1.0 / 3, 2},
                             {{0, 1}, -1e-17, std::nan(""), 0, 0, 0, 1}};
  EXPECT_EQ(heads_csv(rows),
            "rank,layer,head,importance,ci_low,ci_high,answers_changed,logprob_drop,logprob_rank\n"
            "1,3,7,0.125,0.1,0.2,12,0.3333333333333333,2\n"
            "2,0,1,-1e-17,nan,0,0,0,1\n");
}

TEST(Csv, NeuronsInTheOrderGiven) {
  const NeuronCsvRow rows[] = {{5, 300, 0.1}, {0, 0, 2}};
  EXPECT_EQ(neurons_csv(rows), "rank,layer,neuron,importance\n1,5,300,0.1\n2,0,0,2\n");
  EXPECT_EQ(neurons_csv({}), "rank,layer,neuron,importance\n");
}

TEST(RunJson, IsWrittenWhole) {
  const auto folder = std::filesystem::temp_directory_path() / ("hones_run_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  nlohmann::json run;
  run["command_line"] = {"hones_mpi", "discover", "--out", "results/\xff"};
  run["phases"]["heads"] = 12.5;
  write_run_json(folder, run);
  const auto read = nlohmann::json::parse(read_file(folder / "run.json"));
  EXPECT_EQ(read["phases"]["heads"], 12.5);
  EXPECT_EQ(read["command_line"][3], "results/\xEF\xBF\xBD");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace hones::store
