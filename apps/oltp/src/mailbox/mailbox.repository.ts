import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { TenantTransaction } from '@penguinmails/database';
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
}
