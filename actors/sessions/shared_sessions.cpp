#include "actors/sessions/shared_sessions.hpp"

#include <unistd.h>

#include <atomic>
#include <mutex>

#include "zkstore/embedded/embedded_store.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

namespace djm {

namespace {

/// In which process the nodes and clients of this program live. A child of `fork` inherits their memory but none of
/// their threads.
class process_mark {
public:
  static expected<void> check() {
    const auto here = getpid();
    const auto owner = owner_.load();
    if (owner != here && nodes_ > 0) {
      return fail(errc::invalid_state, "process " + std::to_string(here) + " was forked from process " +
                                         std::to_string(owner) +
                                         " while nodes lived there, whose threads do not exist "
                                         "here; fork before the first node starts or after the last one has ended");
    }
    return {};
  }

  /// Counts somebody as long as the result lives.
  static expected<std::shared_ptr<void>> enter() {
    if (auto ok = check(); !ok) {
      return tl::make_unexpected(ok.error());
    }
    const auto here = getpid();
    if (owner_ != here) {
      owner_ = here;
      nodes_ = 0;
    }
    ++nodes_;
    return std::shared_ptr<void>{nullptr, [here](void*) {
                                   if (getpid() == here) {
                                     --nodes_;
                                   }
                                 }};
  }

private:
  static inline std::atomic<pid_t> owner_{0};
  static inline std::atomic<int> nodes_{0};
};

template <class Factory>
std::shared_ptr<store::session_factory> shared_factory(const std::shared_ptr<void>& mark) {
  static std::mutex guard;
  static std::weak_ptr<Factory> known;
  std::lock_guard<std::mutex> lock{guard};
  auto f = known.lock();
  if (!f) {
    f = std::make_shared<Factory>();
    known = f;
  }
  return {f.get(), [f, mark](store::session_factory*) {}};
}

} // namespace

expected<std::shared_ptr<store::session_factory>> shared_sessions(const std::string& connect) {
  const auto mark = process_mark::enter();
  if (!mark) {
    return tl::make_unexpected(mark.error());
  }
  return connect == "embedded" ? shared_factory<store::embedded_store>(*mark)
                               : shared_factory<store::zookeeper_factory>(*mark);
}

expected<void> check_process_of_sessions() {
  return process_mark::check();
}

} // namespace djm
