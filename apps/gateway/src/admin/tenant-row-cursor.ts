/** Lists of what belongs to a tenant under a key go on after (tenant, key), which no time is part of. */
export function tenantRowCursor(tenantId: string, key: string) {
  return { created_at: key, id: tenantId };
}

/** The tier's query for such a position. */
export function tenantRowQuery(keyset: { after_created_at?: string; after_id?: string }) {
  return { after_key: keyset.after_created_at, after_tenant_id: keyset.after_id };
}
