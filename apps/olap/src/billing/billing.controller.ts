import { Controller, Get, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, TenantRoute } from '@penguinmails/http';
import { billingRange } from './billing-range.js';
import { BillingQuery } from './billing.requests.js';
import { ReadBilling } from './read-billing.js';

/** What the caller's tenant used and what it is expected to cost. */
@Controller('internal/billing')
export class BillingController {
  constructor(private readonly readBilling: ReadBilling) {}

  @TenantRoute('analytics:read')
  @Get()
  billing(@CurrentCaller() caller: Caller, @Query() query: BillingQuery) {
    return this.readBilling.execute(caller.tenantId, billingRange(query, new Date()));
  }
}
