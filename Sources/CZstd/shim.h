// The one header through which Swift sees libzstd.
#pragma once
#include <zstd.h>
#include <zstd_errors.h>
