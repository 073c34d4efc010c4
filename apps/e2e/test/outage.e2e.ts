import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import { type Answer, Api, platform } from './support/api.js';
import { expectProblem } from './support/expect-problem.js';
import { copiesTo } from './support/inbox.js';
import { crash, isLivingTier, pids, type Tier, tellStack, tiers } from './support/stack.js';
import { address, type Email, Tenant } from './support/tenant.js';
import { TenantRows } from './support/tenant-rows.js';

/** A consumer that was killed keeps its partitions for its session time-out of 10 s. */
const BACK = { timeoutMs: 240_000, intervalMs: 100 };
/** The 3 s of architecture.md and what a machine that stands still adds; `outages.e2e.ts` measures closer. */
const LONGEST_MS = 3_000 + 5_000;
const OPEN_BREAKER_MS = 150;
/** In the first of at most so many outages; longer in each that follows. */
const DUE_AFTER_MS = 6_000;
const MOST_OUTAGES = 4;

/** Does the work while a part is down after kill -9; nobody else may die of it. */
async function without(parts: readonly string[], work: () => Promise<void>): Promise<void> {
  const before = pids();
  for (const part of parts) await crash(part);
  try {
    await work();
  } finally {
    for (const part of parts) await tellStack('start', part);
  }
  const others = (all: Record<string, number | null>) =>
    Object.entries(all).filter(([name]) => !parts.includes(name));
  expect(others(pids())).toEqual(others(before));
}

/** The answer of a route whose tier is down: a problem that says so, in time. */
function expectDown(answer: Answer<unknown>, tier: Tier): void {
  expectProblem(answer, 503, 'tier_unavailable');
  expect(answer.body).toMatchObject({ tier, retryable: true, detail: expect.any(String) });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.ms).toBeLessThan(LONGEST_MS);
}

