import type { Aggregate } from './subject.ts';

/** The logins of a tier's database. */
export interface Logins {
  readonly appUrl: string;
  readonly systemUrl: string;
}

/** What a writer, relay or consumer process is told, as its only argument (JSON). */
export interface ProcessSettings {
  /** Also the application name of its database sessions. */
  readonly name: string;
  readonly seed: number;
  readonly brokers: readonly string[];
  readonly group: string;
  readonly oltp: Logins;
  readonly queue: Logins;
  readonly aggregates: readonly Aggregate[];
  /** Where a writer notes each commit that it heard of. */
  readonly ledgerFile: string;
  /** Of one writer process. */
  readonly eventsPerSecond: number;
}

/** @throws SyntaxError */
export const settingsOfArguments = (): ProcessSettings =>
  JSON.parse(process.argv[2] ?? '') as ProcessSettings;
