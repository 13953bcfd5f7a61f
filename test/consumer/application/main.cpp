// Uses nothing but what a user of djm has: its public headers and djm::djm.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>

#include <djm/ids.hpp>
#include <djm/job.hpp>
#include <djm/node.hpp>

namespace {

int complain(const djm::error& e) {
  std::fprintf(stderr, "%s\n", djm::to_string(e).c_str());
  return 1;
}

} // namespace

int main() {
  std::promise<void> ran;
  std::atomic<bool> first{true};
  auto job = djm::job_builder("mail")
               .items({"eu", "us"})
               .every(std::chrono::milliseconds{5})
               .run([&](djm::job_context&) {
                 if (first.exchange(false)) {
                   ran.set_value();
                 }
               })
               .build();
  if (!job) {
    return complain(job.error());
  }
  if (djm::is_valid_id("not an id")) {
    std::fprintf(stderr, "accepted an id with spaces\n");
    return 1;
  }
  djm::node_config config;
  config.id = "consumer";
  config.store.session_timeout = std::chrono::seconds{2};
  config.store.operation_deadline = std::chrono::seconds{1};
  config.stop_grace = std::chrono::milliseconds{200};
  auto node = djm::node::start(config);
  if (!node) {
    return complain(node.error());
  }
  if (auto ok = node->register_job(*job); !ok) {
    return complain(ok.error());
  }
  if (ran.get_future().wait_for(std::chrono::seconds{30}) != std::future_status::ready) {
    std::fprintf(stderr, "the job does not run\n");
    return 1;
  }
  if (auto ok = node->shutdown(); !ok) {
    return complain(ok.error());
  }
  // Compiles with a warning on purpose: djm's own rules are not those of its users.
  short items = static_cast<int>(job->code->work_pool().size());
  std::printf("%s ran with its %d items\n", job->spec.id.str().c_str(), items);
  return 0;
}
