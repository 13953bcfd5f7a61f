#include "backend.hpp"

namespace djm::contract {

backend& the_backend() {
  static const auto instance = make_backend();
  return *instance;
}

} // namespace djm::contract
