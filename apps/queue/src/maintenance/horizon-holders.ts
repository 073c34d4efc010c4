/**
 * What keeps vacuum from removing rows of this database: transactions that have read or written a table
 * of it and are still open, prepared ones too, and replication slots, each by a name that nothing else
 * gets (numbers of transactions begin again when the server starts). The one that asks and those that vacuum or analyse do not hold it back. From pg_locks, because
 * pg_stat_activity would show the statements of other sessions and is closed to the services.
 */
export const HORIZON_HOLDERS = `
SELECT extract(epoch FROM pg_postmaster_start_time())::bigint || ':' || l.virtualtransaction AS holder
FROM pg_locks l
WHERE l.locktype = 'relation' AND l.pid IS DISTINCT FROM pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
GROUP BY l.virtualtransaction
HAVING bool_and(l.mode <> 'ShareUpdateExclusiveLock')
UNION ALL
SELECT 'slot:' || s.slot_name || ':' || s.xmin FROM pg_replication_slots s WHERE s.xmin IS NOT NULL`;
