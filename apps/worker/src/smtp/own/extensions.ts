/** What a server announced in its answer to EHLO. */
export interface Extensions {
  readonly pipelining: boolean;
  readonly startTls: boolean;
  readonly smtpUtf8: boolean;
  /** Undefined when SIZE was not announced; 0 when it was without a limit (RFC 1870). */
  readonly size: number | undefined;
  /** Login mechanisms, upper case. */
  readonly auth: readonly string[];
}

/** Reads the lines of a 250 to EHLO; of one to HELO nothing is announced. */
export function readExtensions(reply: string): Extensions {
  const lines = reply.toUpperCase().split('\n').slice(1);
  const announced = new Map(
    lines.map((line) => {
      const [keyword = '', ...parameters] = line.slice(4).trim().split(/[ =]+/);
      return [keyword, parameters] as const;
    }),
  );
  const size = announced.get('SIZE');
  return {
    pipelining: announced.has('PIPELINING'),
    startTls: announced.has('STARTTLS'),
    smtpUtf8: announced.has('SMTPUTF8'),
    size: size && (Number(size[0]) || 0),
    auth: announced.get('AUTH') ?? [],
  };
}
