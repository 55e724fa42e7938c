#pragma once

#define LINTEL_VERSION "0.1.0"
