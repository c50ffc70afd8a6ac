#!/bin/sh
# What has to be done again and again, every hour: `upkeep.sh` for ever, `upkeep.sh once` for cron.
# Every job may run at any time and twice; one that fails does not keep the others from running.
set -u

once() {
  failed=0
  python manage.py auditlog_partitions || failed=1 # next month's table; the owner's to make
  python manage.py auditlog_rollup || failed=1     # what the charts of the review show
  python manage.py prune_tokens || failed=1        # sessions that are long over
  python manage.py clearsessions || failed=1       # the admin's
  python manage.py overdue_jobs --minutes 60 --requeue || failed=1 # what a worker held that died
  python manage.py prune_db_task_results --min-age-days 1 --failed-min-age-days 14 || failed=1 # jobs that are done
  # How long the log is kept, as 13m or 2y; for ever where nobody says.
  [ -z "${AUDIT_KEEP:-}" ] || python manage.py auditlog_retain --keep "$AUDIT_KEEP" || failed=1
  [ "$failed" = 0 ] && touch "${UPKEEP_DONE:-/tmp/upkeep-done}"
  return "$failed"
}

if [ "${1:-}" = once ]; then
  once
  exit
fi
while :; do
  once
  sleep 3600
done
