import { ApiProperty } from '@nestjs/swagger';
import { Id, Kind, nullable, OneOf, Text, Time } from '../openapi/fields.js';
import { modes } from '../email/email.schema.js';

/** What a tenant's key may do. */
export const tenantScopes = [
  'emails:send',
  'emails:read',
  'notifications:read',
  'notifications:write',
  'analytics:read',
  'jobs:read',
  'jobs:write',
  'api_keys:write',
] as const;

export class ApiKey {
  @Kind('api_key') object: 'api_key';
  @Id() id: string;
  @Text() name: string;
  @OneOf(modes) mode: (typeof modes)[number];
  @ApiProperty({ type: String, enum: tenantScopes, isArray: true }) scopes: string[];

  @Text({ ...nullable, description: 'The key itself: in the first answer only, null in a replay.' })
  key: string | null;

  @Time(nullable) expires_at: string | null;
  @Time() created_at: string;
}

export const API_KEY_FIELDS = [
  'object',
  'id',
  'name',
  'mode',
  'scopes',
  'key',
  'expires_at',
  'created_at',
] as const satisfies readonly (keyof ApiKey)[];
