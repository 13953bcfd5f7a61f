#include "actors/manager/term.hpp"

#include <utility>

namespace djm {

term::term(manager_lifetime& life, leadership mine, time_point now)
  : store(life, std::move(mine)),
    history(life.cfg.flap_patience),
    moment(life.cfg.debounce, life.cfg.max_wait),
    list(now + life.cfg.clean_period),
    refusals(store, known),
    refresher(store, known, dirty, watchdog, history, moment, list, refusals),
    observer(store, known, dirty, watchdog),
    ruler(life, store, known, dirty, watchdog, moment, preparations, now),
    breaker(life, store, known, dirty, watchdog),
    scan(life, store, known, dirty, watchdog, now),
    planner(life, store, known, watchdog, history, moment),
    writer(life, store, known, planner, preparations),
    model(life, store, known, planner, ruler, writer),
    cleaner(life, store, known, dirty, watchdog, scan, moment, list),
    slot_records(life, store, now) {
  dirty.everything();
}

std::optional<time_point> term::wake_at(time_point now) const {
  if (busy()) {
    return std::nullopt;
  }
  if (store.retry_at()) {
    return store.retry_at();
  }
  auto at = moment.next();
  at = earliest(at, watchdog.next_due(now));
  at = earliest(at, history.next_end(now));
  at = earliest(at, refusals.next_end());
  at = earliest(at, ruler.next());
  at = earliest(at, scan.next());
  at = earliest(at, model.next());
  at = earliest(at, slot_records.next());
  at = earliest(at, planner.waits().next());
  at = earliest(at, planner.strategies().next_due());
  return scan.swept_from() ? earliest(at, list.next()) : at;
}

void term::start_over(const std::string& why, step s, manager_effects& out) {
  store.start_over(s);
  writer.give_up();
  scan.give_up();
  ruler.give_up();
  model.give_up();
  list.drop();
  slot_records.give_up();
  planner.withdrawn();
  dirty.everything();
  out.push_back(log_effect{log_level::debug, fmt::format("reading the cluster again: {}", why)});
}

} // namespace djm
