import type { Phases } from './phases.js';
import type { Wire } from './wire.js';

/** A body up to this size is one write; a larger one goes in parts, each when the last was taken. */
const ONE_WRITE_MAX = 256 * 1024;
const PART_LENGTH = 64 * 1024;

/**
 * Writes a body and its final dot.
 * @param body as it goes over the wire, with the end of its last line
 * @param onLast called right before the last write; what it returns travels with it, behind the dot
 */
export function writeBody(wire: Wire, phases: Phases, body: string, onLast: () => string): void {
  if (body.length <= ONE_WRITE_MAX) writeLast(wire, phases, body, onLast);
  else writePart(wire, phases, body, onLast);
}

function writePart(wire: Wire, phases: Phases, rest: string, onLast: () => string): void {
  if (wire.failure) return;
  wire.extend(phases.block);
  if (rest.length <= PART_LENGTH) return writeLast(wire, phases, rest, onLast);
  const next = rest.slice(PART_LENGTH);
  wire.write(rest.slice(0, PART_LENGTH), () => writePart(wire, phases, next, onLast));
}

function writeLast(wire: Wire, phases: Phases, end: string, onLast: () => string): void {
  const behind = onLast();
  wire.extend(phases.final);
  wire.write(`${end}.\r\n${behind}`);
}
