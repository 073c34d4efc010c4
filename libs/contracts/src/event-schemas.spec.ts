import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { contractFolders, type Schema } from '../test/contract-examples.js';

const folders = contractFolders();

/** Whole field names that would hold personal data or free text. */
const FORBIDDEN = new Set(
  (
    'address addresses email emails e_mail mail to from cc bcc reply_to sender recipient recipients ' +
    'subject subject_line name first_name last_name display_name full_name username company phone ' +
    'body html text content headers header attachment attachments filename merge_data variables ' +
    'attributes ip ip_address client_ip remote_addr user_agent url link reply reply_text message ' +
    'description title comment note reason_text details payload password secret token key_text ' +
    'birthday location'
  ).split(' '),
);
/** Words that may not even be part of a field name. */
const FORBIDDEN_WORDS = new Set(
  'address recipient name body html text ip phone password secret url filename'.split(' '),
);

describe.each(folders)('$type', ({ schema, examples }) => {
  const fields = fieldsOf(schema, '');

  it('is an open JSON Schema 2020-12: readers ignore unknown fields', () => {
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(JSON.stringify(schema)).not.toMatch(/additionalProperties|unevaluatedProperties/);
    expect(JSON.stringify(schema)).not.toMatch(/"(enum|const)":/);
  });

  it('describes every field', () => {
    expect(schema.description).toEqual(expect.any(String));
    for (const { path, schema: field } of fields.filter(({ name }) => name !== '')) {
      expect([path, typeof field.description]).toEqual([path, 'string']);
    }
  });

  it('has no room for personal data or free text', () => {
    expect(privacyFaults(schema)).toEqual([]);
  });

  it('bounds every number and every list', () => {
    for (const { path, schema: field } of fields) {
      const types = [field.type].flat();
      if (types.includes('integer')) {
        expect([path, field.minimum, field.maximum]).not.toContain(undefined);
      }
      if (types.includes('array')) expect([path, field.maxItems]).not.toContain(undefined);
      expect(types).not.toContain('number');
    }
  });

  it('accepts its examples under a validator of its own, without our generated code', () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    ajv.addVocabulary(['x-extensible-enum']);
    ajvFormats.default(ajv);
    const validate = ajv.compile(schema);
    expect(examples.length).toBeGreaterThan(0);
    for (const { data } of examples) {
      validate(data);
      expect(validate.errors).toBeNull();
    }
  });
});

describe('the walk over the schemas', () => {
  const withField = (name: string, field: Schema): Schema => ({
    type: 'object',
    properties: {
      items: { type: 'array', items: { type: 'object', properties: { [name]: field } } },
    },
  });
  const bounded = { type: 'string', pattern: '^[a-z]+$', maxLength: 9 } as const;

  it.each([
    ['a string without a rule', 'code', { type: 'string', maxLength: 9 }],
    ['a string without a length', 'code', { type: 'string', pattern: '^[a-z]+$' }],
    ['a pattern without anchors', 'code', { type: 'string', pattern: '[a-z]', maxLength: 9 }],
    ['a pattern that takes text', 'code', { type: 'string', pattern: '^.*$', maxLength: 99 }],
    ['a nullable string without a rule', 'code', { type: ['string', 'null'], maxLength: 9 }],
    ['a field without a type', 'code', {}],
    ['an address', 'address', bounded],
    ['part of an address', 'recipient_domain', bounded],
    ['a list of loose strings', 'codes', { type: 'array', items: { type: 'string' } }],
  ])('finds %s', (_, name, field) => {
    expect(privacyFaults(withField(name, field as Schema))).toHaveLength(1);
  });

  it('lets a bounded code pass', () => {
    expect(privacyFaults(withField('code', bounded))).toEqual([]);
  });
});

interface Field {
  readonly path: string;
  readonly name: string;
  readonly schema: Schema;
}

/** Every node of a schema; elements of lists have an empty name. */
function fieldsOf(schema: Schema, path: string): Field[] {
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    { path: `${path}/${name}`, name, schema: field },
    ...fieldsOf(field, `${path}/${name}`),
  ]);
  const element = schema.items;
  if (!element) return properties;
  return [{ path: `${path}[]`, name: '', schema: element }, ...fieldsOf(element, `${path}[]`)];
}

function privacyFaults(schema: Schema): string[] {
  return fieldsOf(schema, '').flatMap(({ path, name, schema: field }) => [
    ...(isForbidden(name) ? [`${path}: forbidden name`] : []),
    ...(isLoose(field) ? [`${path}: takes free text`] : []),
  ]);
}

function isForbidden(name: string): boolean {
  return FORBIDDEN.has(name) || name.split('_').some((word) => FORBIDDEN_WORDS.has(word));
}

function isLoose(field: Schema): boolean {
  const types = [field.type].flat();
  if (types.includes(undefined)) return true;
  return types.includes('string') && !(field.maxLength && (field.format || isTight(field.pattern)));
}

/** Anchored at both ends and refusing what prose or an address needs. */
function isTight(pattern: string | undefined): boolean {
  if (!pattern?.startsWith('^') || !pattern.endsWith('$')) return false;
  const expression = new RegExp(pattern, 'u');
  return !['some text', 'person@example.test', 'Ann', 'ann lee'].some((text) =>
    expression.test(text),
  );
}
