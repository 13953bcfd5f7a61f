// Laws of user_config over random values, from fixed seeds.
#include "djm/user_config.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "djm/ids.hpp"
#include "djm/json.hpp"

using namespace djm;

namespace {

enum class mood : std::uint8_t { calm, busy, odd };
constexpr auto enum_names(mood) {
  return name_enum("mood", "calm", "busy", "odd");
}

struct part {
  std::string name;
  std::optional<std::int64_t> count;
  std::map<std::string, std::vector<double>> curves;
};
DJM_FIELDS(part, name, count, curves)
bool operator==(const part& a, const part& b) {
  return equal_fields(a, b);
}

struct everything {
  bool flag = false;
  std::int8_t small = 0;
  std::uint64_t huge = 0;
  double ratio = 0;
  std::string text;
  duration pause{};
  std::chrono::seconds wait{};
  wall_time at{};
  mood state = mood::calm;
  bytes data;
  std::vector<part> parts;
  std::optional<bool> maybe;
};
DJM_FIELDS(everything, flag, small, huge, ratio, text, pause, wait, at, state, data, parts, maybe)
bool operator==(const everything& a, const everything& b) {
  return equal_fields(a, b);
}

class chance {
public:
  explicit chance(std::uint64_t seed) : engine_(seed) {}

  std::size_t index(std::size_t size) { return engine_() % size; }
  bool coin() { return index(2) == 1; }

  std::string text() {
    static const char* const pieces[] = {
      "a", "Z", "0", " ", "\"", "\\", "/", "\n", "\x7F", "$", "{", "\xC3\xA9", "\xF0\x9F\x98\x80"};
    std::string result;
    for (auto n = index(6); n > 0; --n) {
      // "${" would have to be a reference.
      const std::string piece = pieces[index(std::size(pieces))];
      result += piece == "{" && !result.empty() && result.back() == '$' ? "}" : piece;
    }
    return result;
  }

  std::string name() {
    static const char* const names[] = {"a", "b", "c.d", "E-1", "_", "a.b"};
    return names[index(std::size(names))];
  }

  template <class T>
  T integer() {
    switch (index(4)) {
    case 0: return std::numeric_limits<T>::min();
    case 1: return std::numeric_limits<T>::max();
    case 2: return static_cast<T>(index(10));
    default: return static_cast<T>(engine_());
    }
  }

  double real() {
    switch (index(4)) {
    case 0: return static_cast<double>(integer<std::int64_t>());
    case 1: return static_cast<double>(integer<std::uint64_t>());
    case 2: return static_cast<double>(integer<std::int64_t>()) / 1024;
    default: break;
    }
    const auto bits = engine_();
    double x = 0;
    std::memcpy(&x, &bits, sizeof x);
    return std::isfinite(x) ? x : 0.1;
  }

  void draw(bool& x) { x = coin(); }
  void draw(std::int8_t& x) { x = integer<std::int8_t>(); }
  void draw(std::int64_t& x) { x = integer<std::int64_t>(); }
  void draw(std::uint64_t& x) { x = integer<std::uint64_t>(); }
  void draw(double& x) { x = real(); }
  void draw(std::string& x) { x = text(); }
  void draw(duration& x) { x = duration{integer<std::int64_t>()}; }
  void draw(std::chrono::seconds& x) { x = std::chrono::seconds{integer<std::int32_t>()}; }
  void draw(mood& x) { x = static_cast<mood>(index(3)); }
  void draw(bytes& x) { x = bytes_of(text()); }
  void draw(wall_time& x) {
    constexpr std::int64_t years = 253'402'300'800'000; // up to the end of 9999
    x = wall_time{std::chrono::milliseconds{integer<std::int64_t>() % years / 2}};
    if (x < wall_time{std::chrono::milliseconds{-62'167'219'200'000}}) { // year 0
      x = wall_time{};
    }
  }
  template <class T>
  void draw(std::vector<T>& xs) {
    for (auto n = index(3); n > 0; --n) {
      draw(xs.emplace_back());
    }
  }
  template <class T>
  void draw(std::map<std::string, T>& xs) {
    for (auto n = index(3); n > 0; --n) {
      draw(xs[text()]);
    }
  }
  template <class T>
  void draw(std::optional<T>& x) {
    if (coin()) {
      draw(x.emplace());
    }
  }
  template <class T>
  std::enable_if_t<has_fields<T> && !is_one_word<T>> draw(T& x) {
    visit_fields([this](const char*, auto... fs) { (draw(fs.value), ...); }, x);
  }

  template <class T>
  T any() {
    T x{};
    draw(x);
    return x;
  }

  user_config config() {
    user_config c;
    for (auto n = index(5); n > 0; --n) {
      const auto more = index(6);
      c = (more == 0   ? c.with(name(), any<std::uint64_t>())
           : more == 1 ? c.with(name(), any<double>())
           : more == 2 ? c.with(name(), any<std::string>())
           : more == 3 ? c.with(name(), any<part>())
           : more == 4 ? c.with(name(), "x${env:A}$${")
                       : c.with(name(), any<std::vector<std::optional<bool>>>()))
            .value();
    }
    return c;
  }

private:
  std::mt19937_64 engine_;
};

constexpr int rounds = 400;

template <class F>
void for_all(F f) {
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    CAPTURE(seed);
    chance c{seed};
    f(c);
  }
}

