import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { PageQuery } from '../page/page.query.js';
import { IsFlag } from '../request/is-flag.js';

const channels = ['in_app', 'email'] as const;

/** Query of `GET /v1/notifications`. */
export class ListNotificationsQuery extends PageQuery {
  @ApiPropertyOptional({ type: Boolean, description: '`true`: only those not read yet.' })
  @IsOptional()
  @IsFlag()
  unread?: 'true' | 'false';

  @ApiPropertyOptional({ enum: channels })
  @IsOptional()
  @IsIn(channels)
  channel?: (typeof channels)[number];
}

/** Body of `PATCH /v1/notifications/{id}`. */
export class MarkNotificationRequest {
  @ApiProperty({ type: Boolean })
  @IsBoolean()
  is_read: boolean;
}
