import { Injectable } from '@nestjs/common';
import { type AddrSpec, newId } from '@penguinmails/contracts';
import type { TenantTransaction } from '@penguinmails/database';
import { type KeyMode, mintTenantKey, tenantScopes } from '../api-key/api-key.js';
import { type ApiKeyResource, apiKeyResource } from '../api-key/api-key-resource.js';
import { ApiKeyRepository } from '../api-key/api-key.repository.js';
import { MailboxRepository } from '../mailbox/mailbox.repository.js';
import type { TenantFoundation } from './tenant-resource.js';
import { type Plan, TenantRepository } from './tenant.repository.js';

const DEFAULT_PLAN = 'standard';
const SANDBOX_ROOT = 'sandbox.test';
const FIRST_MAILBOX = 'hello';

export interface Founding {
  readonly name: string;
  readonly slug: string;
  readonly owner: { readonly email: AddrSpec; readonly name: string };
}

/** The rows of a new tenant, in the transaction of that tenant. */
@Injectable()
export class FoundTenant {
  constructor(
    private readonly tenants: TenantRepository,
    private readonly mailboxes: MailboxRepository,
    private readonly keys: ApiKeyRepository,
  ) {}

  async execute(
    tx: TenantTransaction,
    founding: Founding,
  ): Promise<{ foundation: TenantFoundation; plan: Plan }> {
    const plan = await this.tenants.plan(tx, DEFAULT_PLAN);
    const tenant = await this.tenant(tx, founding, plan);
    const owner = await this.owner(tx, founding);
    const assets = await this.sandbox(tx, founding.slug);
    const api_keys = await this.firstKeys(tx, owner.id);
    return { foundation: { tenant, owner, ...assets, api_keys }, plan };
  }

  private async tenant(
    tx: TenantTransaction,
    { name, slug }: Founding,
    plan: Plan,
  ): Promise<TenantFoundation['tenant']> {
    const row = { id: tx.tenantId, name, slug, planCode: plan.code };
    const { id, status, createdAt } = await this.tenants.insert(tx, row);
    const created_at = createdAt.toISOString();
    return { object: 'tenant', id, name, slug, status, plan_code: plan.code, created_at };
  }

  private async owner(
    tx: TenantTransaction,
    { owner: { email, name } }: Founding,
  ): Promise<TenantFoundation['owner']> {
    const user = { id: newId(), email: email.address, emailNorm: email.norm, name };
    const { id, role } = await this.tenants.insertUser(tx, { ...user, role: 'owner' });
    return { object: 'user', id, email: email.address, name, role };
  }

  /** A domain below the sandbox's root needs no DNS: it is verified from the start. */
  private async sandbox(
    tx: TenantTransaction,
    slug: string,
  ): Promise<Pick<TenantFoundation, 'domain' | 'mailbox'>> {
    const name = `${slug}.${SANDBOX_ROOT}`;
    const address = `${FIRST_MAILBOX}@${name}`;
    const verified = { status: 'verified', verifiedAt: new Date() } as const;
    const domain = await this.mailboxes.insertDomain(tx, { id: newId(), name, ...verified });
    const mailbox = await this.mailboxes.insertMailbox(tx, {
      id: newId(),
      domainId: domain.id,
      address,
      addressNorm: address,
    });
    return {
      domain: { object: 'domain', id: domain.id, name, status: domain.status },
      mailbox: { object: 'mailbox', id: mailbox.id, address, status: mailbox.status },
    };
  }

  private async firstKeys(tx: TenantTransaction, userId: string): Promise<ApiKeyResource[]> {
    const modes: KeyMode[] = ['live', 'test'];
    const minted = modes.map((mode) => ({ mode, ...mintTenantKey(tx.tenantId, mode) }));
    const rows = await this.keys.insert(
      tx,
      minted.map(({ mode, prefix, sha256 }) => ({
        id: newId(),
        name: `First ${mode} key`,
        prefix,
        keySha256: sha256,
        scopes: [...tenantScopes],
        mode,
        userId,
        expiresAt: null,
      })),
    );
    return rows.map((row, i) => apiKeyResource(row, minted[i].key));
  }
}
