import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { dirname } from 'node:path';
import { markedProcesses } from './process-mark.ts';
import { signalFamily } from './process-family.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

const POLL_MS = 20;

/** What a later run needs to stop a process that an earlier one left behind. */
export interface ProcessRecord extends ProcessIdentity {
  part: string;
  stopSignal: NodeJS.Signals;
  /** Parts of a higher order are stopped first. */
  order: number;
}

/**
 * The processes of one data directory, kept on disk from the moment each was started, so that a
 * start after `kill -9` of the supervisor finds its own leftovers and nothing else.
 */
export class ProcessRecords {
  readonly #file: string;
  #records: ProcessRecord[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /** Written synchronously: nothing may happen between a spawn and its record. */
  add(part: string, pid: number, stopSignal: NodeJS.Signals, order: number): void {
    const identity = identify(pid);
    if (!identity) return;
    this.#records.push({ ...identity, part, stopSignal, order });
    this.#write();
  }

  remove(pid: number): void {
    this.#records = this.#records.filter((record) => record.pid !== pid);
    if (this.#records.length > 0) this.#write();
    else rmSync(this.#file, { force: true });
  }

  /** True when an earlier run of the directory was not stopped, or one runs now. */
  exist(): boolean {
    return existsSync(this.#file);
  }

  /** Processes of an earlier run that are still alive: recorded, or spawned just before its end. */
  leftovers(): ProcessRecord[] {
    const recorded = this.#read().filter(isAlive);
    const known = new Set(recorded.map(({ pid }) => pid));
    const marked = markedProcesses(dirname(this.#file)).filter(({ pid }) => !known.has(pid));
    return [...recorded, ...marked];
  }

  #read(): ProcessRecord[] {
    return this.exist() ? (JSON.parse(readFileSync(this.#file, 'utf8')) as ProcessRecord[]) : [];
  }

  #write(): void {
    const next = `${this.#file}.next`;
    writeFileSync(next, JSON.stringify(this.#records, null, 2));
    renameSync(next, this.#file);
  }
}

/**
 * Stops one process of an earlier run: its own signal, and SIGKILL after `patienceMs`.
 * The identity is looked at again before each signal, as its pid may have been given away.
 */
export async function stopProcess(record: ProcessRecord, patienceMs: number): Promise<void> {
  if (isAlive(record)) signalFamily(record.pid, 'SIGCONT');
  if (isAlive(record)) process.kill(record.pid, record.stopSignal);
  if (await hasEnded(record, patienceMs)) return;
  if (isAlive(record)) signalFamily(record.pid, 'SIGKILL');
  if (!(await hasEnded(record, patienceMs))) {
    throw new Error(`${record.part} of an earlier run (pid ${record.pid}) cannot be stopped`);
  }
}

/** Waits until the process is gone; false when it still lives after `withinMs`. */
export async function hasEnded(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}
