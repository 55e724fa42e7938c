#!/bin/sh
# Makes the Debian package of build/lintel in the folder that is named, and says its name. The same
# tree makes the same bytes.
set -eu
cd "$(dirname "$0")/../.."

here=$PWD/config/debian
work=$(mktemp -d)
root=$work/root
trap 'rm -rf "$work"' EXIT

put() { # MODE FILE PATH
    install -D -m "$1" "$2" "$root/$3"
}

put_compressed() { # FILE PATH
    gzip -9nc "$1" >"$work/compressed"
    put 644 "$work/compressed" "$2"
}

strip --strip-unneeded --remove-section=.comment --remove-section=.note -o "$work/lintel" build/lintel
put 755 "$work/lintel" usr/bin/lintel
put_compressed images/tool/lintel.1 usr/share/man/man1/lintel.1.gz
put 644 images/tool/lintel.bash usr/share/bash-completion/completions/lintel
put 644 "$here/copyright" usr/share/doc/lintel/copyright
# The UEFI application is linked with it.
put 644 /usr/share/doc/gnu-efi/copyright usr/share/doc/lintel/copyright.gnu-efi
put_compressed "$here/changelog" usr/share/doc/lintel/changelog.Debian.gz
put_compressed CHANGELOG.md usr/share/doc/lintel/changelog.gz
put_compressed README.md usr/share/doc/lintel/README.md.gz
put_compressed PROTOCOL.md usr/share/doc/lintel/PROTOCOL.md.gz
(cd "$here/hooks" && find . -type f -printf '%P\n') | while read -r file; do
    put 755 "$here/hooks/$file" "$file"
done
for unit in "$here"/units/*.service; do
    put 644 "$unit" "lib/systemd/system/${unit##*/}"
done

# What dpkg is told of them.
for script in postinst prerm postrm; do
    put 755 "$here/scripts/$script" DEBIAN/$script
done
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$here/changelog")
glibc=$(objdump -T "$root/usr/bin/lintel" | sed -n 's/.*GLIBC_\([0-9.]*\).*/\1/p' | sort -V | tail -n 1)
(
    umask 022
    cd "$root"
    find . -path ./DEBIAN -prune -o -type f -printf '%P\n' | LC_ALL=C sort >"$work/files"
    sed -n 's|^etc/|/&|p' "$work/files" >DEBIAN/conffiles
    grep -v '^etc/' "$work/files" | xargs md5sum >DEBIAN/md5sums
    kib=$(xargs du --apparent-size --block-size=1024 <"$work/files" | awk '{ kib += $1 } END { print kib }')
    sed "s/@VERSION@/$version/; s/@KIB@/$kib/; s/@GLIBC@/$glibc/" "$here/control" >DEBIAN/control
)
package=$1/lintel_${version}_amd64.deb
mkdir -p "$1"
dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$root" "$package" >/dev/null
echo "$package"
