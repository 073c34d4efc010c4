import { Injectable, type PipeTransform } from '@nestjs/common';
import { isUuid } from '@penguinmails/contracts';
import { notFound } from '../problem/problems.js';

/** A path parameter that is an id: anything else answers like an unknown id (404). */
@Injectable()
export class ParseUuid implements PipeTransform<unknown, string> {
  transform(value: unknown): string {
    const id = typeof value === 'string' ? value.toLowerCase() : value;
    if (!isUuid(id)) throw notFound();
    return id;
  }
}
