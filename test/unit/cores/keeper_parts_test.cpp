// What the activities of the keeper share, and the rules of its own that each of these has.
#include <doctest/doctest.h>

#include "actors/keeper/keeper_parts.hpp"
#include "test/unit/cores/show.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::seconds;
using phase = registration_phase;

namespace {

step at_second(int n) {
  return step{time_point{} + std::chrono::hours{1} + seconds{n}, 1, 0};
}

keeper_config config(bool has_joined = false) {
  keeper_config c;
  c.config.id = "w";
  c.config.store.root = "/djm";
  c.incarnation = "i1";
  c.has_joined = has_joined;
  return c;
}

/// What effects say, but for events and log lines.
std::string said(const keeper_effects& effects) {
  std::string text;
  for (const auto& e : effects) {
    std::visit(
      [&](const auto& x) {
        using effect = std::decay_t<decltype(x)>;
        if constexpr (!std::is_same_v<effect, emit_effect> && !std::is_same_v<effect, log_effect>) {
          text += (text.empty() ? "" : "; ") + show(x);
        }
      },
      e);
  }
  return text;
}

store::session_view view(store::session_phase p, std::uint64_t number) {
  store::session_view v;
  v.phase = p;
  v.number = number;
  v.id = 7;
  v.timeout = seconds{10};
  return v;
}

store::pool_payload pool_of(const node_id& writer, store::zxid_t wish) {
  store::pool_payload p;
  p.last_writer = writer;
  p.writer_incarnation = writer + "-1";
  p.wish = wish;
  return p;
}

/// `workers/w` as a read shows it.
store::read_result registered(const std::string& incarnation, store::zxid_t in) {
  store::worker_payload w;
  w.incarnation = incarnation;
  store::read_result r;
  r.data = store::encode(w);
  r.stat.mzxid = in;
  return r;
}

/// Asks the claim about a registration that names this incarnation.
bool superseded(keeper_parts& p, const std::string& incarnation, bool alive_is_ours = false) {
  store::worker_payload w;
  w.incarnation = incarnation;
  return p.claim.superseded(registered(incarnation, 5), w, alive_is_ours);
}

} // namespace

// -- membership -----------------------------------------------------------------------

TEST_CASE("keeper: only the drawn ways lead in and out") {
  membership m;
  keeper_effects out;
  m.pools_done();
  m.base_there();
  m.holder_gone();
  CHECK_FALSE(m.lost(out));
  CHECK(m.is(phase::detached));
  m.begin(false, out);
  CHECK(m.is(phase::preparing));
  m.pools_done();
  CHECK(m.is(phase::preparing));
  m.base_there();
  m.base_there();
  CHECK(m.is(phase::pools));
  m.base_in_doubt();
  CHECK(m.is(phase::preparing));
  m.base_there();
  m.pools_done();
  m.id_held();
  m.base_in_doubt();
  CHECK(m.is(phase::waiting_for_id));
  m.holder_gone();
  CHECK(m.is(phase::registering));
  CHECK_FALSE(m.has_joined());
  CHECK(said(out) == "");
  m.join(3, "/djm/alive/w", "data", out);
  m.base_in_doubt(); // it is repaired without leaving
  CHECK(m.joined());
  CHECK(m.lost(out));
  CHECK(m.is(phase::registering));
  CHECK(m.has_joined());
  CHECK(said(out) == "joined 3; probe alive/w; stop probing; unjoined");
}

TEST_CASE("keeper: who leaves takes back what there is, and who cannot has left at once") {
  for (const bool connected : {true, false}) {
    for (const bool joined : {true, false}) {
      CAPTURE(connected);
      CAPTURE(joined);
      membership m;
      keeper_effects out;
      m.begin(true, out);
      if (joined) {
        m.join(1, "/djm/alive/w", {}, out);
      }
      out.clear();
      m.leave(connected, out);
      CHECK(m.wants_to_leave());
      CHECK(m.over() == !(connected && joined));
      CHECK(said(out) == (connected && joined ? "" : "stop probing; left"));
    }
  }
}

TEST_CASE("keeper: the end of a session is the end of whoever wanted to leave") {
  membership m;
  keeper_effects out;
  m.begin(true, out);
  m.join(1, "/djm/alive/w", {}, out);
  m.leave(true, out);
  m.leaving();
  out.clear();
  m.session_over(out);
  CHECK(m.is(phase::left));
  CHECK(said(out) == "stop probing; left");
}

// -- wishes -----------------------------------------------------------------------------

TEST_CASE("keeper: a wish is overruled by a number that is not lower, and a new one by none") {
  pool_wish w;
  CHECK_FALSE(w.overruled_by(pool_of("n", 99), false));
  w.renew(5);
  CHECK_FALSE(w.overruled_by(pool_of("n", 4), false));
  CHECK(w.overruled_by(pool_of("n", 5), false));
  CHECK(w.overruled_by(pool_of("n", 6), false));
  CHECK_FALSE(w.overruled_by(pool_of("n", 6), true));
  CHECK_FALSE(w.overruled_by(pool_of("", 6), false)); // written by a version without wishes
}

