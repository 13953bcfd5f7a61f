#include "zkstore/job_payloads.hpp"
#include "zkstore/payloads.hpp"

#include <doctest/doctest.h>

#include "djm/text.hpp"
#include "test/unit/model/field_gen.hpp"
#include "test/unit/model/payload_gen.hpp"

using namespace djm;
using namespace djm::store;
using djm::testing::alphabet;
using djm::testing::draw;
using djm::testing::draw_bits;
using djm::testing::draw_index;
using djm::testing::holds;

namespace {

template <class T>
std::string complaint(std::string_view text, std::string_view path = "/djm/x") {
  const auto result = decode<T>(text, path);
  if (result) {
    return "accepted";
  }
  CHECK(result.error().code == errc::malformed_payload);
  CHECK(result.error().text.find("\"" + std::string{path} + "\": ") == 0);
  return result.error().text.substr(path.size() + 4);
}

#define PAYLOADS                                                                                                       \
  format_payload, alive_payload, worker_payload, mark_payload, assigned_payload, pools_payload, pool_payload,          \
    lock_payload, refusal_payload, version_payload, job_payload, config_payload, offer_payload, jobs_version_payload,  \
    state_payload, model_payload, slot_payload, submission_payload

} // namespace

TEST_CASE_TEMPLATE("a payload that is encoded decodes to the same value", T, PAYLOADS) {
  CHECK(holds([]() -> std::string {
    const auto x = draw_valid<T>();
    const auto text = encode(x);
    const auto y = decode<T>(text, "/djm/work-pool/some-job");
    if (!y) {
      return text + ": " + y.error().text;
    }
    return *y == x ? "" : text + " became " + to_text(*y);
  }));
}

TEST_CASE_TEMPLATE("any value can be encoded, and decodes or is refused", T, PAYLOADS) {
  CHECK(holds([]() -> std::string {
    const auto text = encode(draw<T>(alphabet::bytes));
    const auto y = decode<T>(text, "/p");
    return y || y.error().code == errc::malformed_payload ? "" : y.error().text;
  }));
}

TEST_CASE_TEMPLATE("damaged payloads are decoded or refused, never worse", T, PAYLOADS) {
  CHECK(holds([]() -> std::string {
    auto text = encode(draw_valid<T>());
    for (auto n = 1 + draw_index(4); n > 0 && !text.empty(); --n) {
      const auto at = draw_index(text.size());
      switch (draw_index(3)) {
      case 0: text[at] = static_cast<char>(draw_index(256)); break;
      case 1: text.erase(at, 1 + draw_index(20)); break;
      default: text.insert(at, text.substr(draw_index(text.size()), 1 + draw_index(10)));
      }
    }
    const auto y = decode<T>(text, "/p");
    return y || y.error().code == errc::malformed_payload ? "" : y.error().text;
  }));
}

TEST_CASE("payloads read well and start with their version") {
  CHECK(encode(format_payload{}) == R"({"v":1,"format":2})");
  CHECK(encode(lock_payload{"n1", "i1", 15000, 12}) ==
        R"({"v":1,"worker":"n1","incarnation":"i1","detach_ms":15000,"acquired_at_ms":12})");
  CHECK(encode(version_payload{"n1-i1-7"}) == R"({"v":1,"transaction":"n1-i1-7"})");
  CHECK(encode(pools_payload{true}) == R"({"v":1,"all_disabled":true})");
  CHECK(encode(assigned_payload{"i1", 4}) == R"({"v":1,"incarnation":"i1","counter":4})");
}

TEST_CASE("fields that are left out have their defaults") {
  const auto w = decode<worker_payload>(R"({"v":1,"incarnation":"i"})", "/p");
  REQUIRE(w);
  worker_payload expected_worker;
  expected_worker.incarnation = "i";
  CHECK(*w == expected_worker);
  CHECK(decode<pool_payload>(R"({"v":1})", "/djm/work-pool/mail"));
  CHECK(decode<pools_payload>(R"({"v":1})", "/p"));
}

