import { Body, Controller, Post } from '@nestjs/common';
import { type AddrSpec, parseAddrSpec } from '@penguinmails/contracts';
import { type Caller, CurrentCaller, PlatformRoute } from '@penguinmails/http';
import { unprocessable } from '@penguinmails/http/problem';
import { CreateTenant } from './create-tenant.js';
import type { TenantFoundation } from './tenant-resource.js';
import { CreateTenantRequest } from './tenant.requests.js';

@Controller('internal/tenants')
export class TenantController {
  constructor(private readonly creating: CreateTenant) {}

  @Post()
  @PlatformRoute()
  async create(
    @CurrentCaller() caller: Caller,
    @Body() { name, slug, owner, idempotency }: CreateTenantRequest,
  ): Promise<TenantFoundation> {
    const email = parseOwnerAddress(owner.email);
    return await this.creating.execute(caller, {
      name,
      slug,
      owner: { email, name: owner.name },
      idempotency,
    });
  }
}

function parseOwnerAddress(text: string): AddrSpec {
  const address = parseAddrSpec(text);
  if (address) return address;
  const detail = 'Must be exactly one e-mail address.';
  throw unprocessable([{ pointer: '/owner/email', code: 'invalid_address', detail }]);
}
