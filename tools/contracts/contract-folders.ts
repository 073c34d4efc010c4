import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A JSON Schema object as read from a file. */
export type Schema = Readonly<Record<string, unknown>>;

/** One folder of events/ or jobs/: the schema is the source of truth, all else is made from it. */
export interface ContractFolder {
  /** Name of the folder, e.g. `email.accepted.v1` or `send_email`. */
  readonly name: string;
  readonly schema: Schema;
  /** The bytes that the lock file's hash is made of. */
  readonly schemaText: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly examples: readonly { readonly name: string; readonly data: unknown }[];
}

/** Reads all contract folders below `root`, in name order. */
export function readContractFolders(root: string): ContractFolder[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => readContractFolder(root, entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readContractFolder(root: string, name: string): ContractFolder {
  const folder = join(root, name);
  const schemaText = readFileSync(join(folder, 'schema.json'), 'utf8');
  return {
    name,
    schema: JSON.parse(schemaText),
    schemaText,
    meta: JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')),
    examples: readExamples(join(folder, 'examples')),
  };
}

function readExamples(folder: string): ContractFolder['examples'] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      name: file.slice(0, -'.json'.length),
      data: JSON.parse(readFileSync(join(folder, file), 'utf8')),
    }));
}

/** Name of the generated TypeScript type; equal to the schema's title. */
export function typeName(contract: ContractFolder): string {
  return String(contract.schema.title);
}

/** Name of the generated module without extension: `email.accepted.v1` → `email-accepted-v1`. */
export function moduleName(contract: ContractFolder): string {
  return contract.name.replaceAll(/[._]/g, '-');
}
