#!/bin/sh
# Prints .env.example with a secret drawn for each name that has none:
#
#   (umask 077; set -C; sh deploy/make-env.sh > .env)
#
# Only its owner may read it then, and one that is there stays: its secrets are those of a cluster that may run.
set -eu
example=$(dirname "$0")/../.env.example
while IFS= read -r line; do
  case $line in
    '#'*) printf '%s\n' "$line" ;;
    # 160 bits behind a letter: whoever reads them as a word does not take them for a number.
    *=) printf '%ss%s\n' "$line" "$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done < "$example"
