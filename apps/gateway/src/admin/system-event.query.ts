import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { PageQuery } from '../page/page.query.js';
import { IsFlag } from '../request/is-flag.js';
import { severities } from './system-event.schema.js';

/** Query of `GET /v1/admin/system-events`. */
export class ListSystemEventsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: severities })
  @IsOptional()
  @IsIn(severities)
  severity?: (typeof severities)[number];

  @ApiPropertyOptional({ type: Boolean })
  @IsOptional()
  @IsFlag()
  resolved?: 'true' | 'false';
}