/// Each value of this type goes in and comes out, and nothing else changes.
template <class T>
void goes_round(chance& c) {
  const auto base = c.config();
  const auto name = c.name();
  const auto x = c.any<T>();
  const auto with = base.with(name, x);
  REQUIRE_MESSAGE(with, (with ? "" : with.error().text));
  const auto back = with->template get<T>(name);
  REQUIRE_MESSAGE(back, (back ? "" : back.error().text));
  REQUIRE(back->has_value());
  REQUIRE(**back == x);
  REQUIRE(with->without(name) == base.without(name));
  REQUIRE(with->with(name, x).value() == *with);
  const auto again = user_config::parse(with->to_json());
  REQUIRE(again);
  REQUIRE(again->to_json() == with->to_json());
  REQUIRE(again->hash() == with->hash());
  REQUIRE(**(again->template get<T>(name)) == x);
}

} // namespace

TEST_CASE("config: a value of any type comes out as it went in") {
  for_all([](chance& c) {
    goes_round<bool>(c);
    goes_round<std::int8_t>(c);
    goes_round<std::int64_t>(c);
    goes_round<std::uint64_t>(c);
    goes_round<double>(c);
    goes_round<std::string>(c);
    goes_round<duration>(c);
    goes_round<std::chrono::seconds>(c);
    goes_round<wall_time>(c);
    goes_round<mood>(c);
    goes_round<bytes>(c);
    goes_round<std::vector<double>>(c);
    goes_round<std::map<std::string, std::vector<std::string>>>(c);
    goes_round<std::vector<std::optional<std::int64_t>>>(c);
    goes_round<std::optional<duration>>(c);
    goes_round<everything>(c);
  });
}

TEST_CASE("config: a struct as a whole comes out as it went in") {
  for_all([](chance& c) {
    const auto x = c.any<everything>();
    const auto config = user_config::of(x);
    REQUIRE_MESSAGE(config, (config ? "" : config.error().text));
    const auto more = config->with("unknown", 1).value();
    const auto back = more.as<everything>();
    REQUIRE(back);
    REQUIRE(*back == x);
    REQUIRE(more.without("unknown") == *config);
  });
}

TEST_CASE("config: with, without, filter and merged keep their laws") {
  for_all([](chance& c) {
    const auto a = c.config(), b = c.config(), d = c.config();
    const auto name = c.name();
    REQUIRE(a.merged({}).value() == a);
    REQUIRE(user_config{}.merged(a).value() == a);
    REQUIRE(a.merged(a).value() == a);
    REQUIRE(a.merged(b).value().merged(d).value() == a.merged(b.merged(d).value()).value());
    REQUIRE(a.without(name).without(name) == a.without(name));
    REQUIRE_FALSE(a.without(name).contains(name));
    REQUIRE(a.with(name, 1)->contains(name));
    REQUIRE(a.with(name, 1)->with(name, 2).value() == a.with(name, 2).value());
    REQUIRE(a.with(name, 1).value() == a.merged(user_config{}.with(name, 1).value()).value());
    const auto keep = [](const std::string& n) { return n < "b"; };
    const auto drop = [&](const std::string& n) { return !keep(n); };
    REQUIRE(a.filter(keep).merged(a.filter(drop)).value() == a);
    REQUIRE(a.filter(keep).filter(drop).empty());
    for (const auto& n : a.merged(b)->names()) {
      REQUIRE((a.contains(n) || b.contains(n)));
      const auto& from = b.contains(n) ? b : a;
      REQUIRE(a.merged(b)->filter([&](const auto& x) { return x == n; }) ==
              from.filter([&](const auto& x) { return x == n; }));
    }
  });
}

TEST_CASE("config: equal configurations have equal bytes and equal hashes, others neither") {
  std::map<std::uint64_t, std::string> by_hash;
  for_all([&](chance& c) {
    const auto a = c.config(), b = c.config();
    REQUIRE((a == b) == (a.to_json() == b.to_json()));
    REQUIRE((a == b) == (a.hash() == b.hash()));
    REQUIRE((a != b) == !(a == b));
    // In another order, with white space, and with every value read and written by itself.
    std::string other;
    const auto names = a.names();
    for (auto n = names.rbegin(); n != names.rend(); ++n) {
      const auto one = a.filter([&](const auto& x) { return x == *n; }).to_json();
      other += (other.empty() ? "" : " ,\n") + one.substr(1, one.size() - 2);
    }
    const auto same = user_config::parse(" {" + other + "\t}\n");
    REQUIRE(same);
    REQUIRE(same->to_json() == a.to_json());
    const auto [i, fresh] = by_hash.emplace(a.hash(), a.to_json());
    REQUIRE((fresh || i->second == a.to_json()));
  });
  CHECK(by_hash.size() > rounds / 2);
}

TEST_CASE("config: texts go in and come out, and resolving changes no byte of what is stored") {
  for_all([](chance& c) {
    std::map<std::string, std::string> texts;
    for (auto n = c.index(4); n > 0; --n) {
      texts[c.name()] = c.text();
    }
    REQUIRE(user_config::from_texts(texts)->to_texts() == texts);
    const auto a = c.config();
    const auto resolved = a.resolved([](const config_reference&) -> expected<std::string> { return std::string{"s"}; });
    REQUIRE(resolved);
    REQUIRE(*resolved == a);
    REQUIRE(resolved->to_json() == a.to_json());
    REQUIRE(resolved->merged({}).value() == a);
  });
}
