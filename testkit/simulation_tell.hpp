#pragma once

#include <utility>

#include <caf/all.hpp>

#include "testkit/simulation.hpp"

namespace djm::test {

/// One short-lived actor per message, which belongs to nobody.
template <class Message>
void simulation::tell(handle h, Message m) {
  const auto& target = hosts_.at(h);
  if (!target.node) {
    return;
  }
  system_.spawn([this, node = target.node, m = std::move(m)](cx::event_based_actor* self) {
    self->mail(m)
      .request(node, caf::infinite)
      .then([] {}, [this](const caf::error& e) { refusals_.push_back(to_string(from_caf(e))); });
  });
}

} // namespace djm::test
