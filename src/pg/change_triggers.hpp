#pragma once

namespace position_telemetry {

// Has transaction ends tell the queue of collected changes.
void register_change_queue();

}  // namespace position_telemetry
