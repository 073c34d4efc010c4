import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import type { DkimKeys } from '../../src/dkim/signing-keys.js';
import { WorkerBench } from './worker-bench.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' }).toString('base64');
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' });
const dkim: DkimKeys = {
  domain: 'sender.test',
  keys: [
    { selector: 'r1', algorithm: 'rsa-sha256', private_key: pkcs8(rsa.privateKey) },
    { selector: 'e1', algorithm: 'ed25519-sha256', private_key: pkcs8(ed.privateKey) },
  ],
};
const records = new Map([
  ['r1._domainkey.sender.test', `v=DKIM1; p=${spki(rsa.publicKey).toString('base64')}`],
  [
    'e1._domainkey.sender.test',
    `v=DKIM1; k=ed25519; p=${spki(ed.publicKey).subarray(-32).toString('base64')}`,
  ],
]);
const resolver = async (name: string) => [[records.get(name) ?? '']];

/** By a verifier that is not ours, top to bottom. */
async function verdicts(raw: Buffer): Promise<string[]> {
  const { results } = await dkimVerify(raw, { resolver });
  return results.map(({ status, signingDomain }) => `${signingDomain} ${status.result}`);
}

const content = {
  text: '.Grüße\r\n..\n\n',
  html: '<p>Grüße  aus </p>\n',
  headers: { 'X-Order': '7', References: '<a@b.test> <c@d.test>' },
  attachments: [
    {
      id: newId(),
      filename: 'März.pdf',
      content_type: 'application/pdf',
      disposition: 'attachment',
      content_id: null,
      content: Buffer.from('%PDF-1.7 \0 bytes').toString('base64'),
    },
  ],
} as const;
const settings = [
  ['own', 'own', 'main'],
  ['own', 'own', 'pool'],
  ['nodemailer', 'own', 'main'],
  ['own', 'nodemailer', 'main'],
  ['nodemailer', 'nodemailer', 'pool'],
];

describe.each(settings)('composer %s, client %s, RSA in %s', (composer, client, signer) => {
  let bench: WorkerBench;
  const [keyed, broken] = [newId(), newId()];

  beforeAll(async () => {
    const environment = { WORKER_COMPOSER: composer, WORKER_DKIM_RSA: signer };
    bench = await WorkerBench.start({ ...environment, WORKER_SMTP_CLIENT: client });
    const mailbox = { smtp: null, unknown_outcome_policy: 'retry_once' } as const;
    bench.oltp.mailboxes.set(keyed, { ...mailbox, dkim });
    const [first, second] = dkim.keys;
    const keys = [first, { ...second, private_key: first.private_key }];
    bench.oltp.mailboxes.set(broken, { ...mailbox, dkim: { ...dkim, keys } });
  });
  afterAll(() => bench.stop());

  it('mail arrives with two signatures that verify, and that a changed byte breaks', async () => {
    const subject = 'Ihre Bestellung: Größe „M“, verschickt';
    const job = { mailbox_id: keyed };
    const id = bench.send({ to: 'ada@receiver.test', content, envelope: { subject }, job });
    expect(await bench.outcomeOf(id)).toMatchObject({ kind: 'delivered' });
    const { raw } = bench.sink.messages.at(-1)!;
    expect(await verdicts(raw)).toEqual(['sender.test pass', 'sender.test pass']);
    const changed = Buffer.from(raw);
    changed[raw.lastIndexOf('PDF') > 0 ? raw.lastIndexOf('PDF') : raw.length - 40] ^= 1;
    expect(await verdicts(changed)).toEqual(['sender.test neutral', 'sender.test neutral']);
  });

  it('mail of a domain without keys goes out unsigned', async () => {
    await bench.outcomeOf(bench.send({ to: 'plain@receiver.test', content }));
    expect(bench.sink.messages.at(-1)?.raw.toString()).not.toMatch(/^DKIM-Signature:/m);
  });

  it('mail that should be signed and cannot be waits; the server never sees it', async () => {
    const before = bench.sink.messages.length;
    const id = bench.send({ to: 'b@receiver.test', content, job: { mailbox_id: broken } });
    const outcome = { kind: 'deferred', error_code: 'dkim_unsigned' };
    expect(await bench.outcomeOf(id)).toMatchObject(outcome);
    expect(bench.sink.messages).toHaveLength(before);
  });
});
