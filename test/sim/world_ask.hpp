#pragma once

#include <utility>

#include <caf/all.hpp>

#include "test/sim/world.hpp"

/// How the world talks to nodes: one short-lived actor per question, which belongs to nobody.
namespace djm::sim {

template <class Message>
void world::tell(handle h, Message m, std::function<void(const error&)> refused) {
  auto& target = hosts_.at(h);
  if (!target.node) {
    return;
  }
  system_.spawn(
    [this, node = target.node, m = std::move(m), refused = std::move(refused)](cx::event_based_actor* self) {
      self->mail(m)
        .request(node, caf::infinite)
        .then([] {},
              [this, refused](const caf::error& e) {
                const auto why = from_caf(e);
                refusals_.push_back(to_string(why));
                if (refused) {
                  refused(why);
                }
              });
    });
}

template <class Result, class Message>
void world::ask(handle h, Message m, std::function<void(const Result&)> answer) {
  auto& target = hosts_.at(h);
  if (!target.node) {
    return;
  }
  system_.spawn([this, node = target.node, m = std::move(m), answer = std::move(answer)](cx::event_based_actor* self) {
    self->mail(m)
      .request(node, caf::infinite)
      .then([answer](const Result& r) { answer(r); },
            [this](const caf::error& e) { refusals_.push_back(to_string(from_caf(e))); });
  });
}

} // namespace djm::sim
