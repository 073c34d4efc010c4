import { ApiProperty } from '@nestjs/swagger';
import { ApiKey } from '../api-key/api-key.schema.js';
import { Id, Kind, ListOf, Text, Time } from '../openapi/fields.js';

class TenantFields {
  @Kind('tenant') object: 'tenant';
  @Id() id: string;
  @Text() name: string;
  @Text() slug: string;
  @Text() status: string;
  @Text() plan_code: string;
  @Time() created_at: string;
}

export class Owner {
  @Kind('user') object: 'user';
  @Id() id: string;
  @Text({ format: 'email' }) email: string;
  @Text() name: string;
  @Text() role: string;
}

export class Domain {
  @Kind('domain') object: 'domain';
  @Id() id: string;
  @Text() name: string;
  @Text() status: string;
}

export class Mailbox {
  @Kind('mailbox') object: 'mailbox';
  @Id() id: string;
  @Text({ format: 'email', description: 'May be used as `from` at once.' }) address: string;
  @Text() status: string;
}

/** What oltp answers a new tenant with. */
export interface Tenant {
  readonly tenant: TenantFields;
  readonly owner: Owner;
  readonly domain: Domain;
  readonly mailbox: Mailbox;
  readonly api_keys: readonly ApiKey[];
}

/** A new tenant with everything it needs to send. */
export class NewTenant extends TenantFields {
  @ApiProperty({ type: () => Owner }) owner: Owner;
  @ApiProperty({ type: () => Domain }) domain: Domain;
  @ApiProperty({ type: () => Mailbox }) mailbox: Mailbox;
  @ListOf(() => ApiKey, { description: 'A live and a test key, shown once.' }) api_keys: ApiKey[];
}

export const TENANT_FIELDS = [
  'object',
  'id',
  'name',
  'slug',
  'status',
  'plan_code',
  'created_at',
] as const satisfies readonly (keyof TenantFields)[];
