#include <iterator>
#include <string>

#include "test/sim/outsider.hpp"

/// What somebody outside orders, and what comes in the way.
namespace djm::sim {

using namespace std::chrono_literals;

// -- what is ordered ----------------------------------------------------------------

const job_id& outsider::any_job() {
  auto i = plan_.jobs().begin();
  std::advance(i, static_cast<std::ptrdiff_t>(chance_.below(plan_.jobs().size())));
  return i->first;
}

/// Marks are taken back as often as they are made, each alone or both together.
order_core::order outsider::draw_marks() {
  const node_id worker{"n" + std::to_string(chance_.below(world_.options().machines))};
  const auto on = chance_.one_in(3);
  store::wished_marks wish;
  const auto which = chance_.below(3);
  if (which != 1) {
    wish.draining = on;
  }
  if (which != 0) {
    wish.cordoned = on;
  }
  return order_core::set_marks{worker, wish};
}

/// A job that is removed is registered again by those who hear of it.
order_core::order outsider::draw_record() {
  order_core::change_record x;
  x.job = any_job();
  if (const auto rev = truth_.rev_of(x.job); rev > 0 && chance_.one_in(3)) {
    x.expected_rev = rev - static_cast<std::int64_t>(chance_.below(2));
  }
  const auto value = static_cast<std::int64_t>(chance_.below(3));
  const bool counted = plan_.jobs().at(x.job).spec.schedule.lasting(); // its starts are: it takes no others
  switch (chance_.below(counted ? 5 : 8)) {
  case 0:
  case 1: x.what = store::order::configure{*user_config{}.with("x", value)}; break;
  case 2:
  case 3:
    x.what = store::order::override_spec{
      *user_config::parse(R"({"attributes":{"custom":{"x":")" + std::to_string(value) + R"("}}})"), chance_.one_in(2)};
    break;
  case 4:
    if (chance_.one_in(4)) {
      x.what = store::order::remove{};
    } else {
      x.what = store::order::pause{false};
    }
    break;
  case 5:
  case 6: x.what = store::order::trigger{"o" + std::to_string(chance_.below(6))}; break;
  case 7:
    x.what = store::order::pause{};
    plan_.paused_outside(x.job);
    break;
  }
  return x;
}

/// The same the other way round, or once more: what has just stood is gone, and what was refused may be done.
order_core::order outsider::reversed(order_core::order what) {
  if (auto* marks = std::get_if<order_core::set_marks>(&what)) {
    for (auto* mark : {&marks->wish.draining, &marks->wish.cordoned}) {
      *mark = mark->has_value() ? std::optional{!**mark} : std::nullopt;
    }
  } else if (auto* job = std::get_if<order_core::switch_job>(&what)) {
    job->enabled = !job->enabled;
  } else if (auto* all = std::get_if<order_core::switch_all>(&what)) {
    all->disabled = false;
  } else if (const auto* record = std::get_if<order_core::change_record>(&what);
             record != nullptr && std::holds_alternative<store::order::pause>(record->what)) {
    plan_.paused_outside(record->job);
  }
  return what;
}

order_core::order outsider::draw() {
  switch (chance_.below(16)) {
  case 0: return order_core::switch_all{chance_.one_in(4)};
  case 1: return order_core::switch_job{job_id{"job-z"}, chance_.one_in(2)};
  case 2:
  case 3:
  case 4:
  case 5: return order_core::switch_job{any_job(), !chance_.one_in(3)};
  case 6:
  case 7:
  case 8:
  case 9:
  case 10: return draw_record();
  default: return draw_marks();
  }
}

// -- what it suffers ----------------------------------------------------------------

void outsider::disturb() {
  const auto soon = chance_.between(0ms, 20ms);
  switch (chance_.below(16)) {
  case 0: later(soon, [this] { end_life(false); }); break;
  case 1: world_.at(world_.now() + soon, [this] { world_.net().break_connections(machine_); }); break;
  case 2: cut(chance_.between(10ms, 1s)); break;
  case 3: cut(chance_.between(1s, 6s)); break; // mostly longer than a session lives
  case 4: world_.at(world_.now() + soon, [this, d = chance_.between(10ms, 5s)] { pause(d); }); break;
  case 5:
  case 6: {
    const auto slow = chance_.between(2ms, 200ms);
    world_.net().set_delay(machine_, slow / 2, slow);
    break;
  }
  case 7: world_.net().set_delay(machine_, 100us, 2ms); break;
  default: break;
  }
}

/// What makes an outcome unknown, while it is under way.
void outsider::disturb_commit() {
  const auto soon = chance_.between(0ms, 8ms);
  switch (chance_.below(10)) {
  case 0:
  case 1: wait_for(soon); break;
  case 2: later(soon, [this] { end_life(false); }); break;
  case 3: cut(chance_.between(100ms, 5s)); break;
  case 4: world_.at(world_.now() + soon, [this, d = chance_.between(1s, 5s)] { pause(d); }); break;
  default: break;
  }
}

/// One way or both.
void outsider::cut(duration lasts) {
  const auto ways = chance_.below(3);
  const auto begin = world_.now() + chance_.between(0ms, 20ms);
  for (const auto d : {network::direction::up, network::direction::down}) {
    if (ways == 2 || ways == static_cast<std::uint64_t>(d)) {
      world_.at(begin, [this, d] { world_.net().set_cut(machine_, d, true); });
      world_.at(begin + lasts, [this, d] { world_.net().set_cut(machine_, d, false); });
    }
  }
}

void outsider::pause(duration lasts) {
  auto* x = now_;
  if (x == nullptr || x->p->paused()) {
    return;
  }
  x->p->pause();
  world_.at(world_.now() + lasts, [this, x] {
    if (!x->p->dead() && x->p->paused()) {
      x->p->resume([this](std::uint64_t n) { return chance_.below(n); });
      world_.net().wake(*x->p);
    }
  });
}

} // namespace djm::sim
