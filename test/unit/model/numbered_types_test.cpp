#include "test/unit/model/numbered_types.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <typeinfo>
#include <variant>
#include <vector>

#include <cxxabi.h>
#include <doctest/doctest.h>

#include "actors/node/clerk.hpp"
#include "actors/node/node_impl.hpp"
#include "actors/store/raw_message.hpp"
#include "djm/node_actor.hpp"
#include "test/unit/model/all_types.hpp"

/// CAF 1.x asks at run time for the number of what it sends, 0.17.6 never does: what is forgotten would be found by
/// users of 1.x. These tests find it on both.
using namespace djm;
using djm::testing::each_numbered_type;
using djm::testing::has_number;
using djm::testing::tag;

namespace {

template <class T>
std::string name_of() {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text{abi::__cxa_demangle(typeid(T).name(), nullptr, nullptr, &status),
                                                    std::free};
  return text.get();
}

using names = std::set<std::string>;

/// Adds the alternatives of variants anywhere in the fields of `T` that have no number.
template <class T>
void look_for_alternatives(names& missing);

struct field_types {
  names& missing;
  template <class... Ts>
  void operator()(const char*, named_field<Ts>...) const {
    (look_for_alternatives<Ts>(missing), ...);
  }
};

template <class... Ts>
void look_at_alternatives(names& missing, const std::variant<Ts...>*) {
  ((has_number<Ts> ? void() : void(missing.insert(name_of<Ts>()))), ...);
  (look_for_alternatives<Ts>(missing), ...);
}

template <class T>
void look_for_alternatives(names& missing) {
  if constexpr (has_fields<T>) {
    T x{};
    visit_fields(field_types{missing}, x);
  } else if constexpr (djm::detail::is_instance<std::vector, T>::value ||
                       djm::detail::is_instance<std::optional, T>::value) {
    look_for_alternatives<typename T::value_type>(missing);
  } else if constexpr (djm::detail::is_instance<std::map, T>::value) {
    look_for_alternatives<typename T::mapped_type>(missing);
  } else if constexpr (djm::detail::is_instance<std::variant, T>::value) {
    look_at_alternatives(missing, static_cast<const T*>(nullptr));
  }
}

template <class... Ts>
void look_at(names& missing, cx::types<Ts...>) {
  ((has_number<Ts> ? void() : void(missing.insert(name_of<Ts>()))), ...);
  (look_for_alternatives<Ts>(missing), ...);
}

template <class Handle>
void look_at_interface(names& missing) {
  cx::each_signature<Handle>([&](auto in, auto out) {
    look_at(missing, in);
    look_at(missing, out);
  });
}

std::string text(const names& list) {
  std::string all;
  for (const auto& x : list) {
    all += x + ' ';
  }
  return all;
}

template <class T, class... Ts>
constexpr bool is_one_of = (std::is_same_v<T, Ts> || ...);

// -- secrets ------------------------------------------------------------------

constexpr const char* password = "hunter2";

/// Puts something everywhere: the password into every secret, an element into every container, of every variant the
/// alternative with this index, or the last one.
struct filler {
  std::size_t alternative = 0;
  std::size_t secrets = 0;
  names unmarked;

  template <class T>
  void fill(T& x) {
    if constexpr (has_fields<T>) {
      visit_fields(*this, x);
    } else if constexpr (djm::detail::is_instance<std::vector, T>::value) {
      fill(x.emplace_back());
    } else if constexpr (djm::detail::is_instance<std::optional, T>::value) {
      fill(x.emplace());
    } else if constexpr (djm::detail::is_instance<std::map, T>::value) {
      fill(x["key"]);
    } else if constexpr (djm::detail::is_instance<std::variant, T>::value) {
      emplace(x, std::make_index_sequence<std::variant_size_v<T>>{});
      std::visit([this](auto& y) { fill(y); }, x);
    }
  }
  void fill(std::vector<bool>::reference) {}

  template <class V, std::size_t... Is>
  void emplace(V& x, std::index_sequence<Is...>) {
    ((Is <= alternative ? void(x.template emplace<Is>()) : void()), ...);
  }

  template <class... Ts>
  void operator()(const char*, named_field<Ts>... fs) {
    (take(fs), ...);
  }

  template <class T>
  void take(named_field<T> f) {
    const std::string name{f.name};
    const bool sounds_secret =
      name.find("digest") != name.npos || name.find("password") != name.npos || name.find("secret") != name.npos;
    if constexpr (std::is_same_v<T, std::string>) {
      if (f.secret) {
        f.value = password;
        ++secrets;
      } else if (sounds_secret) {
        unmarked.insert(name);
      }
    } else {
      fill(f.value);
    }
  }
};

constexpr std::size_t most_alternatives = 40;

template <class T>
void look_for_shown_secrets(names& shown, names& unmarked, std::size_t& secrets) {
  for (std::size_t i = 0; i < most_alternatives; ++i) {
    T x{};
    filler f;
    f.alternative = i;
    f.fill(x);
    secrets += f.secrets;
    unmarked.insert(f.unmarked.begin(), f.unmarked.end());
    if (caf::deep_to_string(x).find(password) != std::string::npos) {
      shown.insert(name_of<T>());
    }
  }
}

} // namespace

TEST_CASE("every message, every answer and every alternative of a variant has a type id") {
  names missing;
  look_at_interface<node_actor>(missing);
  look_at_interface<store_actor>(missing);
  look_at_interface<keeper_actor>(missing);
  look_at_interface<election_actor>(missing);
  look_at_interface<manager_actor>(missing);
  look_at_interface<worker_actor>(missing);
  look_at_interface<runner_actor>(missing);
  look_at_interface<supervisor_actor>(missing);
  look_at_interface<node_impl>(missing);
  look_at(missing, cx::types<node_event, raw_message, env_closed, question, job_gone>{});
  CHECK(text(missing) == "");
}

TEST_CASE("the search for type ids finds what has none") {
  struct nameless {};
  names missing;
  look_at(missing, cx::types<nameless>{});
  look_at(missing, cx::types<std::variant<node_event, std::set<int>>>{});
  CHECK(missing.size() == 3); // the variant as a message of its own, too
}

TEST_CASE("every type of the public block with a field list is in the serialisation tests") {
  names missing;
  each_numbered_type<caf::id_block::djm>([&](auto t) {
    using type = typename decltype(t)::type;
    if constexpr (has_fields<type> && !is_one_of<type, DJM_PUBLIC_TYPES> && !is_one_of<type, DJM_ORDERS>) {
      missing.insert(name_of<type>());
    }
  });
  CHECK(text(missing) == "");
}

TEST_CASE("no message shows a secret, and what is called one is marked as one") {
  names shown, unmarked;
  std::size_t secrets = 0;
  const auto look = [&](auto t) {
    using type = typename decltype(t)::type;
    if constexpr (has_fields<type>) {
      look_for_shown_secrets<type>(shown, unmarked, secrets);
    }
  };
  each_numbered_type<caf::id_block::djm>(look);
  each_numbered_type<caf::id_block::djm_parts>(look);
  look(tag<node_config>{});
  look(tag<store_config>{});
  CHECK(text(shown) == "");
  CHECK(text(unmarked) == "");
  CHECK(secrets >= 2 * most_alternatives);
}
