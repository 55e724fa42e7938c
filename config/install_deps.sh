#!/bin/sh
# Installs what config/packages.txt lists and this machine lacks. Nothing to do takes no time.
set -eu
cd "$(dirname "$0")"

missing=
packages=$(grep -v '^#' packages.txt)
for package in $packages; do
    status=$(dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null || true)
    [ "$status" = 'install ok installed' ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "These packages are missing, and there is neither root nor sudo to install them:$missing" >&2
        exit 1
    }
    as_root=sudo
fi
echo "Installing:$missing"
# The lists may be absent (a fresh container) or stale: update once when the first try fails.
# shellcheck disable=SC2086 # a word a package
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --no-install-recommends $missing
}
install || { $as_root apt-get update --quiet && install; }
