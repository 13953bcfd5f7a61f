#include "bench/states/plain_sets.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include "bench/common/bare_session.hpp"

namespace djm::bench {

namespace {

using namespace std::chrono_literals;

std::string path_of(store::op_id_t n) {
  return "/plain-" + std::to_string(n);
}

} // namespace

double plain_sets(const std::string& connect, const std::string& payload, int under_way, double seconds) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> done{0};
  std::atomic<int> going{under_way};
  bare_session* to = nullptr;
  const auto set = [&](store::op_id_t n) { to->submit(n, store::transaction{{store::set_op{path_of(n), payload}}}); };
  // The first answer of each is that its node has been made, or was there.
  bare_session s{connect, [&](const store::raw_completion& c) {
                   done += c.code == store::rc::ok ? 1 : 0;
                   if (stop) {
                     --going;
                   } else {
                     set(c.id);
                   }
                 }};
  to = &s;
  for (int n = 0; n < under_way; ++n) {
    const auto id = static_cast<store::op_id_t>(n);
    s.submit(id, store::transaction{{store::create_op{path_of(id), ""}}});
  }
  std::this_thread::sleep_for(500ms);
  const auto before = done.load();
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto rate = static_cast<double>(done - before) / took;
  stop = true;
  while (going > 0) {
    std::this_thread::sleep_for(10ms);
  }
  return rate;
}

} // namespace djm::bench
