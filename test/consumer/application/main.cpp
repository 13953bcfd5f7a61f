// Uses nothing but what a user of djm has: its public headers and djm::djm.
#include <chrono>
#include <cstdio>

#include <djm/ids.hpp>
#include <djm/job.hpp>

int main() {
  auto job = djm::job_builder("mail")
               .items({"eu", "us"})
               .every(std::chrono::seconds{5})
               .run([](djm::job_context&) {})
               .build();
  if (!job) {
    std::fprintf(stderr, "%s\n", job.error().text.c_str());
    return 1;
  }
  if (djm::is_valid_id("not an id")) {
    std::fprintf(stderr, "accepted an id with spaces\n");
    return 1;
  }
  // Compiles with a warning on purpose: djm's own rules are not those of its users.
  short items = static_cast<int>(job->code->work_pool().size());
  std::printf("%s has %d items\n", job->spec.id.c_str(), items);
  return 0;
}
