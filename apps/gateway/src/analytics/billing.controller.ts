import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { listEnvelope, TenantRoute } from '@penguinmails/http';
import { type Call, CurrentCall } from '../access/current-call.js';
import { OlapClient } from '../clients/olap.client.js';
import { pick } from '../compose/pick.js';
import { Answers } from '../openapi/answers.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { BillingQuery } from './billing.query.js';
import { BILLING_FIELDS, BillingList, type BillingPeriod } from './billing.schema.js';

@ApiTags('Analytics')
@Controller('v1/analytics/billing')
export class BillingController {
  constructor(private readonly olap: OlapClient) {}

  @Get()
  @TenantRoute('analytics:read')
  @ApiOperation({ summary: 'Read usage and estimated cost by month' })
  @UsesTiers({ required: ['olap'] })
  @Answers(200, BillingList)
  async readBilling(
    @CurrentCall() call: Call,
    @Query() { from, to, granularity }: BillingQuery,
  ): Promise<BillingList> {
    const billing = await this.olap.billing(call, { from, to, granularity });
    const { as_of, lag_seconds } = billing;
    const data = billing.data.map(periodOf);
    return { ...listEnvelope('/v1/analytics/billing', data, null), data, as_of, lag_seconds };
  }
}

function periodOf(period: BillingPeriod): BillingPeriod {
  return { object: 'billing_period', ...pick(period, BILLING_FIELDS) };
}
