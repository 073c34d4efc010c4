import { compile } from 'json-schema-to-typescript';
import { type ContractFolder, typeName } from './contract-folders.ts';
import { writerSchema } from './writer-schema.ts';

/** Settings of the generated map from a contract's name to its type. */
export interface TypeMap {
  readonly name: string;
  readonly comment: string;
  readonly keyPrefix: string;
}

/** TypeScript source with one interface per contract and a map of all of them. */
export async function typeFile(
  contracts: readonly ContractFolder[],
  map: TypeMap,
): Promise<string> {
  const types = await Promise.all(contracts.map(interfaceOf));
  const members = contracts.map(
    (contract) => `'${map.keyPrefix}${contract.name}': ${typeName(contract)};`,
  );
  return [
    ...types,
    `/** ${map.comment} */`,
    `export interface ${map.name} {`,
    ...members,
    '}',
    '',
  ].join('\n');
}

/** Made from the writer's view: no index signatures, enumerations as unions. */
function interfaceOf(contract: ContractFolder): Promise<string> {
  return compile(writerSchema(contract.schema), typeName(contract), {
    bannerComment: '',
    format: false,
    ignoreMinAndMaxItems: true,
  });
}
