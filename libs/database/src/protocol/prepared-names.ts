import type { WireConnection } from './pg-internals.js';
import type { Statement } from './statement.js';

/**
 * Which named statements a connection has. After a failed batch it is unknown which of its new names
 * were parsed (preparing is not undone by a rollback), so these are closed before they are parsed
 * again; closing a name that does not exist is no error.
 */
class PreparedNames {
  private readonly texts = new Map<string, string>();
  private readonly uncertain = new Set<string>();
  private submitted = new Map<string, string>();

  parse(connection: WireConnection, { name, text }: Statement): void {
    if (name !== '' && this.isKnown(name, text)) return;
    if (this.uncertain.delete(name)) connection.close({ type: 'S', name });
    connection.parse({ name, text, types: undefined });
    if (name !== '') this.submitted.set(name, text);
  }

  private isKnown(name: string, text: string): boolean {
    const known = this.texts.get(name) ?? this.submitted.get(name);
    if (known !== undefined && known !== text) {
      throw new Error(`the statement name ${name} stands for two texts`);
    }
    return known !== undefined;
  }

  settle(succeeded: boolean): void {
    for (const [name, text] of this.submitted) {
      if (succeeded) this.texts.set(name, text);
      else this.uncertain.add(name);
    }
    this.submitted = new Map();
  }
}

const byConnection = new WeakMap<WireConnection, PreparedNames>();

export function preparedNames(connection: WireConnection): PreparedNames {
  const known = byConnection.get(connection) ?? new PreparedNames();
  byConnection.set(connection, known);
  return known;
}

export type { PreparedNames };
