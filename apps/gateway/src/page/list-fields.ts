import { Flag, Kind, nullable, Text } from '../openapi/fields.js';

/** What every list has besides its data. */
export class ListFields {
  @Kind('list') object: 'list';
  @Flag() has_more: boolean;

  @Text({
    ...nullable,
    description:
      'Goes on in the direction of this page: into `before` if that was given, else into `after`.',
  })
  next_cursor: string | null;

  @Text({ example: '/v1/emails' }) url: string;
}
