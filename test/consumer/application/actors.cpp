// A program that is written with actors: a CAF_MAIN and type ids of its own, djm's types inside its own messages.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <vector>

#include <caf/all.hpp>
#include <caf/exec_main.hpp>

#include <djm/node_actor.hpp>

/// What this program says to itself. Its own type needs a number; djm's types inside of it have theirs from djm.
struct audit {
  djm::item_ref item;
  std::vector<djm::node_event> history;
};

template <class Inspector>
auto inspect(Inspector& f, audit& x) {
  return djm::cx::object(f, x, "audit", djm::field("item", x.item), djm::field("history", x.history));
}

CAF_BEGIN_TYPE_ID_BLOCK(shop, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(shop, (audit))
// A container of djm's types that is a message of its own: its number comes from who sends it.
CAF_ADD_TYPE_ID(shop, (std::vector<djm::node_event>) )
CAF_END_TYPE_ID_BLOCK(shop)

namespace {

[[noreturn]] void give_up(const djm::error& e) {
  std::fprintf(stderr, "%s\n", djm::to_string(e).c_str());
  std::exit(1);
}

template <class Message>
void ask(caf::actor_system& system, const djm::node_actor& node, Message m) {
  djm::cx::scoped_actor self{system};
  self->mail(std::move(m))
    .request(node, std::chrono::seconds{20})
    .receive([] {}, [](caf::error& e) { give_up(djm::from_caf(e)); });
}

} // namespace

void caf_main(caf::actor_system& system) {
  djm::node_config config;
  config.id = "actors";
  config.store.session_timeout = std::chrono::seconds{2};
  config.store.operation_deadline = std::chrono::seconds{1};
  config.stop_grace = std::chrono::milliseconds{200};
  auto node = djm::spawn_node(system, config);
  auto job =
    djm::job_builder("mail").items({"eu"}).every(std::chrono::milliseconds{5}).run([](djm::job_context&) {}).build();
  if (!node) {
    give_up(node.error());
  }
  if (!job) {
    give_up(job.error());
  }

  std::promise<djm::node_id> audited;
  auto auditor = system.spawn([&audited](djm::cx::event_based_actor* self) -> caf::behavior {
    return {
      [self](const djm::node_event& e) {
        if (const auto* granted = std::get_if<djm::items_granted>(&e.what)) {
          self->mail(audit{{granted->job, granted->items.front().id}, {e}}).send(self);
          self->mail(std::vector<djm::node_event>{e}).send(self);
        }
      },
      [](const audit& x) { std::printf("%s\n", caf::deep_to_string(x).c_str()); },
      [&audited](const std::vector<djm::node_event>& x) { audited.set_value(x.front().node); },
    };
  });
  ask(system, *node, djm::subscribe{auditor});
  ask(system, *node, djm::register_job{job->spec, job->code});
  auto heard = audited.get_future();
  if (heard.wait_for(std::chrono::seconds{30}) != std::future_status::ready || heard.get() != "actors") {
    give_up({djm::errc::timed_out, "the items of the job were not granted"});
  }
  ask(system, *node, djm::shutdown_node{});
  caf::anon_send_exit(auditor, caf::exit_reason::user_shutdown);
}

CAF_MAIN(caf::id_block::shop)
