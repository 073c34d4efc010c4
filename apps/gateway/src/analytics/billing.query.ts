import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { Must } from '../request/must.js';
import { isTime } from '../request/time-text.js';

const isDay = (value: unknown): boolean =>
  typeof value === 'string' && value.length === 10 && isTime(`${value}T00:00:00Z`);
const IsDay = () => Must('invalid_day', isDay, 'must be a day such as 2026-11-01');

/** Query of `GET /v1/analytics/billing`. */
export class BillingQuery {
  @ApiPropertyOptional({
    type: String,
    format: 'date',
    description: 'Default: eleven months before.',
  })
  @IsOptional()
  @IsDay()
  from?: string;

  @ApiPropertyOptional({ type: String, format: 'date', description: 'Default: today.' })
  @IsOptional()
  @IsDay()
  to?: string;

  @ApiPropertyOptional({ enum: ['month'], default: 'month' })
  @IsOptional()
  @IsIn(['month'])
  granularity?: 'month';
}
