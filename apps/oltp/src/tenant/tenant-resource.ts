import { type ApiKeyResource, withoutSecret } from '../api-key/api-key-resource.js';

/** What the creation of a tenant answers with. */
export interface TenantFoundation {
  readonly tenant: {
    readonly object: 'tenant';
    readonly id: string;
    readonly name: string;
    readonly slug: string;
    readonly status: string;
    readonly plan_code: string;
    readonly created_at: string;
  };
  readonly owner: {
    readonly object: 'user';
    readonly id: string;
    readonly email: string;
    readonly name: string;
    readonly role: string;
  };
  readonly domain: {
    readonly object: 'domain';
    readonly id: string;
    readonly name: string;
    readonly status: string;
  };
  readonly mailbox: {
    readonly object: 'mailbox';
    readonly id: string;
    readonly address: string;
    readonly status: string;
  };
  /** A live and a test key, with their secrets. */
  readonly api_keys: readonly ApiKeyResource[];
}

/** The same without the keys' secrets: what is stored for replays. */
export function withoutSecrets(foundation: TenantFoundation): TenantFoundation {
  return { ...foundation, api_keys: foundation.api_keys.map(withoutSecret) };
}
