#!/bin/sh
# Runs a program of this folder on an empty database of each kind, and writes the tables that it made as SQL beside this folder.
#   sh dump.sh NAME 'COMMAND' TABLE…
# COMMAND finds the database in DATABASE: sqlite:FILE, mysql:NAME or postgres:NAME. KINDS names other kinds than all three.
set -eu
name=$1 command=$2
shift 2
for kind in ${KINDS:-sqlite mysql postgres}; do
  out=../$name.$kind.sql
  database=scratch_$name
  case $kind in
  sqlite)
    rm -f "/tmp/$database.sqlite"
    DATABASE="sqlite:/tmp/$database.sqlite" sh -c "$command"
    for table in "$@"; do sqlite3 "/tmp/$database.sqlite" ".dump $table"; done | grep -Ev '^(PRAGMA|BEGIN|COMMIT|ANALYZE|.*sqlite_sequence)' >"$out"
    ;;
  mysql)
    mariadb -h127.0.0.1 -uroot -e "drop database if exists $database; create database $database character set utf8mb4"
    DATABASE="mysql:$database" sh -c "$command"
    mariadb-dump -h127.0.0.1 -uroot --compact --skip-extended-insert --complete-insert "$database" "$@" |
      grep -v '^/\*' | sed -E 's/ AUTO_INCREMENT=[0-9]+//' >"$out"
    mariadb -h127.0.0.1 -uroot -e "drop database $database"
    ;;
  postgres)
    psql -q -h127.0.0.1 -Upostgres -c "drop database if exists $database" -c "create database $database"
    DATABASE="postgres:$database" sh -c "$command"
    # pg_dump leaves the types out where it is given tables.
    pg_dump -h127.0.0.1 -Upostgres --schema-only --no-owner "$database" | sed -n '/^CREATE TYPE/,/;$/p' >"$out"
    pg_dump -h127.0.0.1 -Upostgres --inserts --no-owner --no-privileges $(printf -- ' -t "%s"' "$@") "$database" |
      grep -Ev '^(--|SET |SELECT |\\|$)' >>"$out"
    psql -q -h127.0.0.1 -Upostgres -c "drop database $database"
    ;;
  esac
done
