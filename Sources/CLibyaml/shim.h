#ifndef ROLLBACKD_CLIBYAML_SHIM_H
#define ROLLBACKD_CLIBYAML_SHIM_H

#include <yaml.h>

#endif
