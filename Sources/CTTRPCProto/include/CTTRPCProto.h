/* Everything in the module CTTRPCProto. Written by proto/generate; do not edit. */
#pragma once
#include "google/protobuf/any.pb-c.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "ttrpc/request.pb-c.h"