TEST_CASE("keeper: the number of a write under way is taken back unless somebody may have seen it") {
  struct {
    wish_fate fate;
    bool sent, kept;
  } const cases[] = {{wish_fate::written, true, true},
                     {wish_fate::refused, true, false},
                     {wish_fate::unknown, true, true},
                     {wish_fate::unknown, false, false}};
  for (const auto& c : cases) {
    pool_wish w;
    CHECK(w.to_write(8) == 8);
    w.settle(c.fate, c.sent);
    CHECK(w.number().has_value() == c.kept);
  }
  pool_wish w; // it has had its number before
  w.renew(3);
  CHECK(w.to_write(8) == 3);
  w.settle(wish_fate::refused, true);
  CHECK(w.number() == 3);
  w.renew(0); // of a rebuilt part, which knows nothing
  CHECK(w.to_write(8) == 8);
}

TEST_CASE("keeper: wishes age when the session is over, those that have a number do not") {
  pool_wish fresh, old_one;
  old_one.renew(2);
  fresh.age(9);
  old_one.age(9);
  CHECK(fresh.number() == 9);
  CHECK(old_one.number() == 2);
  old_one.ours(1);
  CHECK(old_one.number() == 2);
  old_one.ours(6);
  CHECK(old_one.number() == 6);
}

TEST_CASE("keeper: a disagreement counts from its beginning, whoever writes what the others want, and is told once") {
  pool_wish w;
  const auto now = [](int n) { return at_second(n).now; };
  w.stay_back_for(pool_of("n", 1), now(0));
  w.stay_back_for(pool_of("m", 2), now(8));
  CHECK(w.writer() == "m");
  CHECK(w.stays_back_for(pool_of("m", 7)));
  CHECK_FALSE(w.stays_back_for(pool_of("n", 7)));
  CHECK_FALSE(w.tell(seconds{10}, now(9)));
  CHECK(w.tell(seconds{10}, now(10)));
  CHECK_FALSE(w.tell(seconds{10}, now(20)));
  w.stay_back_for(pool_of("n", 1), now(21));
  CHECK_FALSE(w.tell(seconds{0}, now(30)));
}

TEST_CASE("keeper: a wish stands while its writer lives and offers the job, and for its tolerance after that") {
  const store::tree_schema tree{"/djm"};
  store::alive_payload here;
  here.incarnation = "n-1";
  store::worker_payload known;
  known.incarnation = "n-1";
  known.detach_ms = 5'000;
  const auto gone = [] {
    store::read_result r;
    r.code = store::rc::no_node;
    return r;
  }();
  const auto with = [](const std::string& data) {
    store::read_result r;
    r.data = data;
    return r;
  };
  pool_wish w;
  w.stay_back_for(pool_of("n", 1), at_second(0).now);
  const auto stands = [&](const store::read_result& alive, const store::worker_payload& worker, bool offers, int now) {
    read_batch ask;
    const pool_wish::writer_slots slots{ask.get("/a"), ask.get("/w"), ask.exists("/o")};
    ask.next_part(SIZE_MAX);
    REQUIRE(ask.take({alive, with(store::encode(worker)), offers ? with({}) : gone}));
    return w.writer_stands(slots, tree, at_second(now).now);
  };
  const auto alive = with(store::encode(here));
  CHECK(stands(alive, known, true, 0));
  CHECK_FALSE(stands(alive, known, false, 1));
  CHECK(stands(alive, known, true, 2));
  CHECK(stands(gone, known, true, 10)); // from now on it is gone
  CHECK(stands(gone, known, true, 14));
  CHECK_FALSE(stands(gone, known, true, 15));
  CHECK(stands(alive, known, true, 16)); // back, and the tolerance counts anew
  CHECK(stands(gone, known, true, 20));
  auto other = known;
  other.left = true;
  CHECK_FALSE(stands(gone, other, true, 21));
  other = known;
  other.incarnation = "n-2";
  CHECK_FALSE(stands(gone, other, true, 21));
  here.incarnation = "n-2";
  CHECK_FALSE(stands(with(store::encode(here)), known, true, 21));
}

TEST_CASE("keeper: three changes by others without a look between them that found none are a dispute") {
  pool_accord a;
  CHECK_FALSE(a.disputed()); // nobody has had it as we want it yet
  a.write();
  CHECK_FALSE(a.found());
  for (int n = 1; n <= 4; ++n) {
    CHECK(a.disputed() == (n == 3));
    a.write();
    CHECK_FALSE(a.found());
  }
  CHECK(a.found());
  CHECK_FALSE(a.disputed());
  a.wished();
  CHECK_FALSE(a.written());
}

// -- offers -----------------------------------------------------------------------------

