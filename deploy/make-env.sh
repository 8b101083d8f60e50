#!/bin/sh
# Prints .env.example with a secret drawn for each name that has none:
#
#   sh deploy/make-env.sh > .env
set -eu
umask 077
example=$(dirname "$0")/../.env.example
while IFS= read -r line; do
  case $line in
    '#'*) printf '%s\n' "$line" ;;
    # 160 bits behind a letter: whoever reads them as a word does not take them for a number.
    *=) printf '%ss%s\n' "$line" "$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done < "$example"
