// What the activities of the keeper share, and the rules of its own that each of these has.
#include <algorithm>

#include <doctest/doctest.h>

#include "test/unit/cores/keeper_parts_rig.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::seconds;
using phase = registration_phase;

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
  p.offers.offer(spec, false, 0);
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
  p.offers.offer(spec, false, 0);
  CHECK_FALSE(number());

  keeper_parts rebuilt{config(true)};
  rebuilt.offers.offer(spec, false, 0);
  CHECK(rebuilt.offers.find("j")->wish.number() == 0);
  rebuilt.offers.offer(keeper_rig::job("k"), false, 0);
  CHECK(rebuilt.offers.find("k")->wish.number() == 0);
  p.store.on_session(view(store::session_phase::suspended, 1));
  p.offers.offer(spec, false, 0); // as it was
  CHECK_FALSE(number());
}

TEST_CASE("keeper: what is offered no more has to go from the registration, and what never was has not") {
  keeper_parts p{config()};
  p.offers.offer(keeper_rig::job("j"), false, 0);
  p.offers.registration_taken();
  CHECK_FALSE(p.offers.withdraw("k"));
  CHECK_FALSE(p.offers.registration_dirty());
  CHECK(p.offers.withdraw("j"));
  CHECK(p.offers.registration_dirty());
  CHECK(p.offers.find("j") == nullptr);
}

TEST_CASE("keeper: a pool is looked at when something happens to the life of the node whose wish stands") {
  keeper_parts p{config()};
  for (const auto& id : to_ids<job_id>({"j", "k"})) {
    p.offers.offer(keeper_rig::job(id), false, 0);
    p.offers.find(id)->looked_at();
  }
  p.offers.find("j")->wish.stay_back_for(pool_of("n", 1), at_second(0).now);
  p.offers.heard_of("/djm/alive/m");
  CHECK_FALSE(p.offers.find("j")->dirty());
  p.offers.heard_of("/djm/alive/n");
  CHECK(p.offers.find("j")->dirty());
  CHECK_FALSE(p.offers.find("k")->dirty());
}

TEST_CASE("keeper: what becomes of a transaction decides which wishes keep the numbers they have been given") {
  // Of two pools the first is in the transaction under way, the second in the one that follows.
  const auto numbers_after = [](const std::optional<store::commit_outcome>& outcome) {
    auto c = config();
    c.max_transaction_ops = 4;
    keeper_parts p{c};
    keeper_effects out;
    p.store.on_session(view(store::session_phase::connected, 1));
    p.begin_session();
    auto& writer = p.session->writer;
    writer.begin(0, 0);
    for (const auto& id : to_ids<job_id>({"j", "k"})) {
      p.offers.offer(keeper_rig::job(id), false, 0);
      p.offers.put_pool(id, {"a", "b"});
      read_batch ask;
      const store::job_reads found{p.life.tree, id, false, ask};
      ask.next_part(SIZE_MAX);
      store::read_result none;
      none.code = store::rc::no_node;
      REQUIRE(ask.take({none, none}));
      auto& o = *p.offers.find(id);
      auto want = pool_of("w", o.wish.to_write(8));
      writer.add(found, o, want);
    }
    writer.send(out);
    REQUIRE(out.size() == 1);
    if (outcome) {
      CHECK(p.store.on_commit(std::get<commit_effect>(out.front()).request, *outcome, at_second(0), out));
    } else {
      p.end_session();
    }
    const auto has = [&](const job_id& id) { return p.offers.find(id)->wish.number().has_value(); };
    return std::pair{has("j"), has("k")};
  };
  using both = std::pair<bool, bool>;
  CHECK(numbers_after(store::committed{}) == both{true, true}); // the second is under way
  CHECK(numbers_after(store::conflict{}) == both{false, false});
  CHECK(numbers_after(store::rejected{{errc::too_large, "a quota"}}) == both{false, false});
  CHECK(numbers_after(store::unknown{}) == both{true, false});
  CHECK(numbers_after(std::nullopt) == both{true, false});
}