TEST_CASE("keeper: a wish that is formed while nobody can be told is no later than what was read last") {
  keeper_parts p{config()};
  keeper_effects out;
  job_spec spec;
  spec.id = "j";
  const auto number = [&] { return p.offers.find("j")->wish.number(); };
  p.offers.offer(spec);
  CHECK(p.offers.registration_dirty());
  CHECK_FALSE(number()); // it has never joined: nobody has anything to compare it with
  p.offers.pools_read(12);
  p.store.on_session(view(store::session_phase::connected, 1));
  p.member.join(1, "/djm/alive/w", {}, out);
  p.offers.put_pool("j", {"a"});
  CHECK_FALSE(number());
  p.offers.wishes_age();
  CHECK(number() == 12);
  p.store.on_session(view(store::session_phase::suspended, 1));
  p.offers.pools_read(13);
  p.offers.put_pool("j", {"a"}); // no other wish
  CHECK(number() == 12);
  p.offers.put_pool("j", {"b"});
  CHECK(number() == 13);
  spec.attributes.strategy = "rendezvous";
  p.store.on_session(view(store::session_phase::connected, 1));
  p.offers.offer(spec);
  CHECK_FALSE(number());

  keeper_parts rebuilt{config(true)};
  rebuilt.offers.offer(spec);
  CHECK(rebuilt.offers.find("j")->wish.number() == 0);
  CHECK(rebuilt.offers.withdraw("j"));
  CHECK_FALSE(rebuilt.offers.withdraw("j"));
  CHECK(rebuilt.offers.find("j") == nullptr);
}

// -- the id -----------------------------------------------------------------------------

TEST_CASE("keeper: a life is superseded by whom it finds named after itself") {
  keeper_parts p{config()};
  CHECK_FALSE(superseded(p, "i0")); // a life before ours
  CHECK_FALSE(superseded(p, "i1"));
  CHECK(superseded(p, "i2"));
  keeper_parts rebuilt{config(true)};
  CHECK(superseded(rebuilt, "i2"));
}

TEST_CASE("keeper: after an unknown outcome only a life that was not named before the write has superseded ours") {
  for (const auto* found : {"i0", "i2"}) {
    keeper_parts p{config()};
    CHECK_FALSE(superseded(p, "i0"));
    p.claim.perhaps_written();
    CHECK(superseded(p, found) == (std::string{"i2"} == found));
  }
}

TEST_CASE("keeper: while alive is ours and the node is joined, another name is somebody's meddling") {
  keeper_parts p{config()};
  keeper_effects out;
  p.claim.written(5);
  CHECK(superseded(p, "i2", true));
  p.member.join(1, "/djm/alive/w", {}, out);
  CHECK_FALSE(superseded(p, "i2", true));
  CHECK(superseded(p, "i2", false));
}

TEST_CASE("keeper: a registration older than the one written tells, from then on, that the store has gone back") {
  keeper_parts p{config()};
  keeper_effects out;
  CHECK_FALSE(p.claim.went_back(registered("i0", 3), at_second(0), out));
  p.claim.written(8);
  CHECK_FALSE(p.claim.went_back(registered("i1", 8), at_second(0), out));
  CHECK(out.empty());
  CHECK(p.claim.went_back(registered("i1", 7), at_second(1), out));
  CHECK(p.store.retry_at());
  CHECK(p.claim.went_back(registered("i1", 9), at_second(2), out)); // a history that is gone stays gone
  CHECK(said(out) == "read older; read older");
}

TEST_CASE(
  "keeper: a registration is cut into transactions, each at the version the one before it left; the last joins") {
  keeper_lifetime life{config()};
  registration_change c;
  c.worker = "{}";
  c.worker_version = 4;
  c.joins = true;
  c.replaced = 2;
  for (const auto* job : {"a", "b", "c"}) {
    c.below.emplace_back(store::create_op{life.tree.available("w", job), {}});
  }
  const auto shown = [&](const registration_change& change) {
    std::vector<std::string> text;
    for (const auto& txn : registration_txns(life, change, 12)) {
      text.push_back(show(txn.txn()));
    }
    return text;
  };
  using strings = std::vector<std::string>;
  CHECK(shown(c) == strings{"set workers/w@4, create workers/w/available/a, create workers/w/available/b, set "
                            "worker-version",
                            "set workers/w@5, create workers/w/available/c, set worker-version, remove alive/w@2, "
                            "create~ alive/w"});
  c.worker_version.reset();
  c.joins = false;
  CHECK(shown(c) == strings{"check alive/w, create workers/w, create workers/w/available/a, create "
                            "workers/w/available/b, set worker-version",
                            "check alive/w, set workers/w@0, create workers/w/available/c, set worker-version"});
}

// -- a session ---------------------------------------------------------------------------

TEST_CASE("keeper: what has been asked in a session ends with it") {
  keeper_parts p{config()};
  keeper_effects out;
  p.store.on_session(view(store::session_phase::connected, 1));
  p.session.emplace(p);
  p.session->registrar.start(out);
  REQUIRE(out.size() == 1);
  const auto request = std::get<read_effect>(out.front()).request;
  CHECK_FALSE(p.store.idle());
  p.end_session();
  CHECK_FALSE(p.session);
  CHECK(p.store.idle());
  CHECK(p.store.on_read(request, {}, at_second(0), out).how == keeper_store::answer::stale);
}
