#!/bin/sh
# Starts Redis, or a sentinel, with a copy of a configuration file:
#
#   sh start.sh CONFIGURATION FOLDER [LINE …]
#
# A copy, since both write into it what they become: a replica that was made the primary stays it when it starts again. The
# lines are added when the copy is made, so that no password stands in the list of processes. A container that is made anew
# makes its copy anew, and what was changed here counts then.
set -eu
umask 077
configuration=$1
folder=$2
shift 2
name=$(basename "$configuration")
copy=$folder/$name
mkdir -p "$folder"
cd "$folder"
if [ ! -s "$copy" ]; then
  cp "$configuration" "$copy.new"
  printf '\ndir %s\n' "$folder" >> "$copy.new"
  for line in "$@"; do printf '%s\n' "$line" >> "$copy.new"; done
  mv "$copy.new" "$copy"
fi
if [ "$name" = sentinel.conf ]; then exec redis-server "$copy" --sentinel; fi
exec redis-server "$copy"
