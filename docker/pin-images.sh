#!/bin/sh
# Looks up what the tags in compose.yaml are today, and pins them by digest in docker/.env, which compose reads.
# Run it again, and look at the difference, to take updates. Needs a registry and docker's buildx.
set -eu
cd "$(dirname "$0")"

for pair in PYTHON_IMAGE=python:3.11-slim-bookworm CADDY_IMAGE=caddy:2.10-alpine POSTGRES_IMAGE=postgres:17-bookworm REDIS_IMAGE=redis:7.4-bookworm; do
  name=${pair%%=*} tag=${pair#*=}
  digest=$(docker buildx imagetools inspect "$tag" --format '{{.Manifest.Digest}}')
  case $digest in sha256:*) ;; *) echo "no digest for $tag" >&2; exit 1 ;; esac
  { grep -v "^$name=" .env 2>/dev/null || true; echo "$name=$tag@$digest"; } >.env.new
  mv .env.new .env
  echo "$name=$tag@$digest"
done
