#include "backend.hpp"
#include "store_driver.hpp"
#include "zkstore/embedded/embedded_store.hpp"

namespace djm::contract {

namespace {

class embedded_backend final : public backend {
public:
  store::session_factory& factory() override { return store_; }

  store::session_options options() override {
    store::session_options o;
    o.session_timeout = std::chrono::milliseconds{1500};
    return o;
  }

  std::string fresh_root() override {
    const auto path = "/case-" + std::to_string(++roots_);
    store_driver s{store_, options()};
    s.must_commit({{store::create_op{path, "", store::create_mode::persistent}}});
    return path;
  }

  void expire_session(store::session_id_t id) override { store_.expire_session(id); }
  void freeze() override { store_.set_frozen(true); }
  void thaw() override { store_.set_frozen(false); }
  void break_connections() override { store_.break_connections(); }

private:
  store::embedded_store store_;
  int roots_ = 0;
};

} // namespace

std::unique_ptr<backend> make_backend() {
  return std::make_unique<embedded_backend>();
}

} // namespace djm::contract