TEST_CASE("unknown fields are ignored on reading and preserved on writing") {
  const std::string old =
    R"({"v":1,"incarnation":"old","future":{"a":[1,2.5]},"capacity":{"gone":1},"zone":"z","extra":null})";
  auto w = decode<worker_payload>(old, "/p");
  REQUIRE(w);
  w->incarnation = "new";
  w->capacity = {{"cpu", 4}};
  const auto text = encode(*w, old);
  CHECK(text.find(R"("future":{"a":[1,2.5]})") != std::string::npos);
  CHECK(text.find(R"("extra":null)") != std::string::npos);
  CHECK(text.find("old") == std::string::npos);
  CHECK(text.find("gone") == std::string::npos); // an entry of a known map is known
  const auto again = decode<worker_payload>(text, "/p");
  REQUIRE(again);
  CHECK(*again == *w);
}

TEST_CASE("unknown fields of nested structs are preserved too") {
  const std::string old = R"({"v":1,"attributes":{"priority":"low","later":7,"custom":{"x":"1"}}})";
  auto p = decode<pool_payload>(old, "/djm/work-pool/mail");
  REQUIRE(p);
  p->attributes.custom.clear();
  p->attributes.priority = job_priority::high;
  const auto text = encode(*p, old);
  CHECK(text.find(R"("later":7)") != std::string::npos);
  CHECK(text.find(R"("x")") == std::string::npos);
  CHECK(text.find("low") == std::string::npos);
}

TEST_CASE("what was there before makes no difference when it holds nothing unknown or is no payload") {
  const lock_payload x{"n1", "i1", 1, 2};
  CHECK(encode(x, encode(lock_payload{"n2", "i2", 3, 4})) == encode(x));
  for (const auto* previous : {"", "x", "[]", "{", "null", "\xFF", "{}"}) {
    CHECK(encode(x, previous) == encode(x));
  }
}

