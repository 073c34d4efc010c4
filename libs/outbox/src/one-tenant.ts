import { declarationOf, type EventType } from '@penguinmails/contracts';

/** What of a record may name a tenant. */
export interface TenantClaims {
  readonly tenantId: string;
  readonly key: string;
  readonly data: unknown;
}

/**
 * Whether payload and key speak of the tenant of the envelope. Data name a tenant in `tenant_id`
 * only; keys of batches start with the tenant, that of a tenant's own events is the tenant.
 */
export function speaksOfOneTenant(type: EventType, { tenantId, key, data }: TenantClaims): boolean {
  const { tenant_id: named = tenantId } = data as { tenant_id?: unknown };
  return named === tenantId && (tenantInKey(type, key) ?? tenantId) === tenantId;
}

/** Undefined where the key does not hold a tenant. */
function tenantInKey(type: EventType, key: string): string | undefined {
  const rule = declarationOf(type).key;
  if (rule.rule !== 'field') return key.split(':')[0];
  return rule.field === 'tenant_id' ? key : undefined;
}
