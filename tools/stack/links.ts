/**
 * With `STACK_LINK_OFFSET=N` each app reaches databases, Kafka, the SMTP sink and the tiers at their
 * port + N, where whoever set it listens and forwards: so a link can be made slow or cut while both of
 * its ends are well. 0: no link, everybody is reached directly.
 */
export interface LinkSettings {
  linkOffset: number;
}

/** @throws Error when it is no number from 0 to 10000 */
export function readLinkOffset(text: string | undefined): number {
  const offset = Number(text || '0');
  if (Number.isInteger(offset) && offset >= 0 && offset <= 10_000) return offset;
  throw new Error(`STACK_LINK_OFFSET is a number from 0 to 10000, not "${text}"`);
}

/** The port at which the apps reach what listens on `port`. */
export const linkedPort = ({ linkOffset }: LinkSettings, port: number): number => port + linkOffset;

/** The same URL at the linked port. */
export function linkedUrl(settings: LinkSettings, text: string): string {
  if (settings.linkOffset === 0) return text;
  const url = new URL(text);
  url.port = String(linkedPort(settings, Number(url.port)));
  return url.href;
}
