#include "djm/caf.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

#include "djm/inspect.hpp"
#include "djm/node_actor.hpp"
#include "djm/status.hpp"

using namespace djm;

namespace {

using echo_actor =
  cx::typed<caf::result<node_status>(caf::get_atom), caf::result<std::string>(caf::put_atom, std::string),
            caf::result<void>(caf::update_atom, int), caf::result<error>(caf::publish_atom, error)>;

struct echo_state {
  int last = 0;
};

/// Answers with what it gets, or with an error where the text asks for one.
echo_actor::behavior_type echo(cx::self_ptr<echo_actor, echo_state> self) {
  return {
    [](caf::get_atom) {
      node_status s;
      s.node = "n1";
      s.worker.lease_left = std::chrono::seconds{4};
      return s;
    },
    [](caf::put_atom, const std::string& text) -> caf::result<std::string> {
      if (text.empty()) {
        return to_caf(error{errc::invalid_id, "the text is empty"});
      }
      return to_caf(expected<std::string>{text});
    },
    [self](caf::update_atom, int n) -> caf::result<void> {
      if (n < 0) {
        return to_caf(expected<void>{fail(errc::invalid_state, "negative")});
      }
      self->state().last = n;
      return to_caf(expected<void>{});
    },
    [](caf::publish_atom, const error& e) { return e; },
  };
}

struct fixture {
  caf::actor_system_config config;
  caf::actor_system system;

  fixture() : system((add_error_renderer(config), config.set(cx::max_threads_option, 1))) {}
};

/// What `echo` answers with.
template <class T, class... Ts>
tl::expected<T, caf::error> answer_of(fixture& f, const echo_actor& h, Ts... what) {
  cx::scoped_actor self{f.system};
  tl::expected<T, caf::error> answer = tl::make_unexpected(caf::error{});
  auto request = self->mail(std::move(what)...).request(h, caf::infinite);
  const auto failed = [&](caf::error& e) { answer = tl::make_unexpected(std::move(e)); };
  if constexpr (std::is_void_v<T>) {
    std::move(request).receive([&] { answer = {}; }, failed);
  } else {
    std::move(request).receive([&](T& x) { answer = std::move(x); }, failed);
  }
  return answer;
}

} // namespace

TEST_CASE("interfaces in today's syntax work with values, errors and void") {
  fixture f;
  auto h = f.system.spawn(echo);
  const auto status = answer_of<node_status>(f, h, caf::get_atom_v);
  REQUIRE(status);
  CHECK(status->node == "n1");
  CHECK(status->worker.lease_left == std::chrono::seconds{4});
  const auto text = answer_of<std::string>(f, h, caf::put_atom_v, std::string{"x"});
  REQUIRE(text);
  CHECK(*text == "x");
  const auto refused = answer_of<std::string>(f, h, caf::put_atom_v, std::string{});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::invalid_id);
  CHECK(from_caf(refused.error()) == error{errc::invalid_id, "the text is empty"});
  CHECK(answer_of<void>(f, h, caf::update_atom_v, 3));
  const auto negative = answer_of<void>(f, h, caf::update_atom_v, -1);
  REQUIRE_FALSE(negative);
  CHECK(from_caf(negative.error()) == error{errc::invalid_state, "negative"});
  const auto same = answer_of<error>(f, h, caf::publish_atom_v, error{errc::conflict, "x"});
  REQUIRE(same);
  CHECK(*same == error{errc::conflict, "x"});
}

TEST_CASE("errors go to CAF and back") {
  for (std::size_t i = 1; i < enum_names(errc{}).names.size(); ++i) {
    const error e{static_cast<errc>(i), "text " + std::to_string(i)};
    const auto there = to_caf(e);
    CHECK(there == e.code);
    CHECK(from_caf(there) == e);
  }
  CHECK_FALSE(to_caf(error{}));
  CHECK(from_caf(caf::error{}) == error{});
  CHECK(from_caf(caf::make_error(errc::conflict)) == error{errc::conflict, ""});
}

TEST_CASE("CAF's own errors become djm errors") {
  CHECK(from_caf(caf::sec::request_timeout).code == errc::timed_out);
  CHECK(from_caf(caf::sec::request_receiver_down).code == errc::shutting_down);
  CHECK(from_caf(caf::exit_reason::user_shutdown).code == errc::shutting_down);
  CHECK(from_caf(caf::exit_reason::kill).code == errc::shutting_down);
  CHECK(from_caf(caf::sec::unexpected_message).code == errc::internal);
  CHECK(from_caf(caf::sec::unexpected_message).text.find("unexpected_message") != std::string::npos);
}

TEST_CASE("an actor system renders djm errors") {
  fixture f;
#if DJM_CAF_1X
  CHECK(to_string(to_caf(error{errc::invalid_id, "why"})) == R"(invalid_id("why"))");
  CHECK(to_string(caf::make_error(errc::conflict)) == "conflict");
#else
  CHECK(f.system.render(to_caf(error{errc::invalid_id, "why"})) == "invalid_id: why");
  CHECK(f.system.render(caf::make_error(errc::conflict)) == "conflict");
#endif
}
