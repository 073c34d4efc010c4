import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { conflict, notFound } from '@penguinmails/http/problem';
import { type AuditEntry, AuditRepository } from '../audit/audit.repository.js';
import { MailboxRepository } from '../mailbox/mailbox.repository.js';
import { SecretBox } from '../mailbox/secret-box.js';
import { assertDkimKey, type DkimKey, dnsRecord } from './dkim-key.js';
import { sealKeys } from './stored-dkim-keys.js';

export interface DomainName {
  readonly tenantId: string;
  readonly domainId: string;
}

export type DnsRecord = ReturnType<typeof dnsRecord>;

/** Gives a domain the keys that sign its mail. They take effect once it is verified. */
@Injectable()
export class StoreDkimKeys {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly mailboxes: MailboxRepository,
    private readonly audit: AuditRepository,
    private readonly box: SecretBox,
  ) {}

  /**
   * @returns the TXT records that the domain's owner publishes
   * @throws DkimKeyError a key that could not sign, before anything is written
   * @throws Problem 404 no such domain, 409 `domain_has_keys`
   */
  async execute(
    { tenantId, domainId }: DomainName,
    keys: readonly DkimKey[],
    by: Pick<AuditEntry, 'actorKind' | 'actorId' | 'requestId'>,
  ): Promise<DnsRecord[]> {
    keys.forEach(assertDkimKey);
    const columns = sealKeys(this.box, { tenantId, id: domainId }, keys);
    return await this.tenants.transaction(tenantId, async (tx) => {
      const domain = await this.mailboxes.findDomain(tx, domainId);
      if (!domain) throw notFound();
      if (!(await this.mailboxes.setFirstKeys(tx, domainId, columns))) throw hasKeys();
      const subject = { subjectKind: 'domain', subjectId: domainId };
      await this.audit.append(tx, { ...by, action: 'domain.keys_stored', ...subject });
      return keys.map((key) => dnsRecord(domain.name, key));
    });
  }
}

function hasKeys() {
  return conflict('domain_has_keys', 'The domain has keys already.');
}
