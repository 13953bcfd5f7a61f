#include <doctest/doctest.h>

#include <atomic>

#include "actors/env/system_env.hpp"
#include "actors/store/store_shell.hpp"
#include "lab.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// A store whose name does not resolve until told.
class late_factory : public store::session_factory {
public:
  expected<std::unique_ptr<store::session_port>> open(const store::session_options& options,
                                                      store::event_sink sink) override {
    ++opens;
    the_bell().ring();
    if (!there) {
      return fail(errc::not_connected, "no host resolves");
    }
    return real.open(options, std::move(sink));
  }

  std::atomic<int> opens{0};
  std::atomic<bool> there{false};
  store::embedded_store real;
};

} // namespace

TEST_CASE("a store that cannot be opened yet is tried again, also while a question waits for it") {
  auto factory = std::make_shared<late_factory>();
  system_env_options options;
  options.sessions = factory;
  options.log = [](const log_record&) {};
  auto env = std::make_shared<system_env>(std::move(options));
  caf::actor_system_config config;
  caf::actor_system system{config};
  {
    store_args args;
    args.env = env;
    args.limits.backoff_min = milliseconds{100};
    args.limits.backoff_max = milliseconds{200};
    auto store = spawn_store(system, std::move(args));
    std::atomic<bool> connected{false};
    // Asks as soon as it is attached, before there is a session.
    auto client = system.spawn([&](cx::event_based_actor* self) -> caf::behavior {
      self->mail(peers_ptr{std::make_shared<const peers>()}).send(store);
      self->mail(msg::attach{}).send(store);
      self->mail(msg::read{1, {store::exists("/")}, false}).send(store);
      return {
        [&](const msg::session_changed& m) {
          connected = connected || m.view.phase == store::session_phase::connected;
          the_bell().ring();
        },
        [](const msg::read_done&) {},
        [](const msg::happened&) {},
      };
    });
    CHECK(eventually([&] { return factory->opens >= 4; }));
    factory->there = true;
    CHECK(eventually([&] { return connected.load(); }));
    caf::anon_send_exit(client, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
  }
  system.await_all_actors_done();
}

TEST_CASE("what a session may not watch any more is a problem that names the limit") {
  system_env_options options;
  options.sessions = std::make_shared<late_factory>();
  static_cast<late_factory&>(*options.sessions).there = true;
  options.log = [](const log_record&) {};
  auto env = std::make_shared<system_env>(std::move(options));
  caf::actor_system_config config;
  caf::actor_system system{config};
  {
    store_args args;
    args.env = env;
    args.limits.max_watches = 1;
    auto store = spawn_store(system, std::move(args));
    std::atomic<int> told{0};
    auto client = system.spawn([&](cx::event_based_actor* self) -> caf::behavior {
      auto p = std::make_shared<peers>();
      p->node = caf::actor_cast<supervisor_actor>(caf::actor{self});
      p->worker = caf::actor_cast<worker_actor>(caf::actor{self});
      self->mail(peers_ptr{std::move(p)}).send(store);
      self->mail(msg::attach{}).send(store);
      self->mail(msg::read{1, {store::exists("/a", true), store::exists("/b", true)}, false}).send(store);
      return {
        [](const msg::session_changed&) {},
        [](const msg::read_done&) {},
        [](const msg::contact&) {},
        [&](const msg::happened& m) {
          const auto* trouble = std::get_if<problem>(&m.what);
          told += trouble != nullptr && trouble->about == "watch_limit" &&
                  trouble->why.text.find("may have 1 watches") != std::string::npos;
          the_bell().ring();
        },
      };
    });
    CHECK(eventually([&] { return told == 1; }));
    caf::anon_send_exit(client, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
  }
  system.await_all_actors_done();
}
