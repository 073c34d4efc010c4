/** What a worker process is told, as its only argument (JSON). */
export interface WorkerSettings {
  /** Its id at the queue. */
  readonly name: string;
  readonly queueUrl: string;
  /** base64 PKCS8 DER; signs its service tokens. */
  readonly privateKey: string;
  /** Jobs held at once. */
  readonly capacity: number;
  /** Quick jobs worked on at once; slow ones come on top. */
  readonly atOnce: number;
  readonly heartbeatMs: number;
  readonly journalFile: string;
}

/** @throws SyntaxError */
export const settingsOfArguments = (): WorkerSettings =>
  JSON.parse(process.argv[2] ?? '') as WorkerSettings;
