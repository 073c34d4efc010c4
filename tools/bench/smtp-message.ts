// The message of bench:smtp, as reference/smtp.md has it: about 5 kB of HTML and 0.7 kB of text in UTF-8,
// one recipient and one order per message.
import { generateKeyPairSync } from 'node:crypto';

const row = (n: number) =>
  `<tr><td class="cell" style="padding:4px 8px">Position ${n}</td><td>Größe ${n % 9}</td></tr>\n`;
const rows = Array.from({ length: 52 }, (_, n) => row(n + 1)).join('');
const sentence = 'Ihre Bestellung ist unterwegs; sie kommt voraussichtlich am Freitag an.\n';

/** What oltp and content hand out for the n-th e-mail. */
export function messageParts(n: number, to: string) {
  const order = `Bestellung ${n}, Frau Müller`;
  return {
    envelope: {
      mode: 'live',
      from: { address: 'shop@sender.test', name: 'Müllers Laden' },
      to,
      reply_to: null,
      subject: `${order}: verschickt – Größe M`,
      message_id: `<0190a1b2-c3d4-7e5f-8a9b-${String(n).padStart(12, '0')}@sender.test>`,
      date: '2026-05-04T10:00:00.000Z',
      mailbox_id: 'bench',
      storage_key: 'bench',
    },
    content: {
      tenant_id: 'bench',
      storage_key: 'bench',
      text: `Guten Tag,\n\n${order}\n${sentence.repeat(8)}\nViele Grüße\n`,
      html: `<html lang="de"><body>\n<p>${order}</p>\n<table>\n${rows}</table>\n</body></html>\n`,
      headers: { 'X-Order': String(n) },
      attachments: [],
    },
  };
}

/** New keys of a domain, as oltp hands them out. */
export function newKeys(algorithms: readonly string[]) {
  const pairs = {
    'rsa-sha256': () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
    'ed25519-sha256': () => generateKeyPairSync('ed25519'),
  } as const;
  const keys = algorithms.map((algorithm) => {
    const { privateKey } = pairs[algorithm as keyof typeof pairs]();
    const der = privateKey.export({ type: 'pkcs8', format: 'der' });
    return {
      selector: `${algorithm.slice(0, 2)}1`,
      algorithm,
      private_key: der.toString('base64'),
    };
  });
  return { domain: 'sender.test', keys };
}
