#include "test/sim/outsider.hpp"

#include <string>
#include <utility>

namespace djm::sim {

using namespace std::chrono_literals;

outsider::outsider(world& w, fault_plan& c, std::uint64_t seed, std::size_t seat, time_point until)
  : world_(w),
    plan_(c),
    chance_(seed, "outsider " + std::to_string(seat)),
    until_(until),
    seat_(seat),
    machine_(w.options().machines + seat),
    truth_([this](std::string text) { world_.verdict().report("A1", std::move(text), world_.now()); }) {
  world_.net().set_delay(machine_, 100us, 2ms);
  auto& ear = world_.outside[machine_];
  ear.decide = [this] {
    return !chance_.one_in(8) ? fate::arrives : chance_.one_in(2) ? fate::lost_before : fate::lost_after;
  };
  ear.committed = [this](const store::committed_transaction& txn) {
    if (world_.went_back_at() != went_back_at_) {
      went_back_at_ = world_.went_back_at();
      truth_.history_begins(world_.ensemble().committed().tree());
    }
    truth_.committed(txn);
  };
  world_.at(until_, [this] { end_life(false); });
  begin_life();
}

outsider::~outsider() {
  world_.outside.erase(machine_);
  for (const auto& x : lives_) {
    world_.net().vanish(*x->p);
    x->p->die();
  }
}

/// In the present process, unless it has ended by then; one that is paused is late.
void outsider::later(duration d, std::function<void()> f) {
  now_->p->later(world_.now() + d, process::kind::code, [this, x = now_, f = std::move(f)] {
    if (now_ == x) {
      f();
    }
  });
}

// -- processes ----------------------------------------------------------------------

void outsider::begin_life() {
  if (world_.now() >= until_) {
    return;
  }
  lives_.push_back(std::make_unique<life>());
  now_ = lives_.back().get();
  now_->p = world_.make_stranger("outsider", seat_);
  const auto ours = [this, x = now_](const outside_session::news& news) {
    if (now_ == x) { // not the farewell of one that has ended
      hear(news);
    }
  };
  now_->session = std::make_unique<outside_session>(world_, *now_->p, chance{chance_.next(), "outside session"}, ours);
  now_->session->open();
  later(chance_.between(0ms, 200ms), [this] { give(); });
}

/// A crash, unless it ends `gently`.
void outsider::end_life(bool gently) {
  if (now_ == nullptr) {
    return;
  }
  truth_.given_up();
  auto& p = *now_->p;
  p.cancel(now_->alarm);
  p.cancel(now_->patience);
  if (gently) {
    now_->session->close();
  } else {
    world_.net().vanish(p);
    p.die();
  }
  now_ = nullptr;
  world_.at(world_.now() + chance_.between(0ms, 1s), [this] { begin_life(); });
}

// -- orders -------------------------------------------------------------------------

step outsider::step_now() {
  return {now_->p->local_now(), chance_.next(),
          std::chrono::duration_cast<std::chrono::milliseconds>(now_->p->wall()).count()};
}

void outsider::give() {
  order_core::settings s;
  s.who = order_truth::name_of(now_->p->number(), ++now_->orders);
  s.mode = chance_.one_in(10) ? order_mode::dry_run : order_mode::write;
  auto what = latest_ && chance_.one_in(4) ? reversed(*latest_) : draw();
  latest_ = what;
  world_.note("order from outside: " + s.who);
  truth_.begins(s.who, what, s.mode);
  now_->core = std::make_unique<order_core>(s, std::move(what));
  now_->requests.clear();
  const auto patience = chance_.one_in(3) ? chance_.between(0ms, 30ms) : chance_.between(30ms, 4s);
  wait_for(patience);
  disturb();
  take(now_->core->on_session(now_->session->view(), step_now()));
}

/// As long as somebody waits for the answer.
void outsider::wait_for(duration d) {
  now_->p->cancel(now_->patience);
  now_->patience = now_->p->later(world_.now() + d, process::kind::timer, [this] { take(now_->core->on_timeout()); });
}

void outsider::hear(const outside_session::news& news) {
  const auto* changed = std::get_if<outside_session::session_changed>(&news);
  if (changed != nullptr && changed->view.id != 0) {
    truth_.own(changed->view.id);
  }
  if (!now_->core || now_->core->over()) {
    return;
  }
  const auto ours = [this](std::uint64_t request) {
    const auto node = now_->requests.extract(request);
    return node.empty() ? std::nullopt : std::optional{node.mapped()};
  };
  if (changed != nullptr) {
    take(now_->core->on_session(changed->view, step_now()));
  } else if (const auto* read = std::get_if<outside_session::read_done>(&news)) {
    if (const auto request = ours(read->to.request)) {
      take(now_->core->on_read(*request, read->outcome, step_now()));
    }
  } else if (const auto* commit = std::get_if<outside_session::commit_done>(&news)) {
    if (const auto request = ours(commit->to.request)) {
      take(now_->core->on_commit(*request, commit->outcome, step_now()));
    }
  }
}

void outsider::take(const order_core::effects& effects) {
  for (const auto& e : effects) {
    if (const auto* read = std::get_if<read_effect>(&e)) {
      now_->requests[now_->session->read(read->reads, read->fresh)] = read->request;
    } else if (const auto* commit = std::get_if<commit_effect>(&e)) {
      now_->requests[now_->session->commit(commit->session, commit->txn)] = commit->request;
      disturb_commit();
    } else {
      answered(std::get<order_core::done>(e).result);
    }
  }
  now_->p->cancel(now_->alarm);
  if (const auto wake = now_->core->wake_at(); wake && !now_->core->over()) {
    now_->alarm =
      now_->p->later(now_->p->to_world(*wake), process::kind::timer, [this] { take(now_->core->on_wake(step_now())); });
  }
}

void outsider::answered(const expected<order_result>& result) {
  world_.note("told outside: " +
              (result ? std::string{result->changed ? "done" : "it stands"} : to_string(result.error())));
  truth_.answered(result);
  now_->p->cancel(now_->patience);
  if (chance_.one_in(3)) {
    later(chance_.between(0ms, 50ms), [this, gently = chance_.one_in(2)] { end_life(gently); });
  } else {
    later(chance_.one_in(2) ? 0ms : chance_.between(0ms, 800ms), [this] { give(); });
  }
}

} // namespace djm::sim
