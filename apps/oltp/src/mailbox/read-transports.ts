import { Inject, Injectable } from '@nestjs/common';
import { systemEventFingerprint } from '@penguinmails/contracts';
import { TenantDatabase } from '@penguinmails/database';
import type { Logger } from '@penguinmails/observability';
import { type AnyNewEvent, EventWriter } from '@penguinmails/outbox';
import { type DkimTransport, openKeys } from '../dkim/stored-dkim-keys.js';
import { GrantReader } from '../grant/grants.js';
import { OLTP_LOGGER } from '../oltp.tokens.js';
import type { DomainEntity } from './domain.entity.js';
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

/** How the mail of a mailbox is handed over. Holds a password and keys: for a worker's memory only. */
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
  /** Null: its mail is not signed. */
  readonly dkim: DkimTransport | null;
}

/** A mailbox with its secrets; or the alarm, when one of them does not open. */
type Opened = { readonly transport: MailboxTransport } | { readonly alarm: AnyNewEvent };

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
   * Leaves out what is not granted or not there, and a mailbox whose secrets do not open: without its
   * password the mail would go out by the relay, under another identity, without its domain's keys
   * unsigned. That one raises an admin event.
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
      const rows = await this.mailboxes.find(tx, ids);
      const domainIds = [...new Set(rows.map(({ domainId }) => domainId))];
      const domains = await this.mailboxes.findDomains(tx, domainIds);
      const byId = new Map(domains.map((domain) => [domain.id, domain]));
      const opened = rows.map((row) => this.open(row, byId.get(row.domainId)));
      await this.events.write(
        tx,
        opened.flatMap((one) => ('alarm' in one ? [one.alarm] : [])),
      );
      return opened.flatMap((one) => ('transport' in one ? [one.transport] : []));
    });
  }

  private open(row: MailboxEntity, domain: DomainEntity | undefined): Opened {
    const { tenantId, id, secretEncrypted } = row;
    const password = this.unsealed(
      id,
      () => secretEncrypted && this.box.open(row, secretEncrypted),
    );
    if (password === undefined)
      return { alarm: unreadable(tenantId, 'mailbox_secret_unreadable', 'mailbox', id) };
    const dkim = this.unsealed(id, () => (domain ? openKeys(this.box, domain) : null));
    if (dkim === undefined)
      return { alarm: unreadable(tenantId, 'dkim_key_unreadable', 'domain', row.domainId) };
    return { transport: transport(row, password, dkim) };
  }

  /** Undefined when what is sealed does not open. */
  private unsealed<T>(mailboxId: string, open: () => T): T | undefined {
    try {
      return open();
    } catch (error) {
      if (!(error instanceof SealedSecretError)) throw error;
      this.logger.error({ err: error, mailbox_id: mailboxId }, 'a sealed secret does not open');
      return undefined;
    }
  }
}

function unreadable(
  tenantId: string,
  eventType: string,
  subjectKind: 'mailbox' | 'domain',
  subjectId: string,
): AnyNewEvent {
  const identity = { eventType, subjectKind, subjectId, tenantId };
  const fingerprint = systemEventFingerprint(identity);
  return {
    type: 'penguinmails.system.event_raised.v1',
    tenantId,
    subject: fingerprint,
    data: {
      event_type: eventType,
      severity: 'error',
      fingerprint,
      subject_kind: subjectKind,
      subject_id: subjectId,
      tenant_id: tenantId,
      code: null,
      count: 1,
    },
  };
}

function transport(
  row: MailboxEntity,
  password: string | null,
  dkim: DkimTransport | null,
): MailboxTransport {
  const { smtpHost: host, smtpPort: port, smtpSecurity: security, smtpUsername: username } = row;
  const hasServer = host !== null && port !== null && security !== null;
  return {
    tenant_id: row.tenantId,
    id: row.id,
    smtp: hasServer ? { host, port, security, username, password } : null,
    unknown_outcome_policy: row.unknownOutcomePolicy,
    status: row.status,
    dkim,
  };
}
