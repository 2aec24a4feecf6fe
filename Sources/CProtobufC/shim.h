#pragma once

// protobuf-c 1.4: the runtime of the generated C messages. Nothing in it needs a wrapper.
#include <protobuf-c/protobuf-c.h>
