import type { FactoryProvider } from '@nestjs/common';
import { PeriodicTask } from '@penguinmails/database';
import type { Logger } from '@penguinmails/observability';
import { KeyUsage } from '../api-key/key-usage.js';
import { PurgeExpiredKeys } from '../idempotency/purge-expired-keys.js';
import { FoldUsage } from '../usage/fold-usage.js';

const KEY_USAGE_MS = 2_000;
const FOLD_MS = 30_000;
const PURGE_MS = 600_000;

/** The timers of this tier. All of them are safe on several replicas at once. */
export function housekeeping(logger: Logger): FactoryProvider<PeriodicTask>[] {
  return [
    {
      provide: 'key usage timer',
      inject: [KeyUsage],
      useFactory: (usage: KeyUsage) =>
        new PeriodicTask({
          name: 'write_key_usage',
          everyMs: KEY_USAGE_MS,
          runsAtEnd: true,
          run: () => usage.flush(),
          logger,
        }),
    },
    {
      provide: 'usage fold timer',
      inject: [FoldUsage],
      useFactory: (fold: FoldUsage) =>
        new PeriodicTask({
          name: 'fold_usage',
          everyMs: FOLD_MS,
          run: () => fold.execute(),
          logger,
        }),
    },
    {
      provide: 'expired keys timer',
      inject: [PurgeExpiredKeys],
      useFactory: (purge: PurgeExpiredKeys) =>
        new PeriodicTask({
          name: 'purge_expired_keys',
          everyMs: PURGE_MS,
          run: () => purge.execute(),
          logger,
        }),
    },
  ];
}
