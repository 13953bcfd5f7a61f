#include <dlfcn.h>

#include <mutex>

#include "actors/node/clerk.hpp"
#include "actors/node/node_impl.hpp"
#include "actors/store/raw_message.hpp"
#include "djm/client_actor.hpp"

#if DJM_CAF_1X
#  include "djm/caf_1/types.hpp"
#else
#  include "djm/caf_0_17/types.hpp"
#endif

namespace djm {

namespace {

/// CAF's table of types refers to code and texts of ours until the process ends, so a plug-in that djm is part of must
/// not be unmapped: from here on `dlclose` leaves it where it is.
[[maybe_unused]] void stay_mapped() {
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&init_caf_types), &here) != 0 && here.dli_fname != nullptr) {
    if (void* self = dlopen(here.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE)) {
      dlclose(self);
    }
  }
}

} // namespace

bool init_caf_types() {
  static std::mutex one_at_a_time;
  std::lock_guard<std::mutex> lock{one_at_a_time};
  const bool known = cx::init_types<caf::id_block::djm, caf::id_block::djm_parts>();
#if DJM_CAF_1X
  if (known) {
    stay_mapped();
  }
#endif
  return known;
}

} // namespace djm
