#!/bin/sh
# Unpacks what config/guests.txt lists under build/guests. A package that is there costs no time.
set -eu
cd "$(dirname "$0")/.."
guests=$PWD/build/guests
mkdir -p "$guests/.packages"

# A package that only depends on the newest version of another stands for that one.
resolve() {
    case $1 in
    linux-image-*)
        apt-cache show --no-all-versions "$1" | sed -n 's/^Depends: \([^ ,]*\).*/\1/p' | head -n 1 ;;
    *) echo "$1" ;;
    esac
}

fetch() {
    package=$(resolve "$1")
    echo "Fetching $package"
    (cd "$guests/.packages" && apt-get download -qq -o APT::Sandbox::User=root "$package")
    dpkg-deb --extract "$guests/.packages/$package"_*.deb "$guests"
    rm "$guests/.packages/$package"_*.deb
    touch "$guests/.packages/$1"
}

packages=$(grep -v '^#' config/guests.txt)
for package in $packages; do
    [ -e "$guests/.packages/$package" ] || fetch "$package"
done
