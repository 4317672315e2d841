#pragma once

#include "sandbox/message.h"

namespace interaction::sandbox {

// Delivers a reply in one of the ways that no HTTP library offers, or one with an interim status as if it were final:
// writes to the TCP connection itself. The connection is not usable afterwards; its owner closes it. Blocks for as long
// as the peer does not read, but not for more than a second.
void DeliverRaw(int socket, const Reply& reply);

}  // namespace interaction::sandbox
