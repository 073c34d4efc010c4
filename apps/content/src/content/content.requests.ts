import { MAX_GRANT_LENGTH } from '@penguinmails/http';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsObject,
  IsString,
  IsUUID,
  Matches,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { Type } from 'class-transformer';
import type { AttachmentInput, ContentInput } from './new-content.js';

const OrNull = (): PropertyDecorator => ValidateIf((_object, value) => value !== null);

const STORAGE_KEY = /^cnt_[A-Za-z0-9_-]{22}$/;
/** More than any message may have: the rule itself names its own limit. */
const ARRAY_CAP = 100;
const MAX_FETCHED = 500;

/** A file of `PUT /internal/contents/{key}`. What its values must look like is a rule of the content. */
export class AttachmentRequest implements AttachmentInput {
  @IsString() filename: string;
  @IsString() content_type: string;
  /** base64 */
  @IsString() content: string;
  @IsIn(['attachment', 'inline']) disposition: 'attachment' | 'inline';
  @OrNull() @IsString() content_id: string | null;
}

/** Body of `PUT /internal/contents/{key}`. */
export class PutContentRequest implements ContentInput {
  @OrNull() @IsString() text: string | null;
  @OrNull() @IsString() html: string | null;
  @IsObject() headers: Record<string, string>;

  @IsArray()
  @ArrayMaxSize(ARRAY_CAP)
  @ValidateNested({ each: true })
  @Type(() => AttachmentRequest)
  attachments: AttachmentRequest[];
}

/** One content that a worker asks for. */
export class FetchItemRequest {
  @IsUUID() tenant_id: string;
  @Matches(STORAGE_KEY) storage_key: string;
}

/** Body of `POST /internal/contents:fetch`. */
export class FetchContentsRequest {
  @IsArray()
  @ArrayMaxSize(MAX_FETCHED)
  @IsString({ each: true })
  @MaxLength(MAX_GRANT_LENGTH, { each: true })
  grants: string[];

  @IsArray()
  @ArrayMaxSize(MAX_FETCHED)
  @ValidateNested({ each: true })
  @Type(() => FetchItemRequest)
  items: FetchItemRequest[];
}
