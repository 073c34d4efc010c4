import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ServiceTokenSigner } from '@penguinmails/http';
import { createLogger } from '@penguinmails/observability';
import { eventually, testKeys } from '@penguinmails/testing';
import { createComposer } from '../../src/compose/create-composer.js';
import { MessageBuilder } from '../../src/compose/message-builder.js';
import { ContentClient } from '../../src/clients/content.client.js';
import { OltpClient } from '../../src/clients/oltp.client.js';
import { type JobResult, QueueClient } from '../../src/clients/queue.client.js';
import { TierClients } from '../../src/clients/tier-clients.js';
import { HeldJobs } from '../../src/lease/held-jobs.js';
import { LeaseKeeper } from '../../src/lease/lease-keeper.js';
import { SendEmail } from '../../src/send-email/send-email.js';
import { TransportDirectory } from '../../src/send-email/transport-directory.js';
import { SmtpPool } from '../../src/smtp/smtp-pool.js';
import { parseSmtpUrl } from '../../src/smtp/smtp-server.js';
import type { TierServer } from './tier-server.js';
import { patience, WorkerBench } from './worker-bench.js';

const SLOW = { timeoutMs: 45_000 };

describe('the worker while something is away', () => {
  let bench: WorkerBench;
  /** When slow@ is answered. */
  let slow: PromiseWithResolvers<void>;

  beforeEach(async () => {
    slow = Promise.withResolvers();
    bench = await WorkerBench.start({}, { slowUntil: slow.promise });
  });
  afterEach(() => bench.stop());

  const called = (server: TierServer, path: string) =>
    eventually(() => expect(server.bodiesOf(path).length).toBeGreaterThan(0));

  it.each(['content', 'oltp'] as const)(
    '%s down: given back unbegun, sent once when it is back',
    async (tier) => {
      await bench[tier].server.down();
      const to = 'later@receiver.test';
      const id = bench.send({ to });
      await eventually(() => expect(bench.queue.kindsOf(id)).toContain('returned'));
      expect(bench.oltp.begun).toEqual([]);
      await bench[tier].server.up();
      await eventually(() => expect(bench.queue.resultOf(id)?.kind).toBe('delivered'), SLOW);
      expect(bench.copiesTo(to)).toBe(1);
      expect(bench.oltp.begun).toEqual([id]);
    },
  );

  it('asks ever less often while a tier stays away', async () => {
    await bench.content.server.down();
    const id = bench.send({ to: 'later@receiver.test' });
    await eventually(() => expect(bench.queue.kindsOf(id).length).toBeGreaterThan(4), SLOW);
    const times = bench.queue.results.map(({ finished_at }) => Date.parse(finished_at));
    expect(times[4] - times[3]).toBeGreaterThanOrEqual(350);
  });

  it('queue down at the report: the outcome is kept, reported once, and nothing sent again', async () => {
    const release = bench.oltp.server.hold();
    const to = 'kept@receiver.test';
    const id = bench.send({ to });
    await called(bench.oltp.server, '/internal/mailboxes:transport');
    await bench.queue.server.down();
    release();
    await bench.sink.waitFor((message) => message.to.includes(to));
    await bench.queue.server.up();
    await eventually(() => expect(bench.queue.kindsOf(id)).toEqual(['delivered']), SLOW);
    expect(bench.copiesTo(to)).toBe(1);
  });

  it('an answer to the report that is lost: reported again, refused, and let go', async () => {
    bench.queue.loseFinishAnswers = 1;
    const id = bench.send({ to: 'twice@receiver.test' });
    const path = '/internal/leases:finish';
    await eventually(() => expect(bench.queue.server.bodiesOf(path)).toHaveLength(2), SLOW);
    await bench.stopWorker();
    expect(bench.queue.server.bodiesOf(path)).toHaveLength(2);
    expect(bench.queue.kindsOf(id)).toEqual(['delivered']);
    expect(bench.copiesTo('twice@receiver.test')).toBe(1);
  });

  it.each([
    ['forged', ['not.a.token']],
    ['missing', []],
  ])('grants that are %s: nothing begins', async (_, grants) => {
    bench.queue.grants = (real) =>
      grants.map((grant) => ({ lease_token: real[0]?.lease_token, grant }));
    const to = 'granted@receiver.test';
    const id = bench.send({ to });
    await eventually(() => expect(bench.queue.kindsOf(id)).toContain('returned'));
    expect([bench.oltp.begun, bench.sink.messages]).toEqual([[], []]);
    bench.queue.grants = undefined;
    await eventually(() => expect(bench.queue.resultOf(id)?.kind).toBe('delivered'), SLOW);
    expect(bench.copiesTo(to)).toBe(1);
  });

  it('SIGTERM gives back what has not begun', async () => {
    const release = bench.content.server.hold();
    const to = 'unbegun@receiver.test';
    const id = bench.send({ to });
    await called(bench.content.server, '/internal/contents:fetch');
    const stopped = bench.stopWorker();
    release();
    await stopped;
    expect(new Set(bench.queue.kindsOf(id))).toEqual(new Set(['returned']));
    expect([bench.oltp.begun, bench.copiesTo(to)]).toEqual([[], 0]);
  });

  it('SIGTERM does not wait for a tier that hangs', async () => {
    const release = bench.content.server.hold();
    const id = bench.send({ to: 'unbegun@receiver.test' });
    await called(bench.content.server, '/internal/contents:fetch');
    const stopped = bench.stopWorker();
    await eventually(() => expect(bench.queue.kindsOf(id)).toContain('returned'));
    release();
    await stopped;
  });

  it('SIGTERM gives back what its last lease still brings, and asks no tier about it', async () => {
    const asked = () => bench.queue.server.bodiesOf('/internal/leases').length;
    const before = asked();
    const release = bench.queue.server.hold();
    // The next one, which waits: the one that was under way then has its answer.
    await eventually(() => expect(asked()).toBeGreaterThan(before), SLOW);
    const id = bench.send({ to: 'unbegun@receiver.test' });
    const stopped = bench.stopWorker();
    release();
    await stopped;
    expect(bench.queue.kindsOf(id)).toEqual(['returned']);
    expect([bench.content.server.calls, bench.oltp.server.calls]).toEqual([[], []]);
  });

  it('what is handed over after SIGTERM goes back at once, whatever tier hangs', async () => {
    await bench.stopWorker();
    const hands = new Hands(bench);
    const release = bench.content.server.hold();
    const mails = ['one', 'two', 'three'].map((to) => bench.accept({ to: `${to}@receiver.test` }));
    bench.queue.offer(...mails);
    const { lease_token, jobs, grants } = await hands.queue.lease(['send_email'], 3, 0);
    const held = hands.held.add(lease_token, jobs, grants);
    await hands.sendEmail.handle(held, hands.report, AbortSignal.abort());
    release();
    await hands.close();
    expect(hands.results.map(({ job_id, kind }) => [job_id, kind])).toEqual(
      mails.map(({ id }) => [id, 'returned']),
    );
    expect([bench.content.server.calls, bench.oltp.server.calls]).toEqual([[], []]);
  });

  it('SIGTERM lets a message that is on its way arrive, and reports it', async () => {
    const to = 'slow@receiver.test';
    const id = bench.send({ to });
    await bench.sink.waitFor((message) => message.to.includes(to));
    expect(bench.queue.results).toEqual([]);
    const release = bench.content.server.hold();
    const unbegun = bench.send({ to: 'unbegun@receiver.test' });
    const path = '/internal/contents:fetch';
    await eventually(() => expect(bench.content.server.bodiesOf(path)).toHaveLength(2));
    const stopped = bench.stopWorker();
    // Given back: the stop has begun.
    await eventually(() => expect(bench.queue.kindsOf(unbegun)).toContain('returned'));
    expect(bench.queue.kindsOf(id)).toEqual([]);
    slow.resolve();
    release();
    await stopped;
    expect(bench.queue.kindsOf(id)).toEqual(['delivered']);
    expect(bench.copiesTo(to)).toBe(1);
  });

  it('a lease that was lost meanwhile is not begun', async () => {
    await bench.stopWorker();
    const hands = new Hands(bench);
    const release = bench.content.server.hold();
    const to = 'lost@receiver.test';
    bench.queue.offer(bench.accept({ to }), bench.accept({ to: 'kept@receiver.test' }));
    const { lease_token, jobs, grants } = await hands.queue.lease(['send_email'], 2, 0);
    const held = hands.held.add(lease_token, jobs, grants);
    const handled = hands.sendEmail.handle(held, hands.report, new AbortController().signal);
    await called(bench.content.server, '/internal/contents:fetch');
    bench.queue.takeAway(jobs[0].id);
    await hands.keeper.beat();
    release();
    await handled;
    await hands.close();
    expect(bench.oltp.begun).toEqual([jobs[1].id]);
    expect([bench.copiesTo(to), bench.copiesTo('kept@receiver.test')]).toEqual([0, 1]);
  });

  it.each([
    ['one of two', ['kept@receiver.test']],
    ['the only one', []],
  ])('mail that is to be cancelled before it has begun is not begun: %s', async (_what, others) => {
    await bench.stopWorker();
    const hands = new Hands(bench);
    const release = bench.content.server.hold();
    const mails = ['unwanted@receiver.test', ...others].map((to) => bench.accept({ to }));
    bench.queue.offer(...mails);
    const { lease_token, jobs, grants } = await hands.queue.lease(['send_email'], 2, 0);
    const held = hands.held.add(lease_token, jobs, grants);
    const handled = hands.sendEmail.handle(held, hands.report, new AbortController().signal);
    await called(bench.content.server, '/internal/contents:fetch');
    bench.queue.toBeCancelled.add(jobs[0].id);
    await hands.keeper.beat();
    release();
    await handled;
    await hands.close();
    expect(bench.oltp.begun).toEqual(jobs.slice(1).map(({ id }) => id));
    expect(hands.results).toContainEqual(
      expect.objectContaining({ job_id: jobs[0].id, kind: 'cancelled', error_code: 'cancelled' }),
    );
    expect(bench.copiesTo('unwanted@receiver.test')).toBe(0);
  });
});

