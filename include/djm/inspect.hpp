#pragma once

#include "djm/caf.hpp"
#include "djm/fields.hpp"
#include "djm/text.hpp"
#include "djm/time.hpp"

/// CAF's view of every type with a field list. Include it wherever such a type travels in a message.
///
/// - `deep_to_string` prints names: `item_ref(job="mail", item="eu")`, durations as "10s", enumerators by name, times
///   in UTC, secrets as "***".
/// - The binary form holds the fields in their order, secrets included: it is for messages between actors, never for
///   storage (no names, no version).
#if DJM_CAF_1X
#  include "djm/caf_1/field_lists.hpp"
#else
#  include "djm/caf_0_17/field_lists.hpp"
#endif

/// Argument-dependent lookup does not look into the enclosing namespace.
namespace djm::store {
using djm::inspect;
} // namespace djm::store
