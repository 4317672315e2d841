#pragma once

#include "sandbox/message.h"

namespace interaction::sandbox {

// Sends a reply in a way that no HTTP library offers, or one with an interim status as if it were final, by writing to
// the TCP connection itself. The connection cannot be used afterwards; its owner closes it. Blocks while the peer does
// not read, for at most a second.
void DeliverRaw(int socket, const Reply& reply);

}  // namespace interaction::sandbox
