#pragma once

#include <utility>

#include <caf/all.hpp>

#include "simulation/virtual_cluster.hpp"

/// How one talks to the nodes of a virtual cluster: one short-lived actor per message, which belongs to nobody.
namespace djm::sim {

template <class Message>
void virtual_cluster::tell(handle h, Message m, std::function<void(const error&)> refused) {
  const auto& target = hosts_.at(h);
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
void virtual_cluster::ask(handle h, Message m, std::function<void(const Result&)> answer) {
  const auto& target = hosts_.at(h);
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
