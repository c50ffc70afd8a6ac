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

# The key that signs access tokens (Ed25519), the one that refresh tokens are derived from and the one that encrypts the
# seeds of authenticator apps, as JSON Web Keys (RFC 8037, RFC 7517). `manage.py rotate_signing_key` takes it from there.
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
if [ ! -e signing_keys ]; then
  now=$(date -u +%Y-%m-%dT%H:%M:%S+00:00)
  kid=$(date -u +%Y%m%d)-
  openssl genpkey -algorithm ed25519 -outform DER -out signing_key.new
  private=$(tail -c 32 signing_key.new | base64url)
  public=$(openssl pkey -inform DER -in signing_key.new -pubout -outform DER | tail -c 32 | base64url)
  rm signing_key.new
  printf '{"access": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "%s", "x": "%s", "d": "%s", "active_from": "%s"}],\n "refresh": [{"kty": "oct", "alg": "HS256", "use": "sig", "kid": "%s", "k": "%s", "active_from": "%s"}],\n "encryption": [{"kty": "oct", "alg": "HS256", "use": "sig", "kid": "%s", "k": "%s", "active_from": "%s"}]}\n' \
    "$kid$(openssl rand -hex 4)" "$public" "$private" "$now" \
    "$kid$(openssl rand -hex 4)" "$(openssl rand 32 | base64url)" "$now" \
    "$kid$(openssl rand -hex 4)" "$(openssl rand 32 | base64url)" "$now" | keep signing_keys
fi

# The key that signs the audit log's checkpoints, as a note key (c2sp.org/signed-note), and what checks its signatures.
if [ ! -e seal_keys ]; then
  openssl genpkey -algorithm ed25519 -outform DER -out seal_key.new
  openssl pkey -inform DER -in seal_key.new -pubout -outform DER | tail -c 32 >seal_key_public.new
  key_id=$({ printf 'bulwark\n\001'; cat seal_key_public.new; } | openssl dgst -sha256 -r | cut -c 1-8)
  rm -f seal_verifiers
  { printf '\001'; cat seal_key_public.new; } | openssl base64 -A | { printf 'bulwark+%s+' "$key_id"; cat; echo; } | keep seal_verifiers
  { printf '\001'; tail -c 32 seal_key.new; } | openssl base64 -A | { printf 'PRIVATE+KEY+bulwark+%s+' "$key_id"; cat; echo; } | keep seal_keys
  rm seal_key.new seal_key_public.new
fi

# Only you know the mail server's password: write it into this file.
[ -e email_password ] || { : >email_password; chmod 644 email_password; echo "made email_password, empty: fill it in"; }

# What alerts and shipped events are signed with (standardwebhooks.com): give it to whoever receives them.
openssl rand 32 | openssl base64 -A | { printf whsec_; cat; } | keep webhook_secret

random | keep redis_password
login=bulwark:$(cat redis_password)
echo "redis://$login@redis:6379/0" | keep redis_url
# Redis gets the password's digest. The application may do all that does not run the server; `health` may say PING.
printf 'user default off resetpass nocommands\nuser health on nopass nocommands +ping\nuser bulwark on #%s ~* &* +@all -@admin -@dangerous +info +flushdb\n' \
  "$(printf %s "$(cat redis_password)" | openssl dgst -sha256 -r | cut -d ' ' -f 1)" | keep redis_acl
