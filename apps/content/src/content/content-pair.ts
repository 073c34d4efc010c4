/** A content of any tenant. */
export interface ContentPair {
  readonly tenantId: string;
  readonly storageKey: string;
}

/** What tells it from all others. */
export function nameOf({ tenantId, storageKey }: ContentPair): string {
  return `${tenantId} ${storageKey}`;
}
