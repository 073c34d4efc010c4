import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { PageQuery, ToBoolean } from '../notification/notification.requests.js';

/** Query of `GET /internal/admin-events`. */
export class AdminEventQuery extends PageQuery {
  @IsOptional()
  @IsIn(['info', 'warning', 'error', 'critical'])
  severity?: string;

  @IsOptional()
  @ToBoolean()
  @IsBoolean()
  resolved?: boolean;
}
