import { type Grant, verifyGrant } from '@penguinmails/http';
import { Problem } from '@penguinmails/http/problem';

type PublicKeys = Parameters<typeof verifyGrant>[0];

/** What a worker may ask for, taken together over its grants: of each tenant what is granted for it. */
export class GrantedAccess {
  readonly #jobs = new Set<string>();
  readonly #mailboxes = new Set<string>();

  constructor(grants: readonly Grant[]) {
    for (const { tenantId, jobIds, mailboxIds } of grants.flatMap(({ tenants }) => tenants)) {
      for (const id of jobIds) this.#jobs.add(`${tenantId}/${id}`);
      for (const id of mailboxIds) this.#mailboxes.add(`${tenantId}/${id}`);
    }
  }

  /** A job that sends an e-mail has the e-mail's id. */
  coversEmail(tenantId: string, emailId: string): boolean {
    return this.#jobs.has(`${tenantId}/${emailId}`);
  }

  coversMailbox(tenantId: string, mailboxId: string): boolean {
    return this.#mailboxes.has(`${tenantId}/${mailboxId}`);
  }
}

/** Reads the grants that queue gave a worker. */
export class GrantReader {
  constructor(private readonly publicKeys: PublicKeys) {}

  /**
   * A grant that does not count (expired with its lease, not signed by queue) covers nothing; the
   * others still do, since a worker sends the grants of all its leases together.
   */
  async read(tokens: readonly string[]): Promise<GrantedAccess> {
    const grants = await Promise.all(tokens.map((token) => this.verified(token)));
    return new GrantedAccess(grants.flat());
  }

  private async verified(token: string): Promise<Grant[]> {
    try {
      return [await verifyGrant(this.publicKeys, token, 'oltp')];
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return [];
      throw error;
    }
  }
}
