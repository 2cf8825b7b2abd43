// Two ranks open a discovery file; rank 1 never comes to finish() and rank 0's collective close cannot
// return.
#include <chrono>
#include <exception>
#include <thread>

#include <hones/comm/session.hpp>
#include <hones/store/discovery_file.hpp>

int main(int argc, char** argv) {
  hones::comm::Session session(&argc, &argv);
  hones::comm::Communicator& world = session.world();
  try {
    hones::store::FileHeader header;
    header.model_family = "llava";
    header.shape = {1, 1, 1};
    hones::store::DiscoveryWriter writer(argv[1], world, header, std::chrono::seconds(1));
    if (world.rank() == 1) std::this_thread::sleep_for(std::chrono::minutes(1));
    writer.finish();
  } catch (const std::exception& error) {
    fail(world, error);
  }
  return 0;
}
