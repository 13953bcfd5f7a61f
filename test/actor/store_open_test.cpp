#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "actors/env/system_env.hpp"
#include "actors/store/store_shell.hpp"
#include "fake_names.hpp"
#include "lab.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

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
      self->mail(msg::introduce{std::make_shared<const peers>()}).send(store);
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
      self->mail(msg::introduce{std::move(p)}).send(store);
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

TEST_CASE("a resolver that never answers keeps neither the status nor the end of the store waiting, and is told once") {
  fake_names names;
  system_env_options options;
  options.sessions = std::make_shared<store::zookeeper_factory>(
    names.service(), store::address_book::patience{milliseconds{1}, milliseconds{1}});
  options.log = [](const log_record&) {};
  auto env = std::make_shared<system_env>(std::move(options));
  caf::actor_system_config config;
  caf::actor_system system{config};
  std::atomic<int> problems{0};
  {
    store_args args;
    args.env = env;
    args.config.connect = "zk1:2181,zk2:2181,zk3:2181";
    args.limits.backoff_min = milliseconds{1};
    args.limits.backoff_max = milliseconds{2};
    auto store = spawn_store(system, std::move(args));
    auto listener = system.spawn([&, store](cx::event_based_actor* self) -> caf::behavior {
      auto others = std::make_shared<peers>();
      others->node = caf::actor_cast<supervisor_actor>(caf::actor{self});
      self->mail(msg::introduce{std::move(others)}).send(store);
      return {[&](const msg::happened&) {
        ++problems;
        the_bell().ring();
      }};
    });
    CHECK(eventually([&] { return problems > 0; }));
    // Many attempts later, as each of them fails within a few milliseconds.
    cx::scoped_actor asker{system};
    for (int i = 0; i < 100; ++i) {
      asker->mail(msg::get_part_status{})
        .request(store, wide)
        .receive([](store_status& x) { CHECK(x.phase == session_phase::connecting); },
                 [](caf::error&) { FAIL("no status"); });
    }
    std::atomic<bool> closed{false};
    auto closer = system.spawn([&, store](cx::event_based_actor* self) -> caf::behavior {
      self->mail(msg::close_session{}).send(store);
      return {[&](const msg::store_closed&) {
        closed = true;
        the_bell().ring();
      }};
    });
    CHECK(eventually([&] { return closed.load(); }));
    caf::anon_send_exit(closer, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
  }
  system.await_all_actors_done();
  CHECK(problems == 1);
}

TEST_CASE("why a connection fails is in the log of its own node, with several nodes in the process") {
  struct one {
    std::mutex guard;
    std::string text;
    bool has(const std::string& what) {
      const std::lock_guard lock{guard};
      return text.find(what) != std::string::npos;
    }
  };
  std::array<one, 2> books;
  const std::array<std::string, 2> connects{"127.0.0.1:1", "127.0.0.1:2"};
  caf::actor_system_config config;
  caf::actor_system system{config};
  {
    std::vector<store_actor> stores;
    for (std::size_t i = 0; i < 2; ++i) {
      system_env_options options;
      options.node = node_id{"n" + std::to_string(i)};
      options.sessions = std::make_shared<store::zookeeper_factory>();
      options.log = [&book = books[i]](const log_record& line) {
        const std::lock_guard lock{book.guard};
        book.text += line.node + " " + line.component + " " + line.text + "\n";
        the_bell().ring();
      };
      store_args args;
      args.env = std::make_shared<system_env>(std::move(options));
      args.config.connect = connects[i];
      stores.push_back(spawn_store(system, std::move(args)));
      system.spawn([store = stores.back()](cx::event_based_actor* self) {
        self->mail(msg::introduce{std::make_shared<const peers>()}).send(store);
      });
    }
    CHECK(eventually([&] { return books[0].has("[127.0.0.1:1]") && books[1].has("[127.0.0.1:2]"); }));
    CHECK_MESSAGE(books[0].has("n0 zookeeper "), books[0].text);
    CHECK_FALSE(books[0].has("[127.0.0.1:2]"));
    CHECK_FALSE(books[1].has("[127.0.0.1:1]"));
    for (auto& store : stores) {
      caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
    }
  }
  system.await_all_actors_done();
}
