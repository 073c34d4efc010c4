import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newEmailId, newId } from '@penguinmails/contracts';
import { AttemptRepository } from '../../src/email/attempt.repository.js';
import { BeginAttempts } from '../../src/email/begin-attempts.js';
import { CancelEmail } from '../../src/email/cancel-email.js';
import { grantFor, grantOver, OltpParts, problemOf, type TestTenant } from './oltp-parts.js';

let parts: OltpParts;
let tenant: TestTenant;
let other: TestTenant;

beforeAll(async () => {
  parts = await OltpParts.open();
  [tenant, other] = [await parts.newTenant(), await parts.newTenant()];
  await parts.takeEvents();
});
afterAll(() => parts.close());
afterEach(() => parts.takeEvents());

const typesOf = async (): Promise<string[]> => (await parts.takeEvents()).map(({ type }) => type);

describe('beginning attempts', () => {
  it('hands out the envelope and publishes email.sent once', async () => {
    const id = await parts.accept(tenant, { replyTo: 'reply@customer.example' });
    await parts.takeEvents();
    const [answer] = await parts.begin(tenant, [id]);
    expect(answer).toEqual({
      email_id: id,
      decision: 'send',
      envelope: {
        mode: 'live',
        from: { address: tenant.from, name: null },
        to: 'ada@customer.example',
        reply_to: 'reply@customer.example',
        subject: 'Hello',
        message_id: `<${id}@${tenant.from.split('@')[1]}>`,
        date: expect.stringMatching(/^\d{4}-.*Z$/),
        mailbox_id: tenant.mailboxId,
        storage_key: expect.stringMatching(/^cnt_/),
      },
    });
    expect(await parts.status(id)).toBe('sending');
    const [sent, ...more] = await parts.takeEvents();
    expect(sent).toMatchObject({ type: 'penguinmails.email.sent.v1', data: { attempt: 1 } });
    expect(more).toEqual([]);
    // The lease was lost: another worker begins the same attempt, with the same Date.
    expect(await parts.begin(tenant, [id])).toEqual([answer]);
    expect(await parts.takeEvents()).toEqual([]);
  });

  it('refuses what was cancelled, what is suppressed by now and what it does not know', async () => {
    const [cancelled, suppressed] = [
      await parts.accept(tenant),
      await parts.accept(tenant, { to: 'late@customer.example' }),
    ];
    await parts.get(CancelEmail).execute(tenant.id, cancelled);
    await parts.admin.query(
      `INSERT INTO suppressions (tenant_id, mode, address_hash, reason)
       SELECT tenant_id, mode, recipient_hash, 'complaint' FROM emails WHERE id = $1`,
      [suppressed],
    );
    const unknown = newEmailId();
    await parts.takeEvents();
    expect(await parts.begin(tenant, [cancelled, suppressed, unknown])).toEqual([
      { email_id: cancelled, decision: 'refuse', reason: 'cancelled' },
      { email_id: suppressed, decision: 'refuse', reason: 'suppressed' },
      { email_id: unknown, decision: 'refuse', reason: 'unknown_email' },
    ]);
    expect(await parts.status(suppressed)).toBe('suppressed');
    expect(await typesOf()).toEqual(['penguinmails.email.suppressed.v1']);
    expect(await parts.begin(tenant, [suppressed])).toEqual([
      { email_id: suppressed, decision: 'refuse', reason: 'suppressed' },
    ]);
    expect(await typesOf()).toEqual([]);
  });

  const leases: [string, (mine: string, theirs: string) => Promise<string>[]][] = [
    [
      'one grant over all',
      (mine, theirs) => [
        grantOver({ [tenant.id]: { jobIds: [mine, theirs] }, [other.id]: { jobIds: [theirs] } }),
      ],
    ],
    [
      'grants of several leases',
      (mine, theirs) => [
        grantFor(tenant.id, { jobIds: [mine, theirs] }),
        grantFor(other.id, { jobIds: [theirs] }),
      ],
    ],
  ];

  it.each(leases)('serves each tenant by what is granted for it: %s', async (_, granted) => {
    const [mine, theirs] = [await parts.accept(tenant), await parts.accept(other)];
    const grants = [
      ...(await Promise.all(granted(mine, theirs))),
      await grantOver({ [other.id]: { jobIds: [mine] } }, -60),
      'not a grant',
    ];
    const answers = await parts.get(BeginAttempts).execute(grants, [
      { tenantId: tenant.id, emailId: mine, attempt: 1 },
      { tenantId: other.id, emailId: theirs, attempt: 1 },
      // Granted to the tenant, but not its e-mail; and the other way round.
      { tenantId: tenant.id, emailId: theirs, attempt: 1 },
      { tenantId: other.id, emailId: mine, attempt: 1 },
      { tenantId: newId(), emailId: mine, attempt: 1 },
    ]);
    expect(answers.map((a) => (a.decision === 'send' ? 'send' : a.reason))).toEqual([
      'send',
      'send',
      'unknown_email',
      'not_granted',
      'not_granted',
    ]);
  });

  it('publishes email.sent once though an e-mail is named twice in one call', async () => {
    const id = await parts.accept(tenant);
    await parts.takeEvents();
    const answers = await parts.begin(tenant, [id, id]);
    expect(answers.map(({ decision }) => decision)).toEqual(['send', 'send']);
    expect(await typesOf()).toEqual(['penguinmails.email.sent.v1']);
  });

  it('refuses what was cancelled after it was read, and begins the rest of the call', async () => {
    const attempts = parts.get(AttemptRepository);
    const { read } = attempts;
    const [late, mine] = [await parts.accept(tenant), await parts.accept(tenant)];
    await parts.takeEvents();
    attempts.read = async (tx, ids) => {
      const emails = await read.call(attempts, tx, ids);
      attempts.read = read;
      await parts.get(CancelEmail).execute(tenant.id, late);
      return emails;
    };
    const answers = await parts.begin(tenant, [late, mine]);
    expect(answers).toMatchObject([{ reason: 'cancelled' }, { decision: 'send' }]);
    const events = (await parts.takeEvents()).map(({ type, key }) => [type.split('.')[2], key]);
    expect(events.filter(([type]) => type === 'sent')).toEqual([['sent', mine]]);
    expect(await parts.status(late)).toBe('cancelled');
    expect(await parts.status(mine)).toBe('sending');
  });

  it('publishes email.sent once when another worker began the same e-mail after it was read', async () => {
    const attempts = parts.get(AttemptRepository);
    const { read } = attempts;
    const id = await parts.accept(tenant);
    await parts.takeEvents();
    attempts.read = async (tx, ids) => {
      const emails = await read.call(attempts, tx, ids);
      attempts.read = read;
      await parts.begin(tenant, [id]);
      return emails;
    };
    expect(await parts.begin(tenant, [id])).toMatchObject([{ decision: 'send' }]);
    expect(await typesOf()).toEqual(['penguinmails.email.sent.v1']);
  });

  it('begins one by one when the batch was rolled back, and not when the database is away', async () => {
    const attempts = parts.get(AttemptRepository);
    const { beginUnchanged } = attempts;
    const failing = (code: string) => () =>
      Promise.reject(Object.assign(new Error('said by the database'), { code }));
    const id = await parts.accept(tenant);
    await parts.takeEvents();
    attempts.beginUnchanged = failing('57P01');
    await expect(parts.begin(tenant, [id])).rejects.toMatchObject({ code: '57P01' });
    attempts.beginUnchanged = failing('55P03');
    expect(await parts.begin(tenant, [id])).toMatchObject([{ decision: 'send' }]);
    attempts.beginUnchanged = beginUnchanged;
    expect(await typesOf()).toEqual(['penguinmails.email.sent.v1']);
  });

  it('is exclusive with a cancel: exactly one of the two wins, whichever comes first', async () => {
    for (let round = 0; round < 30; round += 1) {
      const id = await parts.accept(tenant);
      const work = [
        () => parts.begin(tenant, [id]),
        () => problemOf(parts.get(CancelEmail).execute(tenant.id, id)).catch(() => undefined),
      ];
      const order = round % 2 === 0 ? work : work.reverse();
      await Promise.all(order.map((one) => one()));
      const events = (await parts.takeEvents()).filter(({ key }) => key === id);
      const types = events.map(({ type }) => type.split('.')[2]);
      const sent = types.includes('sent');
      expect(types.includes('cancelled')).toBe(!sent);
      expect(await parts.status(id)).toBe(sent ? 'sending' : 'cancelled');
    }
  });
});
