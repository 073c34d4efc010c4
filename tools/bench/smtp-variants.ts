/** One way of sending that bench:smtp measures. */
export interface SmtpVariant {
  readonly name: string;
  readonly client: 'own' | 'nodemailer';
  /** Undefined: one message, composed once, is sent again and again. */
  readonly composer?: 'own' | 'nodemailer';
  readonly algorithms: readonly ('rsa-sha256' | 'ed25519-sha256')[];
  readonly rsa: 'main' | 'pool';
  readonly security: 'none' | 'starttls';
  /** Part of the messages of a run; dear ones are measured on fewer. */
  readonly share: number;
}

const own = {
  client: 'own',
  composer: 'own',
  algorithms: [],
  rsa: 'main',
  security: 'none',
  share: 1,
} as const satisfies Omit<SmtpVariant, 'name'>;
const ED25519 = 'ed25519-sha256';
const RSA = 'rsa-sha256';

export const smtpVariants: readonly SmtpVariant[] = [
  { ...own, name: 'own client, prebuilt', composer: undefined },
  { ...own, name: 'own' },
  { ...own, name: 'own, ed25519', algorithms: [ED25519], share: 0.5 },
  { ...own, name: 'own, RSA', algorithms: [RSA], share: 0.2 },
  { ...own, name: 'own, RSA on the pool', algorithms: [RSA], rsa: 'pool', share: 0.2 },
  { ...own, name: 'own, RSA and ed25519', algorithms: [RSA, ED25519], share: 0.2 },
  { ...own, name: 'own, STARTTLS', security: 'starttls', share: 0.5 },
  {
    ...own,
    name: 'own, STARTTLS, ed25519',
    security: 'starttls',
    algorithms: [ED25519],
    share: 0.5,
  },
  { ...own, name: 'nodemailer client, own composer', client: 'nodemailer', share: 0.5 },
  { ...own, name: 'nodemailer', client: 'nodemailer', composer: 'nodemailer', share: 0.2 },
];
