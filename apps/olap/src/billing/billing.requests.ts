import { IsIn, IsOptional, Matches } from 'class-validator';

const DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const message = 'must be a day such as 2026-11-01';

/** Query of `GET /internal/billing`: months that begin from `from` to `to`, both days included. */
export class BillingQuery {
  @IsOptional()
  @Matches(DAY, { message })
  from?: string;

  @IsOptional()
  @Matches(DAY, { message })
  to?: string;

  @IsOptional()
  @IsIn(['month'])
  granularity?: 'month';
}
