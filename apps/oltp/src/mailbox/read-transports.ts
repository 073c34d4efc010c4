import { Inject, Injectable } from '@nestjs/common';
import { systemEventFingerprint } from '@penguinmails/contracts';
import { TenantDatabase } from '@penguinmails/database';
import type { Logger } from '@penguinmails/observability';
import { type AnyNewEvent, EventWriter } from '@penguinmails/outbox';
import { GrantReader } from '../grant/grants.js';
import { OLTP_LOGGER } from '../oltp.tokens.js';
import type {
  MailboxEntity,
  MailboxStatus,
  SmtpSecurity,
  UnknownOutcomePolicy,
} from './mailbox.entity.js';
import { MailboxRepository } from './mailbox.repository.js';
import { SealedSecretError, SecretBox } from './secret-box.js';

export interface MailboxName {
  readonly tenantId: string;
  readonly mailboxId: string;
}

/** How the mail of a mailbox is handed over. Holds a password: for a worker's memory only. */
export interface MailboxTransport {
  readonly tenant_id: string;
  readonly id: string;
  /** Null: by the platform's relay. */
  readonly smtp: {
    readonly host: string;
    readonly port: number;
    readonly security: SmtpSecurity;
    readonly username: string | null;
    readonly password: string | null;
  } | null;
  readonly unknown_outcome_policy: UnknownOutcomePolicy;
  readonly status: MailboxStatus;
}

interface Readable {
  readonly row: MailboxEntity;
  /** Undefined when the sealed one does not open; null when there is none. */
  readonly password: string | null | undefined;
}

/** Tells a worker how to send for the mailboxes that its grants name. */
@Injectable()
export class ReadTransports {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly mailboxes: MailboxRepository,
    private readonly grants: GrantReader,
    private readonly box: SecretBox,
    private readonly events: EventWriter,
    @Inject(OLTP_LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Leaves out what is not granted or not there, and a mailbox whose password does not open: without
   * it the mail would go out by the relay, under another identity. That one raises an admin event.
   */
  async execute(
    tokens: readonly string[],
    names: readonly MailboxName[],
  ): Promise<MailboxTransport[]> {
    const access = await this.grants.read(tokens);
    const granted = names.filter((name) => access.coversMailbox(name.tenantId, name.mailboxId));
    const transports: MailboxTransport[] = [];
    for (const [tenantId, group] of Map.groupBy(granted, (name) => name.tenantId))
      transports.push(...(await this.ofTenant(tenantId, group)));
    return transports;
  }

  private async ofTenant(
    tenantId: string,
    names: readonly MailboxName[],
  ): Promise<MailboxTransport[]> {
    const ids = [...new Set(names.map(({ mailboxId }) => mailboxId))];
    return await this.tenants.transaction(tenantId, async (tx) => {
      const read = (await this.mailboxes.find(tx, ids)).map((row) => this.readPassword(row));
      const closed = read.filter(({ password }) => password === undefined);
      await this.events.write(
        tx,
        closed.map(({ row }) => secretUnreadable(tenantId, row.id)),
      );
      return read.flatMap(({ row, password }) =>
        password === undefined ? [] : [transport(row, password)],
      );
    });
  }

  private readPassword(row: MailboxEntity): Readable {
    try {
      return { row, password: row.secretEncrypted && this.box.open(row, row.secretEncrypted) };
    } catch (error) {
      if (!(error instanceof SealedSecretError)) throw error;
      this.logger.error({ err: error, mailbox_id: row.id }, 'the mailbox password does not open');
      return { row, password: undefined };
    }
  }
}

function secretUnreadable(tenantId: string, mailboxId: string): AnyNewEvent {
  const eventType = 'mailbox_secret_unreadable';
  const identity = { eventType, subjectKind: 'mailbox', subjectId: mailboxId, tenantId };
  const fingerprint = systemEventFingerprint(identity);
  return {
    type: 'penguinmails.system.event_raised.v1',
    tenantId,
    subject: fingerprint,
    data: {
      event_type: eventType,
      severity: 'error',
      fingerprint,
      subject_kind: 'mailbox',
      subject_id: mailboxId,
      tenant_id: tenantId,
      code: null,
      count: 1,
    },
  };
}

function transport(row: MailboxEntity, password: string | null): MailboxTransport {
  const { smtpHost: host, smtpPort: port, smtpSecurity: security, smtpUsername: username } = row;
  const hasServer = host !== null && port !== null && security !== null;
  return {
    tenant_id: row.tenantId,
    id: row.id,
    smtp: hasServer ? { host, port, security, username, password } : null,
    unknown_outcome_policy: row.unknownOutcomePolicy,
    status: row.status,
  };
}