TEST_CASE("foreign data is refused with the path and the reason") {
  CHECK(complaint<lock_payload>("") == "no data");
  CHECK(complaint<lock_payload>("x").find("parse error at line 1, column 1") == 0);
  CHECK(complaint<lock_payload>("[]") == "[] is not an object");
  CHECK(complaint<lock_payload>("12") == "12 is not an object");
  CHECK(complaint<lock_payload>("{\"v\":1,\"worker\":\"\xFF\"}") == "the text is not UTF-8");
  CHECK(complaint<lock_payload>(std::string_view{"\0\0\0", 3}).find("parse error") == 0);
  CHECK(complaint<lock_payload>(std::string(500'000, '[')).find("nest deeper than 64") != std::string::npos);
  CHECK(complaint<lock_payload>("{\"a\":" + std::string(100'000, '{')).find("nest deeper than 64") !=
        std::string::npos);
  CHECK(complaint<lock_payload>(R"({"v":1,"x":1e9999})").find("number overflow") != std::string::npos);
  CHECK(complaint<lock_payload>(R"({"v":1,"worker":"n","incarnation":"i"} )") == "accepted");
}

TEST_CASE("a payload of another version is refused") {
  CHECK(complaint<pools_payload>("{}") == "/v: the version is missing");
  CHECK(complaint<pools_payload>(R"({"v":2})") == "/v: version 2 is newer than 1, the one this program reads");
  CHECK(complaint<pools_payload>(R"({"v":99999999999999999999})").find("/v: ") == 0);
  CHECK(complaint<pools_payload>(R"({"v":18446744073709551615})").find("/v: version 18446744073709551615 is newer") ==
        0);
  for (const auto* v : {"0", "-1", "1.0", "\"1\"", "null", "true", "[1]"}) {
    CHECK(complaint<pools_payload>("{\"v\":" + std::string{v} + "}").find("is not a version") != std::string::npos);
  }
}

TEST_CASE("values of the wrong type or range are refused with pointer, value and rule") {
  CHECK(complaint<lock_payload>(R"({"v":1,"worker":"n","incarnation":"i","detach_ms":"5"})") ==
        "/detach_ms: \"5\" is not an integer");
  CHECK(complaint<lock_payload>(R"({"v":1,"worker":"n","incarnation":"i","detach_ms":-1})") ==
        "/detach_ms: -1 is not from 0 to 86400000");
  CHECK(complaint<lock_payload>(R"({"v":1,"worker":"n","incarnation":"i","detach_ms":86400001})") ==
        "/detach_ms: 86400001 is not from 0 to 86400000");
  CHECK(complaint<lock_payload>(R"({"v":1,"worker":"n","incarnation":"i","detach_ms":1e3})") ==
        "/detach_ms: 1000.0 is not an integer");
  CHECK(complaint<lock_payload>(R"({"v":1,"worker":"n","incarnation":"i","acquired_at_ms":9223372036854775807})")
          .find("/acquired_at_ms: ") == 0);
  CHECK(complaint<format_payload>(R"({"v":1,"format":0})") == "/format: 0 is not from 1 to 2147483647");
  CHECK(
    complaint<format_payload>(R"({"v":1,"format":2147483648})").find("/format: 2147483648 is not an integer from") ==
    0);
  CHECK(complaint<alive_payload>(R"({"v":1,"incarnation":"i","pid":-1})").find("/pid: -1 is not from 0") == 0);
  CHECK(complaint<assigned_payload>(R"({"v":1,"counter":-1})").find("/counter: -1 is not from 0") == 0);
  CHECK(complaint<worker_payload>(R"({"v":1,"incarnation":"i","weight":0})") ==
        "/weight: 0 is not from 1 to 1000000000");
  CHECK(complaint<worker_payload>(R"({"v":1,"incarnation":"i","max_items":-1})") ==
        "/max_items: -1 is not an integer from 0 to 4294967295");
  CHECK(complaint<worker_payload>(R"({"v":1,"incarnation":"i","capacity":{"cpu":-1}})") ==
        "/capacity: -1 is not from 0 to 1000000000000");
  CHECK(complaint<worker_payload>(R"({"v":1,"incarnation":"i","shared":{"detach_tolerance":15}})") ==
        "/shared/detach_tolerance: 15 is not a text");
  CHECK(complaint<worker_payload>(R"({"v":1,"incarnation":"i","shared":{"d":")" + std::string(201, 'x') + "\"}}") ==
        "/shared: longer than 200 bytes");
  CHECK(complaint<model_payload>(R"({"v":1,"epoch":-1})").find("/epoch: -1 is not from 0") == 0);
  CHECK(complaint<model_payload>(R"({"v":1,"job_model":"a/b"})") == "/job_model: \"a/b\" breaks the rule for ids");
  CHECK(complaint<mark_payload>(R"({"v":1,"draining":"no"})") == "/draining: \"no\" is not true or false");
  CHECK(complaint<pools_payload>(R"({"v":1,"all_disabled":0})") == "/all_disabled: 0 is not true or false");
  CHECK(
    complaint<version_payload>("{\"v\":1,\"transaction\":\"" + std::string(201, 'x') + "\"}").find("/transaction: ") ==
    0);
}

TEST_CASE("ids that break the rule are refused") {
  CHECK(complaint<lock_payload>(R"({"v":1,"worker":"a/b","incarnation":"i"})") ==
        "/worker: \"a/b\" breaks the rule for ids");
  CHECK(complaint<lock_payload>(R"({"v":1,"incarnation":"i"})") == "/worker: \"\" breaks the rule for ids");
  CHECK(complaint<lock_payload>(R"({"v":1,"worker":"n"})") == "/incarnation: \"\" breaks the rule for ids");
  CHECK(complaint<alive_payload>(R"({"v":1})") == "/incarnation: \"\" breaks the rule for ids");
  CHECK(complaint<worker_payload>(R"({"v":1})") == "/incarnation: \"\" breaks the rule for ids");
  CHECK(complaint<worker_payload>(R"({"v":1,"incarnation":"i","zone":"a b"})") ==
        "/zone: \"a b\" breaks the rule for ids");
  CHECK(complaint<worker_payload>(R"({"v":1,"incarnation":"i","labels":["ok",".."]})") ==
        "/labels: \"..\" breaks the rule for ids");
  CHECK(complaint<worker_payload>(R"({"v":1,"incarnation":"i","capacity":{"":1}})") ==
        "/capacity: \"\" breaks the rule for ids");
  CHECK(complaint<assigned_payload>("{\"v\":1,\"incarnation\":\"" + std::string(121, 'x') + "\"}")
          .find("(121 bytes) breaks the rule") != std::string::npos);
  CHECK(complaint<pool_payload>(R"({"v":1,"last_writer":"a b"})", "/djm/work-pool/mail") ==
        "/last_writer: \"a b\" breaks the rule for ids");
}

TEST_CASE(
  "words in the attributes of a pool are read as earlier versions wrote them, and written so that they read them") {
  struct row {
    const char* words;
    job_attributes read;
    const char* written;
  };
  const auto with = [](auto change) {
    job_attributes a;
    change(a);
    return a;
  };
  const row rows[] = {
    {R"("priority":"normal","spread":"","relaxation":"")", {}, R"("priority":"normal","spread":"","relaxation":"")"},
    {R"("relaxation":"any")", {}, R"("relaxation":"")"},
    {R"("priority":"low")", with([](auto& a) { a.priority = job_priority::low; }), R"("priority":"low")"},
    {R"("priority":"high")", with([](auto& a) { a.priority = job_priority::high; }), R"("priority":"high")"},
    {R"("spread":"zone")", with([](auto& a) { a.spread = spread_rule::zone; }), R"("spread":"zone")"},
    {R"("relaxation":"one_worker")", with([](auto& a) { a.relaxation = relaxation::one_worker(); }),
     R"("relaxation":"one_worker")"},
    {R"("relaxation":"worker:n-1")", with([](auto& a) { a.relaxation = relaxation::on("n-1"); }),
     R"("relaxation":"worker:n-1")"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.words);
    const auto p =
      decode<pool_payload>(std::string{R"({"v":1,"attributes":{)"} + r.words + "}}", "/djm/work-pool/mail");
    REQUIRE(p);
    CHECK(p->attributes == r.read);
    const auto text = encode(*p);
    const std::string written = r.written;
    for (std::size_t at = 0; at < written.size();) {
      const auto end = std::min(written.find(",\"", at), written.size());
      CHECK(text.find(written.substr(at, end - at)) != std::string::npos);
      at = end + 1;
    }
  }
}

TEST_CASE(
  "a pool is written over whatever others have put in the place of a word, and keeps another word for the same") {
  pool_payload p;
  for (const auto* former : {R"({"kind":"any"})", R"({"x":1})", "[1]", "7", "null", "true", R"("nonsense")"}) {
    CAPTURE(former);
    const auto text = encode(p, std::string{R"({"v":1,"attributes":{"spread":"zone","relaxation":)"} + former + "}}");
    const auto back = decode<pool_payload>(text, "/djm/work-pool/mail");
    REQUIRE(back);
    CHECK(back->attributes == p.attributes);
  }
  CHECK(encode(p, R"({"v":1,"attributes":{"relaxation":"any"}})").find(R"("relaxation":"any")") != std::string::npos);
  p.attributes.relaxation = relaxation::one_worker();
  CHECK(encode(p, R"({"v":1,"attributes":{"relaxation":"any"}})").find(R"("relaxation":"one_worker")") !=
        std::string::npos);
}

TEST_CASE("attributes of a pool follow the rules of a job") {
  const auto why = [](const std::string& attributes) {
    return complaint<pool_payload>("{\"v\":1,\"attributes\":" + attributes + "}", "/djm/work-pool/mail");
  };
  CHECK(why(R"({"priority":"urgent"})") == "/attributes/priority: \"urgent\" is not one of low, normal, high");
  CHECK(why(R"({"priority":""})") == "/attributes/priority: \"\" is not one of low, normal, high");
  CHECK(why(R"({"spread":"rack"})") == "/attributes/spread: \"rack\" is not one of \"\", zone");
  for (const std::string word : {"all", "one", "worker", "worker:", "worker:a b", "Worker:a", "any "}) {
    CHECK(why("{\"relaxation\":\"" + word + "\"}") ==
          "/attributes/relaxation: \"" + word + "\" is not empty, any, one_worker or worker:<id>");
  }
  CHECK(why(R"({"relaxation":1})") == "/attributes/relaxation: 1 is not a text");
  CHECK(why(R"({"colocate_with":["mail"]})") ==
        "/attributes: job \"mail\": attributes.colocate_with names the job itself");
  CHECK(why(R"({"item_weights":{"i":"heavy"}})") == "/attributes/item_weights/i: \"heavy\" is not an integer");
  CHECK(why("7") == "/attributes: 7 is not an object");
}
