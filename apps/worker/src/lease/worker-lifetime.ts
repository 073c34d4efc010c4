import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@penguinmails/observability';
import type { TierClients } from '../clients/tier-clients.js';
import type { MailSender } from '../smtp/mail-sender.js';
import type { LeaseKeeper } from './lease-keeper.js';
import type { LeaseLoop } from './lease-loop.js';
import type { OutcomeReporter } from './outcome-reporter.js';

export interface WorkerParts {
  readonly loop: LeaseLoop;
  readonly keeper: LeaseKeeper;
  readonly reporter: OutcomeReporter;
  readonly pool: MailSender;
  readonly tiers: TierClients;
  readonly logger: Logger;
  readonly heartbeatMs: number;
}

/** A message on its way has this long to end after SIGTERM; then its connection is closed. */
const SEND_MS = 12_000;
const REPORT_MS = 8_000;

/**
 * The order of the worker's life. Going down: lease no more, let messages end (or cut them: the outcome
 * then says what is known), report everything, and only then stop renewing leases.
 */
export class WorkerLifetime implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly parts: WorkerParts) {}

  onApplicationBootstrap(): void {
    this.parts.keeper.start(this.parts.heartbeatMs);
    this.parts.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    const { loop, keeper, reporter, pool, tiers, logger } = this.parts;
    const cut = setTimeout(() => pool.close(), SEND_MS);
    await loop.stop();
    clearTimeout(cut);
    pool.close();
    const unreported = await reporter.close(REPORT_MS);
    if (unreported > 0) logger.error({ unreported }, 'outcomes were not reported');
    keeper.stop();
    await tiers.close();
  }
}
