import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { BodyLimit, ServiceRoute } from '@penguinmails/http';
import type { BeginAnswer } from './begin-answer.js';
import { BeginAttempts } from './begin-attempts.js';
import { beginAttemptsRequest, type BeginAttemptsRequest } from './attempt.requests.js';

const BODY_BYTES = 4 * 1024 * 1024;

@Controller('internal')
export class AttemptController {
  constructor(private readonly beginning: BeginAttempts) {}

  @Post('attempts::begin')
  @HttpCode(200)
  @BodyLimit(BODY_BYTES)
  @ServiceRoute('worker')
  async begin(
    @Body(beginAttemptsRequest) { grants, items }: BeginAttemptsRequest,
  ): Promise<{ readonly items: readonly BeginAnswer[] }> {
    const asked = items.map(({ tenant_id, email_id, attempt }) => ({
      tenantId: tenant_id,
      emailId: email_id,
      attempt,
    }));
    return { items: await this.beginning.execute(grants, asked) };
  }
}
