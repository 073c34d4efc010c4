import { Injectable, type PipeTransform } from '@nestjs/common';
import { type Tier, tiers } from '@penguinmails/contracts';
import { notFound } from '@penguinmails/http/problem';

/** A path parameter that names a tier: anything else answers like an unknown id (404). */
@Injectable()
export class ParseTier implements PipeTransform<string, Tier> {
  transform(value: string): Tier {
    const tier = tiers.find((known) => known === value);
    if (!tier) throw notFound();
    return tier;
  }
}
