import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { notFound } from '@penguinmails/http/problem';
import type { DeadLetter, DeadLetterDetails } from './dead-letter.js';
import {
  type DeadLetterPage,
  DeadLetterSystemRepository,
} from './dead-letter.system.repository.js';

/** Shows operators the dead letters of all tenants. */
@Injectable()
export class ReadDeadLetters {
  constructor(
    private readonly database: SystemDatabase,
    private readonly letters: DeadLetterSystemRepository,
  ) {}

  /** Latest first. */
  async list(page: DeadLetterPage): Promise<{ data: DeadLetter[]; has_more: boolean }> {
    const rows = await this.database.once((tx) => this.letters.list(tx, page), { readOnly: true });
    return { data: rows.slice(0, page.limit), has_more: rows.length > page.limit };
  }

  /** @throws Problem 404 */
  async find(id: string): Promise<DeadLetterDetails> {
    const letter = await this.database.once((tx) => this.letters.find(tx, id), { readOnly: true });
    if (!letter) throw notFound();
    return letter;
  }
}
