#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "djm/complaint_list.hpp"
#include "djm/value_sink.hpp"

namespace djm::impl {

/// Makes a tree of what is written, and complains about what JSON does not hold exactly (bytes that are not UTF-8,
/// numbers that are not finite, times outside the years 0000 to 9999) and about secrets that are no references.
/// Internal: not installed.
class tree_sink final : public value_sink {
public:
  explicit tree_sink(complaint_list& found) : found_(found) {}

  void begin_object(const char* type) override;
  void begin_alternative(const char* type) override;
  void member(const char* name) override;
  void end_object() override;
  void begin_list() override;
  void element() override;
  void end_list() override;
  void begin_map() override;
  void key(std::string_view name) override;
  void end_map() override;
  void none() override;
  void boolean(bool x) override;
  void integer(std::int64_t x) override;
  void natural(std::uint64_t x) override;
  void real(double x) override;
  void text(std::string_view x) override;
  void symbol(std::string_view x) override;
  void span(duration x) override;
  void moment(wall_time x) override;
  void secret(std::string_view x) override;

  nlohmann::json take() { return std::move(root_); }

private:
  struct level {
    nlohmann::json* node; // below the root nothing moves while it is open: only the innermost list grows
    std::string name;     // of the member that follows
    bool entered = false;
  };

  nlohmann::json& put(nlohmann::json x);
  void open(nlohmann::json x);
  void close();
  void enter(std::string name);

  complaint_list& found_;
  nlohmann::json root_;
  std::vector<level> open_;
};

} // namespace djm::impl
