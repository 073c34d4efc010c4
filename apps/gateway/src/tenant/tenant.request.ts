import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsObject, Matches, ValidateNested } from 'class-validator';
import { IsAddress } from '../request/is-address.js';
import { isLine } from '../request/line-text.js';
import { Must } from '../request/must.js';

const MAX_NAME = 200;
const IsName = () =>
  Must(
    'invalid_name',
    (value) => isLine(value, 1, MAX_NAME),
    `must be 1 to ${MAX_NAME} characters of text`,
  );

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/;

export class OwnerRequest {
  @ApiProperty({ type: String, format: 'email' })
  @IsAddress()
  email: string;

  @ApiProperty({ type: String, minLength: 1, maxLength: MAX_NAME })
  @IsName()
  name: string;
}

export class CreateTenantRequest {
  @ApiProperty({ type: String, minLength: 1, maxLength: MAX_NAME })
  @IsName()
  name: string;

  @ApiProperty({
    type: String,
    pattern: SLUG.source,
    description: 'Its sandbox domain is `<slug>.sandbox.test`.',
  })
  @Matches(SLUG)
  slug: string;

  @ApiProperty({ type: () => OwnerRequest })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => OwnerRequest)
  owner: OwnerRequest;
}
