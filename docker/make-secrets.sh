#!/bin/sh
# Makes every secret that compose.yaml names, at random, in docker/secrets/ (or in the folder given). A secret that is
# there already is kept, so that it is safe to run again.
#
# Compose shows a file to its container as it is, with its owner and mode, and the containers run as different users.
# So the files are readable and the folder is not: on this machine only its owner gets past it.
set -eu
umask 077

folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

random() { openssl rand -hex 32; }
keep() { # keep NAME: write standard input to NAME, unless it is there
  if [ -e "$1" ]; then cat >/dev/null; return; fi
  cat >"$1.new"
  [ -s "$1.new" ] || { echo "$1 came out empty" >&2; exit 1; }
  chmod 444 "$1.new"
  mv "$1.new" "$1"
  echo "made $1"
}

random | keep secret_key
random | keep postgres_password
for role in owner app; do
  random | keep "database_${role}_password"
  login=bulwark_$role:$(cat "database_${role}_password")
  echo "postgresql://$login@postgres:5432/bulwark" | keep "database_${role}_url"
done

# Only you know the mail server's password: write it into this file.
[ -e email_password ] || { : >email_password; chmod 644 email_password; echo "made email_password, empty: fill it in"; }

random | keep redis_password
login=bulwark:$(cat redis_password)
echo "redis://$login@redis:6379/0" | keep redis_url
# Redis gets the password's digest. The application may do all that does not run the server; `health` may say PING.
printf 'user default off resetpass nocommands\nuser health on nopass nocommands +ping\nuser bulwark on #%s ~* &* +@all -@admin -@dangerous +info +flushdb\n' \
  "$(printf %s "$(cat redis_password)" | openssl dgst -sha256 -r | cut -d ' ' -f 1)" | keep redis_acl
