#!/usr/bin/env bash
# The C library as an XCFramework for macOS, iOS and the iOS simulator: Ossicle's engine with its C header, for apps
# and plug-ins in C, C++, Objective-C, or Swift that does not take the package.
#
#   scripts/build_xcframework.sh [OUT]     writes OUT/OssicleC.xcframework (build/xcframework)
#
# Needs Xcode. Written on Linux and never run on a Mac.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out="${1:-build/xcframework}"
name=OssicleC
die() { printf '%s\n' "$*" >&2; exit 1; }
[ "$(uname -s)" = Darwin ] || die "An XCFramework is made on a Mac, with Xcode."
version="$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)"
[ -n "$version" ] || die "pyproject.toml: no version"

# library SDK TRIPLE: builds libossicle.dylib for one processor; $built is its path.
library() {
    local sdk="$1" triple="$2" path
    path="$(xcrun --sdk "$sdk" --show-sdk-path)"
    local options=(--product ossicle -c release --scratch-path "$out/build/$triple" --triple "$triple" --sdk "$path"
        -Xlinker -install_name -Xlinker "@rpath/$name.framework/$name" -Xlinker -dead_strip
        -Xlinker -exported_symbol -Xlinker '_ossicle_*')
    swift build "${options[@]}"
    built="$(swift build "${options[@]}" --show-bin-path)/libossicle.dylib"
}

# framework PLATFORM SDK TRIPLE...: one framework for a platform's processors, added to $arguments.
framework() {
    local bundle="$out/$1/$name.framework" sdk="$2" libraries=() triple part; shift 2
    for triple in "$@"; do
        library "$sdk" "$triple"
        libraries+=("$built")
    done
    rm -rf "$bundle"
    local root="$bundle" plist="$bundle/Info.plist"
    # On a Mac a framework has versions; elsewhere it is flat.
    [ "$sdk" != macosx ] || root="$bundle/Versions/A" plist="$bundle/Versions/A/Resources/Info.plist"
    mkdir -p "$root" "$(dirname "$plist")"
    lipo -create "${libraries[@]}" -output "$root/$name"
    strip -x "$root/$name"
    scripts/framework_headers.sh "$root"
    information "$sdk" >"$plist"
    if [ "$sdk" = macosx ]; then
        ln -sfn A "$bundle/Versions/Current"
        for part in "$name" Headers Modules Resources; do ln -sfn "Versions/Current/$part" "$bundle/$part"; done
    fi
    codesign --force --sign - "$bundle"
    arguments+=(-framework "$bundle")
}

information() { # SDK
    local key=MinimumOSVersion minimum=16.4
    [ "$1" = macosx ] && key=LSMinimumSystemVersion minimum=13.3
    cat <<END
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>CFBundleExecutable</key><string>$name</string>
<key>CFBundleIdentifier</key><string>org.ossicle.$name</string>
<key>CFBundleName</key><string>$name</string>
<key>CFBundlePackageType</key><string>FMWK</string>
<key>CFBundleShortVersionString</key><string>$version</string>
<key>CFBundleVersion</key><string>$version</string>
<key>$key</key><string>$minimum</string>
</dict></plist>
END
}

arguments=()
framework macos macosx arm64-apple-macosx13.3 x86_64-apple-macosx13.3
framework ios iphoneos arm64-apple-ios16.4
framework ios-simulator iphonesimulator arm64-apple-ios16.4-simulator x86_64-apple-ios16.4-simulator
rm -rf "$out/$name.xcframework"
xcodebuild -create-xcframework "${arguments[@]}" -output "$out/$name.xcframework"
# Nothing but the C interface may be visible.
odd="$(nm -gU "$out/macos/$name.framework/$name" | awk 'NF == 3 && $3 !~ /^_ossicle_/ {print $3}' | head -5)"
[ -z "$odd" ] || die "also visible: $odd"
