import type { ControlAnswer } from './control-socket.ts';
import type { PartStatus } from './part.ts';
import type { Supervisor } from './supervisor.ts';

/** What the commands of `npm run stack` do to a running stack. */
export async function handleControl(
  supervisor: Supervisor,
  stopStack: () => void,
  command: string,
  part: string,
): Promise<ControlAnswer> {
  if (command === 'status') return done(statusTable(supervisor.status()));
  if (command === 'stop' && part === '') {
    stopStack();
    return done('stopping');
  }
  await actOnPart(supervisor, command, part);
  const { state, last_end } = supervisor.part(part).status();
  return done(`${part}: ${state}${command === 'stop' && last_end ? ` (${last_end})` : ''}`);
}

async function actOnPart(supervisor: Supervisor, command: string, name: string): Promise<void> {
  const part = supervisor.part(name);
  switch (command) {
    case 'start':
      return part.start();
    case 'stop':
      return part.stop();
    case 'kill':
      return part.kill();
    case 'pause':
      return part.pause();
    case 'resume':
      return part.resume();
    default:
      throw new Error(`no command "${command}"`);
  }
}

const done = (text: string): ControlAnswer => ({ ok: true, text });

/** One line a part: name, state, pid, restarts, since when. */
export function statusTable(parts: readonly PartStatus[]): string {
  const header = ['part', 'state', 'pid', 'restarts', 'ready since'];
  const rows = parts.map((part) => [
    part.name,
    part.state,
    String(part.pid ?? '-'),
    String(part.restarts),
    part.ready_since ?? '-',
  ]);
  return table([header, ...rows]);
}

/** Left-aligned columns, two blanks apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}
