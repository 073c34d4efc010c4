export interface SinkMessage {
  readonly from: string;
  readonly to: readonly string[];
  /** The whole message as it came over the wire. */
  readonly raw: Buffer;
  readonly receivedAt: Date;
}

export interface SmtpSinkOptions {
  /** Replies by local part of a recipient; added to bounced@ (550 5.1.1), deferred@ (451 4.3.0), slow@, cut@. */
  readonly replies?: Readonly<Record<string, { code: number; text: string }>>;
  /** How long slow@ keeps the reply to DATA back, default 2000 ms. */
  readonly slowMs?: number;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** SMTP server in this process; keeps what it accepted. */
export declare class SmtpSink {
  static start(options?: SmtpSinkOptions): Promise<SmtpSink>;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly messages: readonly SinkMessage[];
  /** Resolves with the first accepted message that matches, also one that came before. */
  waitFor(match: (message: SinkMessage) => boolean, timeoutMs?: number): Promise<SinkMessage>;
  clear(): void;
  stop(): Promise<void>;
}
