#pragma once

#include <utility>

#include <caf/mailbox_element.hpp>

#include "actors/common/shell.hpp"
#include "actors/protocol/peers.hpp"

/// The part of a shell that talks to the store: questions out, and attaching to a store that may have been rebuilt.
namespace djm {

/// Between the decision and the sending a part may be held for any time, while the others go on: the environment says.
template <class Self>
void send_commit(Self* self, node_env& env, const store_actor& store, commit_effect& x) {
  msg::commit m{x.request, x.session, std::move(x.txn)};
  if (!env.holds_back(self->name())) {
    self->mail(std::move(m)).send(store);
    return;
  }
  env.hand_over([from = caf::strong_actor_ptr{self->ctrl()}, store, m] {
#if DJM_CAF_1X
    auto sent = caf::make_mailbox_element(from, caf::make_message_id(), m);
#else
    auto sent = caf::make_mailbox_element(from, caf::make_message_id(), {}, m);
#endif
    caf::actor_cast<caf::strong_actor_ptr>(store)->enqueue(std::move(sent), nullptr);
  });
}

template <class Self>
void send_read(Self* self, const peers_ptr& p, read_effect& x) {
  self->mail(msg::read{x.request, std::move(x.reads), x.fresh}).send(p->store);
}

template <class Self>
void send_event(Self* self, const peers_ptr& p, emit_effect& x) {
  self->mail(msg::happened{std::move(x.what)}).send(p->node);
}

/// A `joined` that is ahead of the view of its session. To a part that was rebuilt the keeper and the store answer
/// independently of each other.
class early_joined {
public:
  /// False: keep it until its session is here.
  bool timely(const msg::joined& m) {
    if (m.number == session_) {
      return true;
    }
    ahead_ = m;
    return false;
  }

  /// After the part was told of session `number`: the `joined` that waited for it.
  std::optional<msg::joined> on_session(std::uint64_t number) {
    session_ = number;
    return ahead_ && ahead_->number == number ? std::exchange(ahead_, std::nullopt) : std::nullopt;
  }

  void clear() { ahead_.reset(); }

private:
  std::uint64_t session_ = 0;
  std::optional<msg::joined> ahead_;
};

/// Takes new peers over, and attaches to a store that is new among them: then true.
template <class Self>
bool replace_peers(Self* self, peers_ptr& have, peers_ptr next) {
  const bool new_store = !have || have->store != next->store;
  have = std::move(next);
  if (new_store) {
    self->mail(msg::attach{}).send(have->store);
  }
  return new_store;
}

} // namespace djm
