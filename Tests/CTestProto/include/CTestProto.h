/* Everything in the module CTestProto. Written by proto/generate; do not edit. */
#pragma once
#include "deploys.pb-c.h"
#include "testing.pb-c.h"
