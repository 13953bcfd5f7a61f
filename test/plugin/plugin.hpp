#pragma once

/// What the host of the plug-in calls; looked up by name.
extern "C" {
/// Starts a node, lets a job run, shuts the node down. Null when all went well, else what went wrong.
const char* djm_plugin_run();
}
