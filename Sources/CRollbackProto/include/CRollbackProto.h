/* Everything in the module CRollbackProto. Written by proto/generate; do not edit. */
#pragma once
#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "rollback/v1/rollback.pb-c.h"
