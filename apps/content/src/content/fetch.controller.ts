import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import type { PublicKeys } from '@penguinmails/config';
import { ServiceRoute, verifyGrant } from '@penguinmails/http';
import { TOKEN_PUBLIC_KEYS } from '../content.tokens.js';
import { toFetchAnswer } from './content.answers.js';
import { FetchContentsRequest } from './content.requests.js';
import { FetchContents } from './fetch-contents.js';
import type { GrantedKeys } from './fetch-plan.js';

/** Contents for the worker: what a grant of the queue names, and nothing else. */
@Controller('internal')
export class FetchController {
  constructor(
    private readonly fetchContents: FetchContents,
    @Inject(TOKEN_PUBLIC_KEYS) private readonly publicKeys: PublicKeys,
  ) {}

  @ServiceRoute('worker')
  @Post('contents::fetch')
  @HttpCode(200)
  async fetch(@Body() { grants, items }: FetchContentsRequest) {
    const pairs = items.map((item) => ({ tenantId: item.tenant_id, storageKey: item.storage_key }));
    return toFetchAnswer(await this.fetchContents.execute(await this.grantedBy(grants), pairs));
  }

  /** @throws Problem 401 `invalid_grant` */
  private async grantedBy(tokens: readonly string[]): Promise<GrantedKeys> {
    const verify = (token: string) => verifyGrant(this.publicKeys, token, 'content');
    const granted = new Map<string, Set<string>>();
    const grants = await Promise.all(tokens.map(verify));
    for (const { tenantId, contentKeys } of grants.flatMap(({ tenants }) => tenants)) {
      const keys = granted.get(tenantId) ?? new Set();
      contentKeys.forEach((key) => keys.add(key));
      granted.set(tenantId, keys);
    }
    return granted;
  }
}
