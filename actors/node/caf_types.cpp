#include "djm/caf.hpp"

#if DJM_CAF_1X

#  include <caf/init_global_meta_objects.hpp>

#  include "actors/node/node_state.hpp"
#  include "actors/store/raw_message.hpp"

namespace djm {

void init_caf_types() {
  caf::core::init_global_meta_objects();
  caf::init_global_meta_objects<caf::id_block::djm>();
  caf::init_global_meta_objects<caf::id_block::djm_parts>();
}

} // namespace djm

#endif
