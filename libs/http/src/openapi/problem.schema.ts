import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { tiers } from '@penguinmails/contracts';

/** One entry of `errors`. */
export class ProblemItemSchema {
  @ApiPropertyOptional({
    type: String,
    description: 'JSON pointer (RFC 6901) into the body; the empty text is the whole body.',
    example: '/attachments/0/filename',
  })
  pointer?: string;

  @ApiPropertyOptional({ type: String, description: 'Name of a query parameter.' })
  parameter?: string;

  @ApiProperty({ type: String, description: 'Stable.', example: 'unknown_field' })
  code: string;

  @ApiProperty({ type: String })
  detail: string;
}

/** application/problem+json (RFC 9457), the body of every answer of 400 and more. */
export class ProblemSchema {
  @ApiProperty({ type: String, example: 'urn:penguinmails:problem:validation_failed' })
  type: string;

  @ApiProperty({ type: String, example: 'Unprocessable Entity' })
  title: string;

  @ApiProperty({ type: Number, example: 422 })
  status: number;

  @ApiPropertyOptional({ type: String, description: 'For people.' })
  detail?: string;

  @ApiProperty({ type: String, description: 'The path that was asked.', example: '/v1/emails' })
  instance: string;

  @ApiProperty({
    type: String,
    description: 'Stable; branch on this.',
    example: 'validation_failed',
  })
  code: string;

  @ApiProperty({ type: String, description: 'As in the x-request-id header.' })
  request_id: string;

  @ApiProperty({ type: Boolean, description: 'Whether the same request may succeed later.' })
  retryable: boolean;

  @ApiPropertyOptional({ enum: tiers, description: 'The part that is down (503).' })
  tier?: string;

  @ApiPropertyOptional({ type: [ProblemItemSchema] })
  errors?: ProblemItemSchema[];
}
