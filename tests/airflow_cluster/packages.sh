#!/bin/sh
# PostgreSQL, Redis, Node and a browser are Debian's. Where they are missing and can't be had, this says so and fails.
set -e
packages="postgresql redis-server chromium nodejs npm"

have() { command -v "$1" >/dev/null 2>&1; }
a_browser() { have chromium || have chromium-browser || have google-chrome; }
postgres() { have initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }

if postgres && have redis-server && have node && have npm && a_browser; then exit 0; fi
if ! have apt-get; then
  echo "this test needs PostgreSQL, Redis, Chromium and Node, and there is no apt-get to install them with" >&2
  exit 1
fi
if have node && have npm; then packages="postgresql redis-server chromium"; fi
if [ "$(id -u)" = 0 ]; then sudo=
elif have sudo && sudo -n true 2>/dev/null; then sudo="sudo -n"
else
  echo "this test needs packages: sudo apt-get install --no-install-recommends $packages" >&2
  exit 1
fi
echo "installing $packages (once)"
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
