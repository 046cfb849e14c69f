# SPDX-License-Identifier: Apache-2.0
# Shared by the image recipes: where things are, progress, and "is it still up to date?". Sourced with $top set.
images=$top/build/images
suite=trixie
mirror=${VCOCKPIT_MIRROR:-} # empty: the distribution's default

say() { printf '%s\n' "cockpit: $*" >&2; }
fail() {
	say "$*"
	exit 1
}

# step NAME COMMAND…: runs a step, its output in build/images/NAME.log, and tells how long it took.
step() {
	step_name=$1
	shift
	printf 'cockpit: %s … ' "$step_name" >&2
	step_start=$(date +%s)
	log=$images/$(printf '%s' "$step_name" | tr -c 'a-zA-Z0-9\n' '-').log
	# In a background shell, since "set -e" counts for nothing inside a condition.
	(set -eu && "$@") > "$log" 2>&1 &
	if wait $!; then
		printf 'done in %d s\n' $(($(date +%s) - step_start)) >&2
	else
		printf 'FAILED; the end of %s:\n' "$log" >&2
		tail -n 20 "$log" >&2
		exit 1
	fi
}

# packages FILE: the names in a package list, comma-separated.
packages() { sed 's/#.*//' "$1" | tr -s ' \n' ',' | sed 's/^,//;s/,$//'; }

# recipe_hash FILE…: one word that changes with the content of files and folders.
recipe_hash() {
	for path in "$@"; do
		find "$path" -type f | LC_ALL=C sort
	done | xargs sha256sum | sed "s# .*$top/# #" | sha256sum | cut -c 1-16
}

# fresh NAME HASH: is image NAME made from this recipe?  mark NAME HASH: it is now.
fresh() { [ "$(cat "$images/$1.stamp" 2>/dev/null)" = "$2" ]; }
mark() { echo "$2" > "$images/$1.stamp"; }

# bootstrap VARIANT PACKAGES TARGET [OPTION…]: mmdebstrap with our choices. As root plainly, else in a user namespace.
bootstrap() {
	variant=$1 include=$2 target=$3
	shift 3
	mode=root
	[ "$(id -u)" = 0 ] || mode=unshare
	mmdebstrap --mode=$mode --variant="$variant" --components=main --include="$include" \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "5"' "$@" "$suite" "$target" $mirror
}

# as_root COMMAND…: as root, real or in a user namespace.
as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else unshare --map-auto --map-root-user "$@"; fi
}

# writable FILE: an empty file that a hook can fill, whichever user it runs as.
writable() { : > "$1" && chmod 666 "$1"; }

# remove PATH: also trees that a user namespace made.
remove() { rm -rf "$1" 2>/dev/null || as_root rm -rf "$1"; }
