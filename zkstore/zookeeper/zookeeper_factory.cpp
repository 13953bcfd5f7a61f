#include "zkstore/zookeeper/zookeeper_factory.hpp"

#include "zkstore/zookeeper/closer.hpp"
#include "zkstore/zookeeper/handle.hpp"

namespace djm::store {

namespace {

class zookeeper_port final : public session_port {
public:
  zookeeper_port(std::shared_ptr<zookeeper_handle> handle, std::shared_ptr<closer> thread)
    : handle_{std::move(handle)}, thread_{std::move(thread)} {
    // nop
  }

  ~zookeeper_port() override {
    if (closed_)
      return;
    handle_->stop_submitting();
    handle_->mute();
    thread_->post([handle = std::move(handle_)] { handle->abandon(); });
  }

  void submit(op_id_t id, raw_request request) override {
    if (auto refused = handle_->submit(id, request))
      thread_->post([handle = handle_, done = std::move(*refused)]() mutable { handle->deliver(std::move(done)); });
  }

  void close() override {
    if (closed_)
      return;
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

  std::shared_ptr<address_book> book;
  std::shared_ptr<closer> thread = std::make_shared<closer>();
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
  if (!handle)
    return tl::make_unexpected(handle.error());
  return std::make_unique<zookeeper_port>(std::move(*handle), impl_->thread);
}

} // namespace djm::store
