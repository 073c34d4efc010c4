import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { Must } from '../request/must.js';

export const includable = ['content', 'attempts'] as const;
export type Includable = (typeof includable)[number];

const MAX_LENGTH = 100;

/** The parts that a comma-separated list names; null when it names anything else. */
export function parseInclude(text: unknown): ReadonlySet<Includable> | null {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return null;
  const words = text.split(',');
  const known = includable.filter((part) => words.includes(part));
  return words.every((word) => known.some((part) => part === word)) ? new Set(known) : null;
}

/** Query of `GET /v1/emails/{id}`. */
export class IncludeQuery {
  @ApiPropertyOptional({
    type: String,
    pattern: '^(content|attempts)(,(content|attempts))*$',
    description:
      'Parts to compose in, separated by commas. Their tiers may be down: see `degraded`.',
    example: 'content,attempts',
  })
  @IsOptional()
  @Must('invalid_include', (value) => parseInclude(value) !== null, 'must list content, attempts')
  include?: string;
}
