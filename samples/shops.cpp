#include <iostream>

#include "djm/node.hpp"

using namespace std::chrono_literals;

namespace {

int complain(const djm::error& e) {
  std::cerr << djm::to_string(e) << "\n";
  return 1;
}

const std::vector<djm::item_id> shops = {"berlin", "lisbon", "tokyo"};

/// Each shop has a report in each night before a working day, but at Christmas. What was missed while no node was there
/// is made up for by one run.
djm::job_builder nightly_report() {
  djm::job_builder report("report");
  report.items(shops).thread_per_item();
  report.at(djm::cron("30 2 * * MON-FRI").zone("Europe/Berlin").except(djm::cron("* * 24-26 12 *")));
  report.jitter(10min);                 // so that not all shops begin in the same second
  report.remember(djm::slots::tracked); // one start per night and attempt, also where a node dies or is away
  report.retry(djm::retry{}.attempts(2).first(1min));
  report.run_timeout(20min).beat_timeout(1min);
  report.run([](djm::job_context& ctx) {
    const auto& shop = ctx.items().front().id;
    if (!ctx.slot()) {
      std::cout << "report of " + shop + ", because somebody asked for it\n";
      return;
    }
    std::cout << "report of " + shop + " for " + djm::format_time(*ctx.slot()) + ", attempt " +
                   std::to_string(ctx.attempt()) + "\n";
    for (std::uint64_t page = 1; page <= 10 && ctx.sleep(100ms); ++page) {
      ctx.beat(page, 10, "pages"); // silence for a minute would be the end of this run
    }
    if (ctx.missed().count > 0) {
      std::cout << "it stands for " + std::to_string(ctx.missed().count) + " nights before as well\n";
    }
  });
  return report;
}

/// Looks for orders every five seconds. Whoever cannot be reached is asked again soon, then less often; a shop whose
/// answers are of no use five times in a row is left alone until somebody has had a look at it.
djm::job_builder order_poller() {
  djm::job_builder orders("orders");
  orders.items(shops).thread_per_item();
  orders.every(5s);
  orders.retry(djm::retry{}.attempts(4).first(200ms).factor(2).max(2s));
  orders.park_item_after(5);
  orders.run([](djm::job_context& ctx) {
    const auto& shop = ctx.items().front().id;
    if (shop == "lisbon" && ctx.attempt() < 3) {
      throw std::runtime_error("no connection to " + shop); // tried again
    }
    if (shop == "tokyo") {
      throw djm::permanent_failure("orders of " + shop + " are no JSON"); // not tried again for this turn
    }
    std::cout << "orders of " + shop + ", attempt " + std::to_string(ctx.attempt()) + "\n";
  });
  return orders;
}

} // namespace

int main() {
  djm::node_config config;
  config.id = "node-1";
  config.store.connect = "embedded";

  djm::node_options options;
  options.on_event = [](const djm::node_event& e) {
    if (const auto* parked = std::get_if<djm::items_parked>(&e.what); parked != nullptr && !parked->over) {
      std::cout << "parked: " + parked->items.front() + ": " + parked->what + "\n";
    } else if (const auto* retry = std::get_if<djm::retry_planned>(&e.what)) {
      std::cout << retry->items.front() + " will be tried again in " + djm::format_duration(retry->in) + "\n";
    } else if (const auto* cut = std::get_if<djm::slot_interrupted>(&e.what)) {
      std::cout << cut->item + ": a run was cut off with node " + cut->by + "\n";
    }
  };
  auto node = djm::node::start(config, options);
  if (!node) {
    return complain(node.error());
  }
  for (const auto& job : {nightly_report(), order_poller()}) {
    if (auto ok = node->register_job(job); !ok) {
      return complain(ok.error());
    }
  }
  if (auto ok = node->run_until_signal(); !ok) {
    return complain(ok.error());
  }
  return 0;
}
