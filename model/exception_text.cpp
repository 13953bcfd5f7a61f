#include "model/exception_text.hpp"

#include <cstdlib>
#include <exception>
#include <memory>
#include <typeinfo>

#include <cxxabi.h>

namespace djm::impl {

namespace {

std::string name_of(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                    std::free};
  return name && status == 0 ? name.get() : type.name();
}

std::string text_or(const char* text, const std::type_info& type) {
  return text != nullptr && *text != '\0' ? std::string{text} : "exception of type " + name_of(type) + " without text";
}

} // namespace

std::string current_exception_text() {
  try {
    throw;
  } catch (const std::exception& e) {
    return text_or(e.what(), typeid(e));
  } catch (const std::string& text) {
    return text_or(text.c_str(), typeid(text));
  } catch (const char* text) {
    return text_or(text, typeid(text));
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
    const auto* type = abi::__cxa_current_exception_type();
    return type != nullptr ? "exception of type " + name_of(*type) : "unknown exception";
  }
}

} // namespace djm::impl
