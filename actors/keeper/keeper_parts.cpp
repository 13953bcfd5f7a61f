#include "actors/keeper/keeper_parts.hpp"

#include <utility>

namespace djm {

keeper_session::keeper_session(keeper_parts& p)
  : access(p.life, p.store, p.base),
    records(p.life, p.store, p.member, p.offers, p.claim, p.base),
    record_news(p.life, p.store, p.offers),
    writer(p.life, p.store, p.member, p.offers, p.base),
    checker(p.life, p.store, p.member, p.offers, p.claim, p.base, writer),
    watch(p.life, p.store, p.offers, p.base),
    wait(p.life, p.store, p.member),
    registrar(p.life, p.store, p.member, p.offers, p.claim, wait, p.base, p.connection, p.look, watch, record_news),
    leaver(p.life, p.store, p.member) {}

keeper_parts::keeper_parts(keeper_config c)
  : life(std::move(c)),
    store(life, member),
    connection(life, store),
    offers(life, store, member),
    claim(life, store, member),
    base(life, store, member),
    look(life, store, offers) {}

std::optional<time_point> keeper_parts::wake_at() const {
  if (member.over()) {
    return std::nullopt;
  }
  auto at = earliest(store.retry_at(), connection.due());
  if (!session) {
    return at;
  }
  const bool on_duty = member.joined() && store.connected();
  if (on_duty && !offers.empty()) {
    at = earliest(at, look.next());
  }
  if (on_duty && store.idle() && !store.retry_at()) {
    at = earliest(earliest(at, session->watch.due()), session->access.due());
    at = offers.empty() ? at : earliest(at, session->record_news.due());
  }
  return member.is(registration_phase::waiting_for_id) ? earliest(at, session->wait.due()) : at;
}

void keeper_parts::begin_session() {
  store.drop();
  session.emplace(*this);
  offers.session_begins();
}

void keeper_parts::disconnected() {
  member.holder_gone();
  if (session) {
    session->wait.over();
  }
}

void keeper_parts::end_session() {
  if (session) {
    session->registrar.lost();
    session->writer.lost();
  }
  offers.wishes_age();
  store.drop();
  look.give_up();
  session.reset();
}

} // namespace djm
