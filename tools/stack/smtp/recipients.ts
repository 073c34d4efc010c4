/** What the sink does with mail for one address. */
export type Treatment = 'deliver' | 'refuse' | 'slow' | 'cut';

/** An SMTP reply that refuses a recipient. */
export interface Refusal {
  code: number;
  text: string;
}

const REFUSALS: Record<string, Refusal> = {
  bounced: { code: 550, text: '5.1.1 no such mailbox here' },
  deferred: { code: 451, text: '4.2.1 this mailbox is busy, try again later' },
  suppressed: { code: 550, text: '5.7.1 this address asked not to get mail' },
};

const TREATMENTS: Record<string, Treatment> = { slow: 'slow', cut: 'cut' };

/** Local part of an address in lower case, without a `+tag`. */
function magicName(address: string): string {
  const local = address.slice(0, address.lastIndexOf('@')).toLowerCase();
  return local.split('+')[0] ?? local;
}

/** How RCPT TO is refused; undefined for every address that is not a magic one. */
export function refusalOf(address: string): Refusal | undefined {
  return REFUSALS[magicName(address)];
}

/** What happens after DATA: `slow@` is answered late, `cut@` loses its connection unanswered. */
export function treatmentOf(addresses: readonly string[]): Treatment {
  const names = addresses.map(magicName);
  const found = names.find((name) => TREATMENTS[name] !== undefined);
  return found === undefined ? 'deliver' : (TREATMENTS[found] ?? 'deliver');
}
