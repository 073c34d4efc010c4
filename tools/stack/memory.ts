import { existsSync, readFileSync } from 'node:fs';
import { freemem } from 'node:os';

const MIB = 1024 * 1024;
const PARTS_MIB = 400; // Kafka, five idle clusters, the sink, the supervisor
const APP_MIB = 130;

/** Bytes that new processes may take without swapping: the machine's, or less in a container. */
export function availableMemory(): number {
  return Math.min(machineMemory(), containerMemory());
}

function machineMemory(): number {
  const kilobytes = /MemAvailable:\s+(\d+)/.exec(readIfThere('/proc/meminfo'))?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}

/** cgroup v2; `max` is no number and means no limit. */
function containerMemory(): number {
  const limit = Number(readIfThere('/sys/fs/cgroup/memory.max').trim() || 'max');
  const used = Number(readIfThere('/sys/fs/cgroup/memory.current').trim() || '0');
  return Number.isFinite(limit) ? limit - used : Number.POSITIVE_INFINITY;
}

const readIfThere = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/**
 * @throws Error in one sentence, with the remedy, when the stack would not fit
 */
export function requireMemory(appCount: number, available = availableMemory()): void {
  const needed = (PARTS_MIB + appCount * APP_MIB) * MIB;
  if (available >= needed) return;
  throw new Error(
    `not enough free memory: the stack needs about ${mib(needed)} MiB and ${mib(available)} MiB ` +
      'are free; close other programs, or start fewer apps (--apps gateway,oltp)',
  );
}

const mib = (bytes: number): number => Math.round(bytes / MIB);
