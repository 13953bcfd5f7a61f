#include "test/sim/stranger.hpp"

#include <utility>

namespace djm::sim {

stranger::stranger(world& w) : state_(std::make_shared<state>()) {
  state_->w = &w;
  state_->p = w.make_stranger();
  std::weak_ptr<state> weak = state_;
  store::session_options o;
  o.session_timeout = std::chrono::seconds{2};
  state_->port = w.net().open(*state_->p, o, [weak](store::raw_event e) {
    const auto s = weak.lock();
    const auto* l = std::get_if<store::raw_link>(&e);
    if (!s || l == nullptr || l->state != store::link_state::connected) {
      return;
    }
    s->session = l->session;
    s->w->verdict().foreign(l->session);
    s->flush();
  });
}

stranger::~stranger() {
  state_->w->net().vanish(*state_->p);
  state_->p->die();
}

void stranger::write(store::write_op op) {
  state_->waiting.push_back(std::move(op));
  if (connected()) {
    state_->flush();
  }
}

void stranger::close() {
  state_->port->close();
}

void stranger::state::flush() {
  for (auto& op : std::exchange(waiting, {})) {
    port->submit(next++, store::transaction{{std::move(op)}});
  }
}

} // namespace djm::sim
