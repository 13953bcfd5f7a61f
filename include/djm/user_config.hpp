#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "djm/bytes.hpp"
#include "djm/complaint_list.hpp"
#include "djm/config_reference.hpp"
#include "djm/error.hpp"
#include "djm/field_rules.hpp"
#include "djm/fields.hpp"
#include "djm/value_reader.hpp"
#include "djm/value_sink.hpp"
#include "djm/value_view.hpp"

namespace djm {

/// The most bytes that the JSON of a `user_config` may have: 64 KiB.
constexpr std::size_t max_config_size = 64 * 1024;

/// Parameters of a job: values by name, as one immutable JSON object. What changes it gives a new one. Copies share
/// what is in them, so pass it by value; any number of threads may use the same one.
///
///     auto c = user_config::of(mail_config{}).and_then([](auto& x) { return x.with("batch", 20); });
///     expected<std::optional<int>> batch = c->get<int>("batch");
///     expected<mail_config> all = c->as<mail_config>();
///
/// **Values** are bool, integers, double, text (UTF-8), durations ("10s"), `wall_time`, enumerations with names,
/// `bytes` (base64), structs with a field list, and vector, map from text, optional of these. 1 and 1.0 are the same
/// number; an integer needs no more than 64 bits.
///
/// **Names** follow the rule of ids: letters, digits, ".", "_" and "-" only, 1 to 120 characters, not "." or "..".
/// Members of structs and keys of maps within a value may be any text.
///
/// **Secrets** are not stored. A text may name them: `${env:NAME}` or `${file:/PATH}`, alone or within more text; a
/// `secret_field` is one reference and nothing else, or empty. `resolved` gives a configuration that reads as what they
/// stand for and still shows, compares, travels and is written as the references. `$${` stands for `${`; any other `${`
/// is refused, so that a typing error does not become a password.
///
/// **Errors** are `errc::too_large` for what has more than `max_config_size` bytes as JSON, and `errc::invalid_config`
/// for all else, with all complaints at once, each with JSON pointer, value and rule.
class user_config {
public:
  /// Without values: `{}`.
  user_config() = default;

  /// From a JSON object, such as `to_json` writes. It must be UTF-8, nest at most 64 deep and hold no key twice.
  static expected<user_config> parse(std::string_view json);

  /// From a struct with a field list, or from a map whose keys are names. Fields are checked (`check_fields`).
  template <class T>
  static expected<user_config> of(const T& x) {
    if (auto ok = check_fields(x); !ok) {
      return tl::make_unexpected(std::move(ok.error()));
    }
    return written([&x](value_sink& sink) { write_value(sink, x); });
  }

  /// From texts, each of which stays a text: "12" is no number here.
  static expected<user_config> from_texts(const std::map<std::string, std::string>& texts);

  /// The same with a value of this name, in place of the one that is there.
  template <class T>
  expected<user_config> with(const std::string& name, const T& x) const {
    complaint_list found;
    found.enter(name);
    detail::field_checker{found}.check(x);
    if (auto ok = found.result(); !ok) {
      return tl::make_unexpected(std::move(ok.error()));
    }
    return with_written(name, [&x](value_sink& sink) { write_value(sink, x); });
  }

  /// The same without this name.
  user_config without(std::string_view name) const;
  /// The same with those names alone for which `keep` says true.
  user_config filter(const std::function<bool(const std::string& name)>& keep) const;
  /// What this one has and what `other` has; where both have a name, the value is that of `other`, as a whole.
  expected<user_config> merged(const user_config& other) const;

  /// The value of this name; nothing when it is not there or null, unless `T` is an optional itself. Members of a
  /// struct that it does not have are ignored.
  template <class T>
  expected<std::optional<T>> get(const std::string& name) const {
    const auto value = view().find(name);
    if (!value || (value->is_none() && !detail::is_instance<std::optional, T>::value)) {
      return std::optional<T>{};
    }
    value_reader reader{unknown_keys::ignored, secret_texts::references};
    T x{};
    reader.read_at(name, *value, x);
    if (auto ok = reader.complaints().result(); !ok) {
      return tl::make_unexpected(std::move(ok.error()));
    }
    return std::optional<T>{std::in_place, std::move(x)};
  }

  /// All as a struct with a field list; members that are not there keep their defaults, names that it does not have are
  /// ignored. Ranges are checked, and that secrets are references.
  template <class T>
  expected<T> as() const {
    value_reader reader{unknown_keys::ignored, secret_texts::references};
    T x{};
    reader.read(view(), x);
    if (auto ok = reader.complaints().result(); !ok) {
      return tl::make_unexpected(std::move(ok.error()));
    }
    return x;
  }

  /// Whether there is a value of this name, null included.
  bool contains(std::string_view name) const;
  /// All names, sorted (as bytes).
  std::vector<std::string> names() const;
  /// Whether there are none.
  bool empty() const;
  /// Texts as they are, everything else as JSON: for people, and for what knows nothing but texts.
  std::map<std::string, std::string> to_texts() const;

  /// All on one line, names sorted: equal configurations have equal bytes. At most `max_config_size` of them.
  const std::string& to_json() const noexcept;
  /// FNV-1a with 64 bits of `to_json`, the same in every process and in every version: equal configurations have equal
  /// hashes, and two that differ hardly ever do.
  std::uint64_t hash() const noexcept;
  /// The object, to look at; valid as long as this configuration or a copy of it.
  value_view view() const noexcept;

  /// The references in its texts, each once, sorted.
  std::vector<config_reference> references() const;
  /// The same with references resolved: `get`, `as` and the texts of `view` have what `lookup` returned for them, at
  /// most `max_config_size` bytes of UTF-8 each, and `${` for `$${`. Each reference is looked up once. Errors name the
  /// place, the reference, and what the lookup said. What is made of the result by `with`, `without`, `filter`,
  /// `merged`, or sent in a message, is not resolved any more. What the lookup throws passes through.
  expected<user_config> resolved(const reference_lookup& lookup) const;
  /// Whether it came from `resolved`.
  bool is_resolved() const noexcept;

  /// Whether both are the same as they are stored.
  friend bool operator==(const user_config& a, const user_config& b) noexcept { return a.to_json() == b.to_json(); }
  /// Whether they are not.
  friend bool operator!=(const user_config& a, const user_config& b) noexcept { return !(a == b); }

  /// As a map, for `write_value`.
  void write_to(value_sink& sink) const;
  /// For `value_reader`.
  void read_from(const value_view& v, value_reader& reader);

private:
  struct state;
  struct access;
  using writer = std::function<void(value_sink& sink)>;

  static expected<user_config> written(const writer& write);
  expected<user_config> with_written(const std::string& name, const writer& write) const;

  std::shared_ptr<const state> state_; // nullptr: without values
};

} // namespace djm
