#!/usr/bin/env bash
# docs.sh NONEQ_PROGRAM
# Judges the pages of noneq docs by an HTML parser and a browser that are not ours: every page is well-formed, the search
# finds, nothing is written to the console, and nothing is as wide that a phone would have to be pushed aside.
set -euo pipefail
noneq=$1
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
"$noneq" docs --out "$here/site" > /dev/null
checked=0
if command -v xmllint > /dev/null; then
  while read -r page; do
    # libxml2 knows no elements of HTML 5; those of a page that is not well-formed have other words.
    if xmllint --html --noout --huge "$page" 2>&1 | grep -E 'error : ' | grep -vE 'Tag (main|nav|header|section|details|summary|svg|figure) invalid'; then
      echo "$page is not well-formed"
      exit 1
    fi
    checked=$((checked + 1))
  done < <(find "$here/site" -name '*.html')
  test "$checked" -gt 40
else
  echo "not tested on this machine: there is no xmllint, which parses pages (Debian's package libxml2-utils)"
fi
browser=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$browser" ]; then
  echo "not tested on this machine: there is no chromium, which opens pages (Debian's package chromium)"
  exit 0
fi
opened() {  # opened PAGE WIDTH WHAT-IT-FINDS
  "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$here/profile" --window-size="$2,1200" \
    --disable-background-networking --disable-component-update --disable-sync --no-first-run --no-default-browser-check \
    --virtual-time-budget=4000 --enable-logging=stderr --log-net-log="$here/net.json" --dump-dom "file://$here/site/$1" \
    > "$here/dom.html" 2> "$here/log"
  if grep -E 'CONSOLE' "$here/log"; then
    echo "$1: the page wrote to the console"
    exit 1
  fi
  if ! grep -qE "$3" "$here/dom.html"; then
    echo "$1 at $2 pixels: need '$3' in the page"
    exit 1
  fi
  if grep -oE '"(url|initiator)":"(https?|wss?)://[^"]*"' "$here/net.json" | grep -vE 'google|gstatic' | grep .; then
    echo "$1: the page requested something"
    exit 1
  fi
  checked=$((checked + 1))
}
opened 'index.html' 1200 '<ul id="found" hidden=""></ul>'
opened 'index.html?q=loader.hdf5' 500 '<a href="reference/loader.html#hdf5"><b>loader.hdf5</b>'
opened 'reference/loader.html?q=first_beta' 1200 '<a href="../reference/schedule.html#[a-z_]+\.first_beta">'
opened 'docs/user-guide.html?q=%3Cimg+src=x+onerror=alert(1)%3E' 1200 'Nothing was found\.'
echo "$checked passed, 0 failed"