/** The worker's parts without its loop, for a test that says itself when a heartbeat comes. */
class Hands {
  readonly held = new HeldJobs();
  readonly results: JobResult[] = [];
  readonly queue: QueueClient;
  readonly keeper: LeaseKeeper;
  readonly sendEmail: SendEmail;
  private readonly tiers: TierClients;
  private readonly pool = new SmtpPool(
    { connections: 2, messagesPerConnection: 10, idleMs: 1_000 },
    { connectMs: 30_000, greetingMs: 30_000, silenceMs: 30_000 },
  );

  constructor({ queue, oltp, content, sink }: WorkerBench) {
    const urls = { queue: queue.server.url, oltp: oltp.server.url, content: content.server.url };
    const key = { issuer: 'worker', privateKey: testKeys().worker.privateKey } as const;
    const logger = createLogger('worker', { level: 'silent' });
    this.tiers = new TierClients(urls, new ServiceTokenSigner(key), patience);
    this.queue = new QueueClient(this.tiers.queue, 'hands');
    this.keeper = new LeaseKeeper(this.queue, this.held, logger);
    const oltpClient = new OltpClient(this.tiers.oltp);
    this.sendEmail = new SendEmail(
      this.held,
      oltpClient,
      new ContentClient(this.tiers.content),
      new TransportDirectory(oltpClient),
      new MessageBuilder(createComposer('own'), 'main', logger),
      this.pool,
      { relay: parseSmtpUrl(sink.url), sandbox: null },
      logger,
    );
  }

  readonly report = (results: readonly JobResult[]) => void this.results.push(...results);

  async close(): Promise<void> {
    this.pool.close();
    await this.tiers.close();
  }
}
