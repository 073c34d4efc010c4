import { MAX_GRANT_LENGTH } from '@penguinmails/http';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsString,
  IsUUID,
  MaxLength,
  ValidateNested,
} from 'class-validator';

const MAX_BATCH = 500;

export class MailboxNameRequest {
  @IsUUID()
  tenant_id: string;

  @IsUUID()
  mailbox_id: string;
}

export class ReadTransportsRequest {
  @IsArray()
  @ArrayMaxSize(MAX_BATCH)
  @IsString({ each: true })
  @MaxLength(MAX_GRANT_LENGTH, { each: true })
  grants: string[];

  @IsArray()
  @ArrayMaxSize(MAX_BATCH)
  @ValidateNested({ each: true })
  @Type(() => MailboxNameRequest)
  items: MailboxNameRequest[];
}
