// Tests a job with nothing but djm::test: no framework, no CAF in sight.
#include <cstdio>

#include <djm/test/cluster.hpp>

using namespace std::chrono_literals;

int main() {
  try {
    djm::test::cluster cluster{3};
    cluster.register_job(
      djm::job_builder("mail").items({"eu", "us"}).every(1s).run([](djm::job_context& ctx) { ctx.sleep(1h); }));
    cluster.settle();
    const auto gone = cluster.owner("mail", "eu");
    cluster.crash(gone);
    cluster.settle();
    if (cluster.owner("mail", "eu") == gone || !cluster.overlaps().empty()) {
      std::fprintf(stderr, "%s\n", cluster.describe().c_str());
      return 1;
    }
    std::printf("%s\n", cluster.describe().c_str());
  } catch (const djm::test::failure& f) {
    std::fprintf(stderr, "%s\n", f.what());
    return 1;
  }
  return 0;
}
