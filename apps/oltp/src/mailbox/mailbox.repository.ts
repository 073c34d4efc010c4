import { Injectable } from '@nestjs/common';
import { In, IsNull } from 'typeorm';
import type { TenantTransaction } from '@penguinmails/database';
import type { DkimColumns } from '../dkim/stored-dkim-keys.js';
import { DomainEntity } from './domain.entity.js';
import { MailboxEntity } from './mailbox.entity.js';

export type NewDomain = Pick<DomainEntity, 'id' | 'name' | 'status' | 'verifiedAt'>;
export type NewMailbox = Pick<MailboxEntity, 'id' | 'domainId' | 'address' | 'addressNorm'>;

/** Sending assets of one tenant. */
@Injectable()
export class MailboxRepository {
  async insertDomain(tx: TenantTransaction, domain: NewDomain): Promise<DomainEntity> {
    const row = tx.entities.create(DomainEntity, { ...domain, tenantId: tx.tenantId });
    await tx.entities.insert(DomainEntity, row);
    return row;
  }

  async insertMailbox(tx: TenantTransaction, mailbox: NewMailbox): Promise<MailboxEntity> {
    const row = tx.entities.create(MailboxEntity, { ...mailbox, tenantId: tx.tenantId });
    await tx.entities.insert(MailboxEntity, row);
    return row;
  }

  async find(tx: TenantTransaction, ids: readonly string[]): Promise<MailboxEntity[]> {
    return await tx.entities.findBy(MailboxEntity, { tenantId: tx.tenantId, id: In([...ids]) });
  }

  async findDomain(tx: TenantTransaction, id: string): Promise<DomainEntity | null> {
    return await tx.entities.findOneBy(DomainEntity, { tenantId: tx.tenantId, id });
  }

  async findDomains(tx: TenantTransaction, ids: readonly string[]): Promise<DomainEntity[]> {
    return await tx.entities.findBy(DomainEntity, { tenantId: tx.tenantId, id: In([...ids]) });
  }

  /** @returns false when the domain has keys, which then stay */
  async setFirstKeys(tx: TenantTransaction, id: string, keys: DkimColumns): Promise<boolean> {
    const keyless = { dkimSelector: IsNull(), dkimEd25519Selector: IsNull() };
    const { affected } = await tx.entities.update(
      DomainEntity,
      { tenantId: tx.tenantId, id, ...keyless },
      keys,
    );
    return affected === 1;
  }
}
