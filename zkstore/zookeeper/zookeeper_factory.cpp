#include "zkstore/zookeeper/zookeeper_factory.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "zkstore/zookeeper/closer.hpp"
#include "zkstore/zookeeper/handle.hpp"
#include "zkstore/zookeeper/scout.hpp"

namespace djm::store {

namespace {

constexpr duration least_scout_limit = std::chrono::seconds{3};
constexpr duration most_scout_limit = std::chrono::seconds{10};

class zookeeper_port final : public session_port {
public:
  zookeeper_port(std::shared_ptr<zookeeper_handle> handle, std::shared_ptr<closer> thread)
    : handle_{std::move(handle)}, thread_{std::move(thread)} {
    // nop
  }

  ~zookeeper_port() override {
    if (closed_) {
      return;
    }
    handle_->stop_submitting();
    handle_->mute();
    thread_->post([handle = std::move(handle_)] { handle->abandon(); });
  }

  void submit(op_id_t id, raw_request request) override {
    if (auto refused = handle_->submit(id, request)) {
      thread_->post([handle = handle_, done = std::move(*refused)]() mutable { handle->deliver(std::move(done)); });
    }
  }

  void close() override {
    if (closed_) {
      return;
    }
    closed_ = true;
    handle_->stop_submitting();
    thread_->post([handle = handle_] { handle->close(); });
  }

private:
  std::shared_ptr<zookeeper_handle> handle_;
  std::shared_ptr<closer> thread_;
  bool closed_ = false;
};

} // namespace

class zookeeper_factory::implementation {
public:
  implementation(name_service names, address_book::patience how_long)
    : book{std::make_shared<address_book>(std::move(names), how_long)} {
    // nop
  }

  ~implementation() {
    *over = true;
    // Look-ups that still wait would give the scout work.
    book.reset();
  }

  std::shared_ptr<closer> scouts() {
    const std::lock_guard guard{mutex};
    if (!scouts_) {
      scouts_ = std::make_shared<closer>();
    }
    return scouts_;
  }

  /// The factory ends: scouts under way come back without an answer.
  std::shared_ptr<std::atomic<bool>> over = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<address_book> book;
  std::shared_ptr<closer> thread = std::make_shared<closer>();
  std::atomic<std::uint64_t> scouts_sent{0};

private:
  std::mutex mutex;
  std::shared_ptr<closer> scouts_;
};

zookeeper_factory::zookeeper_factory() : zookeeper_factory{system_names(), {}} {
  // nop
}

zookeeper_factory::zookeeper_factory(name_service names, address_book::patience how_long)
  : impl_{std::make_unique<implementation>(std::move(names), how_long)} {
  // nop
}

zookeeper_factory::~zookeeper_factory() = default;

expected<std::unique_ptr<session_port>> zookeeper_factory::open(const session_options& options, event_sink sink) {
  auto handle = zookeeper_handle::open(options, std::move(sink), impl_->book);
  if (!handle) {
    return tl::make_unexpected(handle.error());
  }
  return std::make_unique<zookeeper_port>(std::move(*handle), impl_->thread);
}

void zookeeper_factory::scout(const session_options& options, std::function<void(raw_scouted)> done) {
  scout_order order{options.session_timeout, std::clamp(options.session_timeout, least_scout_limit, most_scout_limit),
                    impl_->scouts_sent++};
  const auto go = [over = impl_->over, order, done = std::move(done)](const std::string& addresses) {
    if (!latest_zxid(addresses, order, *over, [&](zxid_t zxid) { done({zxid}); })) {
      done({});
    }
  };
  if (!address_book::has_names(options.servers)) {
    impl_->scouts()->post([go, addresses = address_book::as_client_reads(options.servers)] { go(addresses); });
    return;
  }
  const std::weak_ptr<closer> weak{impl_->scouts()};
  impl_->book->find(options.servers, duration::zero(), [go, weak](expected<std::string> found) {
    if (const auto thread = weak.lock()) {
      thread->post([go, addresses = std::move(found).value_or("")] { go(addresses); });
    }
  });
}

} // namespace djm::store