describe('while a part is down', () => {
  let tenant: Tenant;
  let sent: Email;
  /** Has sent nothing, so that a row more would show. */
  let quiet: Tenant;

  beforeAll(async () => {
    tenant = await Tenant.create();
    sent = await tenant.send({ attachments: [{ filename: 'a.txt', content: 'YQ==' }] });
    await tenant.untilStatus(sent.id, 'delivered');
    quiet = await Tenant.create();
    expect((await quiet.live.get('/v1/emails')).status).toBe(200);
  });

  beforeEach(() =>
    eventually(async () => {
      const { body } = await platform().get('/v1/admin/health');
      expect(body.status).toBe('ok');
      expect((await tenant.live.get('/v1/emails')).status).toBe(200);
    }, BACK),
  );

  const get = (path: string) => tenant.live.get(path);
  /** Asks again only after a 503 that blames a living tier: a machine that stands still uses up its time. */
  const expectOk = async (...paths: string[]) => {
    for (const path of paths) {
      const { status, body } = await eventually(async () => {
        const answer = await get(path);
        return !(answer.status === 503 && isLivingTier(answer.body.tier)) && answer;
      });
      expect([path, status, body.tier]).toEqual([path, 200, undefined]);
    }
  };
  const expectHealth = (...down: Tier[]) =>
    eventually(async () => {
      const { body } = await platform().get<Health>('/v1/admin/health');
      const unavailable = body.tiers.filter(({ status }) => status === 'unavailable');
      expect(body.status).toBe('degraded');
      expect(unavailable.map(({ tier }) => tier).sort()).toEqual(down.sort());
    });
  /** Refused because of that tier, with and without an Idempotency-Key, and nothing left behind. */
  const expectNothingAccepted = (tier: Tier) =>
    TenantRows.during(async (rows) => {
      const before = await rows.count(quiet.id);
      for (const headers of [undefined, { 'idempotency-key': tier }]) {
        const answer = await quiet.live.post('/v1/emails', quiet.message(), headers);
        expectDown(answer, tier);
      }
      expect(await rows.count(quiet.id)).toEqual(before);
    });
  /** Sends one message to each of some new addresses. */
  const sendSome = async (fields: object = {}): Promise<Email[]> => {
    const sends = [1, 2, 3].map(() => tenant.send({ to: address(), ...fields }));
    return Promise.all(sends);
  };
  const expectArrived = async (emails: readonly Email[]) => {
    for (const { id, to } of emails) {
      await eventually(async () => {
        expect((await tenant.email(id)).status).toBe('delivered');
      }, BACK);
      expect(await copiesTo(to)).toHaveLength(1);
    }
  };

  it('content: metadata stays, bodies say so', () =>
    without(['content'], async () => {
      await expectOk(`/v1/emails/${sent.id}`, '/v1/emails', `/v1/jobs/${sent.id}`);
      await expectOk('/v1/notifications', '/v1/analytics/billing');
      expectDown(await get(`/v1/emails/${sent.id}/content`), 'content');
      expectDown(await get(`/v1/emails/${sent.id}/attachments/${sent.id}`), 'content');
      const composed = await get(`/v1/emails/${sent.id}?include=content,attempts`);
      expect(composed.status).toBe(200);
      expect(composed.body).toMatchObject({
        degraded: true,
        content: { status: 'unavailable', data: null, error: { tier: 'content' } },
        attempts: { status: 'ok', data: [{ outcome: 'delivered' }] },
      });
      await expectHealth('content');
      await expectNothingAccepted('content');
    }));

  it('content: accepted mail that comes due meanwhile waits', async () => {
    // Only who has taken the part away before the mail is due can tell; who was late tries anew.
    for (let outage = 1, isEarly = false; !isEarly; outage += 1) {
      if (outage > MOST_OUTAGES) throw new Error('content was never away before mail was due');
      const due = Date.now() + outage * DUE_AFTER_MS;
      const waiting = await sendSome({ scheduled_at: new Date(due).toISOString() });
      await without(['content'], async () => {
        isEarly = Date.now() < due;
        await eventually(() => Date.now() > due);
        if (isEarly) for (const { to } of waiting) expect(await copiesTo(to)).toEqual([]);
      });
      await expectArrived(waiting);
    }
  });

  it('content hangs: no request is open for longer than 3 s, then none waits at all', async () => {
    await tellStack('pause', 'content');
    try {
      const ask = () => get(`/v1/emails/${sent.id}/content`);
      for (const answer of await Promise.all([ask(), ask(), ask()])) expectDown(answer, 'content');
      const composed = await get(`/v1/emails/${sent.id}?include=content`);
      expect([composed.status, composed.body.degraded]).toEqual([200, true]);
      expect(composed.ms).toBeLessThan(LONGEST_MS);
      const quick = await eventually(async () => {
        const answer = await ask();
        return answer.ms < OPEN_BREAKER_MS && answer;
      });
      expectDown(quick, 'content');
    } finally {
      await tellStack('resume', 'content');
    }
    await eventually(async () => {
      expect((await get(`/v1/emails/${sent.id}/content`)).status).toBe(200);
    }, BACK);
  });

  it('oltp: its routes say so, reads of the others go on', async () => {
    const stranger = await Tenant.create();
    await without(['oltp'], async () => {
      await expectNothingAccepted('oltp');
      for (const path of ['', `/${sent.id}`, `/${sent.id}/content`])
        expectDown(await get(`/v1/emails${path}`), 'oltp');
      expectDown(await tenant.live.post(`/v1/emails/${sent.id}/cancel`), 'oltp');
      await expectOk('/v1/notifications', '/v1/notifications/unread-count');
      await expectOk('/v1/analytics/billing', `/v1/jobs/${sent.id}`);
      expectDown(await stranger.live.get('/v1/notifications'), 'oltp');
      const malformed = await new Api('x').get('/v1/notifications');
      expectProblem(malformed, 401, 'unauthorized');
      await expectHealth('oltp');
    });
  });

  it('queue: mail is accepted, what is on its way ends, nothing is sent twice', async () => {
    const slow = await tenant.send({ to: address('slow') });
    await eventually(async () => expect(await copiesTo(slow.to)).toHaveLength(1));
    let accepted: Email[] = [];
    await without(['queue'], async () => {
      accepted = await sendSome();
      expectDown(await get(`/v1/jobs/${sent.id}`), 'queue');
      const composed = await get(`/v1/emails/${sent.id}?include=content,attempts`);
      expect(composed.body).toMatchObject({
        degraded: true,
        content: { status: 'ok' },
        attempts: { status: 'unavailable', data: null, error: { tier: 'queue' } },
      });
      await expectOk('/v1/emails', '/v1/notifications', '/v1/analytics/billing');
      await expectHealth('queue');
    });
    await expectArrived([slow, ...accepted]);
  });

  it('olap and notifications: sending is untouched, and counted once afterwards', async () => {
    const counted = await Tenant.create();
    const emails: Email[] = [];
    await without(['olap', 'notifications'], async () => {
      for (let n = 0; n < 3; n += 1) emails.push(await counted.send());
      for (const { id } of emails) await counted.untilStatus(id, 'delivered');
      expectDown(await get('/v1/analytics/billing'), 'olap');
      expectDown(await get('/v1/notifications'), 'notifications');
      expectDown(await get('/v1/notifications/unread-count'), 'notifications');
      const mark = await tenant.live.patch(`/v1/notifications/${sent.id}`, { is_read: true });
      expectDown(mark, 'notifications');
      await expectOk('/v1/emails', `/v1/emails/${sent.id}/content`, `/v1/jobs/${sent.id}`);
      await expectHealth('olap', 'notifications');
    });
    const bytes = emails.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
    await eventually(async () => {
      const { body } = await counted.live.get<{ data: object[] }>('/v1/analytics/billing');
      const total = { emails_sent: 3, emails_delivered: 3, total_bytes: bytes };
      expect(body.data).toMatchObject([total]);
    }, BACK);
    await eventually(async () => {
      const { body } = await counted.live.get<{ data: object[] }>('/v1/notifications');
      const message = expect.stringMatching(/\b3\b/);
      expect(body.data).toMatchObject([{ type: 'delivery_summary', message }]);
    }, BACK);
  });

  it('kafka: mail is accepted and read, and goes out when it is back', async () => {
    let accepted: Email[] = [];
    await without(['kafka'], async () => {
      accepted = await sendSome();
      await expectOk('/v1/emails', `/v1/emails/${accepted[0].id}/content`);
      await expectOk('/v1/notifications', '/v1/analytics/billing', `/v1/jobs/${sent.id}`);
      const held = await Promise.all(accepted.map(({ id }) => tenant.email(id)));
      expect(held.map(({ status }) => status)).toEqual(['queued', 'queued', 'queued']);
    });
    await expectArrived(accepted);
  });

  it('worker: jobs wait for it', async () => {
    let accepted: Email[] = [];
    await without(['worker'], async () => {
      accepted = await sendSome();
      for (const { id } of accepted)
        await eventually(async () => {
          expect((await get(`/v1/jobs/${id}`)).body).toMatchObject({ status: 'ready' });
        });
      for (const { to } of accepted) expect(await copiesTo(to)).toEqual([]);
    });
    await expectArrived(accepted);
  });

  it('the mail server: the attempt is noted, and tried again later', async () => {
    let email: Email | undefined;
    await without(['smtp'], async () => {
      email = await tenant.send();
      await tenant.untilStatus(email.id, 'deferred');
      const { body } = await get(`/v1/emails/${email.id}?include=attempts`);
      const [attempt] = (body.attempts as { data: object[] }).data;
      const error_code = 'smtp_connection_refused';
      expect(attempt).toMatchObject({ outcome: 'deferred', code: null, error_code });
      expect((await get(`/v1/jobs/${email.id}`)).body).toMatchObject({ status: 'scheduled' });
    });
    expect((await tenant.live.post(`/v1/emails/${email?.id}/cancel`)).status).toBe(200);
  });

  it('all five databases at once: no process goes with them, the next mail arrives', async () => {
    const before = pids();
    await Promise.all(tiers.map((tier) => tellStack('kill', `${tier}-db`)));
    const email = await eventually(() => tenant.send(), BACK);
    await expectArrived([email]);
    const apps = ([name]: [string, unknown]) => !name.endsWith('-db');
    expect(Object.entries(pids()).filter(apps)).toEqual(Object.entries(before).filter(apps));
  });
});

interface Health {
  readonly status: string;
  readonly tiers: readonly { readonly tier: Tier; readonly status: string }[];
}
