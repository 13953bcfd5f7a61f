// Configurations of jobs as others may have stored them. Input: the JSON text.
#include "djm/user_config.hpp"

#include <string>

#include "djm/json.hpp"
#include "djm/text.hpp"
#include "djm/value_reader.hpp"
#include "test/fuzz/fuzz.hpp"

namespace {

using namespace djm;
using fuzz::require;

constexpr std::string_view secret = "hunter2";

struct inner {
  std::string user;
  std::string password;
};

template <class V>
auto fields(V&& v, inner& x) {
  return v("inner", field("user", x.user), secret_field("password", x.password));
}

/// What a job may make of it.
struct wanted {
  int batch = 1;
  std::optional<duration> pause;
  double ratio = 0;
  reference_kind kind = reference_kind::env;
  bytes data;
  wall_time at{};
  std::map<std::string, inner> accounts;
  std::vector<std::string> list;
};

template <class V>
auto fields(V&& v, wanted& x) {
  return v("wanted", field("batch", x.batch).range(1, 1000), field("pause", x.pause).range(duration{1}, duration{1000}),
           field("ratio", x.ratio).range(0, 1), field("kind", x.kind), field("data", x.data), field("at", x.at),
           field("accounts", x.accounts), field("list", x.list));
}

void check_refusal(const error& e) {
  require(e.code == errc::invalid_config || e.code == errc::too_large, "a refusal is invalid_config or too_large");
  require(fuzz::is_one_line(e.text), "a refusal is one line that says why");
}

template <class T>
void check_complaint(const expected<T>& x, bool may_show) {
  if (!x) {
    check_refusal(x.error());
    require(may_show || x.error().text.find(secret) == std::string::npos, "a complaint does not show a secret");
  }
}

template <class T>
void check_get(const user_config& c, const std::string& name, bool may_show) {
  const auto x = c.get<T>(name);
  check_complaint(x, may_show);
  if (x && *x && !c.is_resolved()) {
    const auto again = user_config{}.with(name, **x);
    require(again.has_value(), "what can be read can be written");
    require(again->template get<T>(name).has_value(), "and read again");
  }
}

void check_values(const user_config& c, bool may_show) {
  check_complaint(c.as<wanted>(), may_show);
  for (const auto& name : c.names()) {
    require(c.contains(name), "a name is there");
    check_get<int>(c, name, may_show);
    check_get<bool>(c, name, may_show);
    check_get<double>(c, name, may_show);
    check_get<std::string>(c, name, may_show);
    check_get<duration>(c, name, may_show);
    check_get<wall_time>(c, name, may_show);
    check_get<bytes>(c, name, may_show);
    check_get<std::vector<inner>>(c, name, may_show);
    check_get<std::map<std::string, std::uint64_t>>(c, name, may_show);
    check_get<user_config>(c, name, may_show);
  }
}

void check_parts(const user_config& c) {
  auto rebuilt = user_config{};
  for (const auto& name : c.names()) {
    require(!c.without(name).contains(name), "a name can be taken away");
    rebuilt = rebuilt.merged(c.filter([&name](const std::string& x) { return x == name; })).value();
  }
  require(rebuilt == c && rebuilt.hash() == c.hash(), "a configuration is the sum of its values");
  const auto texts = user_config::from_texts(c.to_texts());
  require(texts.has_value() || texts.error().code == errc::too_large,
          "texts are a configuration unless quotes make them too long");
}

void check_resolved(const user_config& c, bool may_show) {
  const auto resolved =
    c.resolved([](const config_reference&) -> expected<std::string> { return std::string{secret}; });
  require(resolved && *resolved == c && resolved->to_json() == c.to_json(), "resolving changes nothing that is stored");
  for (const auto& shown : {to_text(*resolved), to_json_text(*resolved, 2)}) {
    require(may_show || shown.find(secret) == std::string::npos, "what is resolved is not shown");
  }
  check_values(*resolved, may_show);
  const auto refused = c.resolved([](const config_reference&) { return fail(errc::invalid_file, "no"); });
  require(refused.has_value() == c.references().empty(), "what has no reference needs no lookup");
  check_complaint(refused, true);
}

/// The input as other things that stand within a configuration.
void check_words(std::string_view text) {
  if (const auto reference = parse_reference(text)) {
    require(to_string(*reference) == text, "a reference is written as it is read");
  }
  if (bytes data; from_word(text, data)) {
    require(to_word(data) == text, "base64 is written as it is read");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  check_words(text);
  const auto c = user_config::parse(text);
  if (!c) {
    check_refusal(c.error());
    return 0;
  }
  require(c->to_json().size() <= max_config_size, "what is accepted is not too long");
  require(fuzz::is_one_line(c->to_json()) && fuzz::is_one_line(to_text(*c)), "it is one line");
  const auto again = user_config::parse(c->to_json());
  require(again && *again == *c && again->hash() == c->hash(), "its one form is read as the same");
  require(from_json_text<user_config>(to_json_text(*c, 2)).value() == *c, "in any other layout as well");
  // Secrets that stand in the input itself, or could be made of escapes in it, may be shown.
  const bool may_show = c->to_json().find("unte") != std::string::npos;
  check_parts(*c);
  check_values(*c, may_show);
  check_resolved(*c, may_show);
  return 0;
}
