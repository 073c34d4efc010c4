import { Injectable } from '@nestjs/common';
import { type AddrSpec, newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { isUniqueViolation, TenantDatabase, type TenantTransaction } from '@penguinmails/database';
import type { Caller } from '@penguinmails/http';
import { conflict } from '@penguinmails/http/problem';
import { EventWriter } from '@penguinmails/outbox';
import { AuditRepository } from '../audit/audit.repository.js';
import { auditedBy } from '../audit/audited-by.js';
import type { IdempotencyClaim } from '../idempotency/idempotency.repository.js';
import { IdempotentAnswer } from '../idempotency/idempotent-answer.js';
import { FoundTenant } from './found-tenant.js';
import { type TenantFoundation, withoutSecrets } from './tenant-resource.js';

export interface NewTenantCommand {
  readonly name: string;
  readonly slug: string;
  readonly owner: { readonly email: AddrSpec; readonly name: string };
  readonly idempotency?: IdempotencyClaim;
}

/**
 * Makes a tenant that can send at once, in one transaction. The Idempotency-Key and the audit entry
 * belong to the platform tenant, everything else to the new one: the transaction works under both.
 */
@Injectable()
export class CreateTenant {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly founding: FoundTenant,
    private readonly audit: AuditRepository,
    private readonly answers: IdempotentAnswer,
    private readonly events: EventWriter,
  ) {}

  /** @throws Problem 409 `slug_taken` */
  async execute(caller: Caller, command: NewTenantCommand): Promise<TenantFoundation> {
    try {
      return await this.tenants.slice(async (slice) => {
        const platform = await slice.forTenant(PLATFORM_TENANT_ID);
        await this.answers.hold(platform, command.idempotency);
        const tenant = await slice.forTenant(newId());
        const foundation = await this.found(tenant, command);
        await this.record(platform, caller, foundation);
        await this.answers.store(platform, command.idempotency, 201, withoutSecrets(foundation));
        return foundation;
      });
    } catch (error) {
      if (isUniqueViolation(error, 'tenants_slug_key')) throw slugTaken();
      throw error;
    }
  }

  private async found(tx: TenantTransaction, command: NewTenantCommand): Promise<TenantFoundation> {
    const { foundation, plan } = await this.founding.execute(tx, command);
    await this.events.write(tx, [
      {
        type: 'penguinmails.tenant.created.v1',
        tenantId: tx.tenantId,
        subject: tx.tenantId,
        entityVersion: 1,
        data: {
          tenant_id: tx.tenantId,
          owner_user_id: foundation.owner.id,
          plan_code: plan.code,
          price_per_thousand: plan.price_per_thousand,
          currency: plan.currency,
        },
      },
    ]);
    return foundation;
  }

  private async record(
    platform: TenantTransaction,
    caller: Caller,
    { tenant }: TenantFoundation,
  ): Promise<void> {
    await this.audit.append(platform, {
      ...auditedBy(caller),
      action: 'tenant.created',
      subjectKind: 'tenant',
      subjectId: tenant.id,
      details: { plan_code: tenant.plan_code },
    });
  }
}

function slugTaken() {
  return conflict('slug_taken', 'Another tenant has this slug.');
}
