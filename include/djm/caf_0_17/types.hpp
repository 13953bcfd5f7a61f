#pragma once

namespace djm::cx {

/// CAF 0.17.6 keeps no table of types: it is never too late.
template <class... Blocks>
bool init_types() {
  return true;
}

} // namespace djm::cx
