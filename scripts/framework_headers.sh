#!/usr/bin/env bash
# Headers and module map of OssicleC.framework, for scripts/build_xcframework.sh and the tests of the headers.
#
#   scripts/framework_headers.sh FOLDER     writes FOLDER/Headers and FOLDER/Modules
set -euo pipefail
source="$(dirname "${BASH_SOURCE[0]}")/../Sources/COssicle/include"
folder="$1"
mkdir -p "$folder/Headers/ossicle" "$folder/Modules"
cp "$source/ossicle.h" "$folder/Headers/"
cp "$source"/ossicle/*.h "$folder/Headers/ossicle/"
cat >"$folder/Modules/module.modulemap" <<'END'
framework module OssicleC {
    umbrella header "ossicle.h"
    export *
}
END
